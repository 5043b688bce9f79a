"""Accuracy beside a loss: a sum and a count, of weight 0."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from trainwright.training.evaluation import evaluate
from trainwright.training.objectives import BinaryCrossEntropy, CrossEntropy, MeanSquared
from trainwright.training.objectives.watched import watched

CPU = torch.device("cpu")


def evaluated(objective, logits, target, *, size):
    batches = [
        (np.arange(start, min(start + size, len(target))),
         {"inputs": logits[start : start + size], "target": target[start : start + size]})
        for start in range(0, len(target), size)
    ]  # fmt: skip
    found = evaluate(nn.Identity(), watched(objective), batches, device=CPU)
    assert found is not None
    return found


@pytest.mark.parametrize("size", [1, 3, 20])
def test_accuracy_is_the_share_of_right_answers_for_any_batch_size(size):
    logits, target = torch.randn(20, 4), torch.randint(0, 4, (20,))
    found = evaluated(CrossEntropy(), logits, target, size=size)
    assert found.metrics["accuracy"] == (logits.argmax(1) == target).double().mean().item()
    assert found.loss == found.parts["cross_entropy"]


def test_words_that_are_not_labelled_do_not_count():
    logits, target = torch.randn(2, 3, 4), torch.tensor([[1, -100, 2], [-100, -100, 0]])
    found = evaluated(CrossEntropy(), logits, target, size=2)
    right = (logits.argmax(-1) == target)[target >= 0]
    assert found.metrics["accuracy"] == pytest.approx(right.double().mean().item())


def test_one_logit_is_right_on_its_side_of_zero():
    logits, target = torch.tensor([2.0, -1.0, 0.5, -3.0]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert evaluated(BinaryCrossEntropy(), logits, target, size=4).metrics["accuracy"] == 0.5


def test_numbers_have_no_accuracy():
    objective = MeanSquared()
    assert watched(objective) is objective
