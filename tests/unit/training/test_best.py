"""The best evaluation's weights are kept aside and can be put back."""

from __future__ import annotations

import math

import torch
from torch import nn

from trainwright.training.best import BestWeights
from trainwright.training.outcome import Best
from trainwright.training.protocols import Evaluated, Progress


def consider(one: BestWeights, module: nn.Module, losses: list[float]) -> None:
    for step, loss in enumerate(losses, start=1):
        with torch.no_grad():
            module.weight.fill_(step)
        one.consider(Progress(step=step, epoch=step // 2), Evaluated(loss))


def test_the_first_of_equals_is_the_best_and_what_is_no_number_never_is():
    module = nn.Linear(1, 1)
    one = BestWeights(module, keep=True)
    consider(one, module, [math.nan, 3.0, 1.0, 1.0, math.nan, 2.0])
    assert one.best == Best(step=3, epoch=1, loss=1.0)
    assert one.put_back()
    assert module.weight.item() == 3


def test_without_keeping_only_the_evaluation_is_remembered():
    module = nn.Linear(1, 1)
    one = BestWeights(module, keep=False)
    consider(one, module, [2.0, 3.0])
    assert one.best == Best(step=1, epoch=0, loss=2.0)
    assert not one.put_back()


def test_its_state_comes_back():
    module = nn.Linear(1, 1)
    one, other = BestWeights(module, keep=True), BestWeights(module, keep=True)
    consider(one, module, [2.0, 3.0])
    other.load_state_dict(one.state_dict())
    assert other.best == one.best
    assert other.put_back()
    assert module.weight.item() == 1
