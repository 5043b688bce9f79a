"""Batches whose rows see each other are not cut, and frozen norms do not drift."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training_case import model, trainer
from trainwright.core.errors import RecipeError
from trainwright.training.modes import TrainingWarning, check_accumulation, training_mode
from trainwright.training.objectives.categorical import CrossEntropy


class Coupled(CrossEntropy):
    couples_rows = True


def test_an_objective_that_couples_rows_refuses_pieces():
    one = trainer(None, accumulate=2)
    with pytest.raises(
        RecipeError, match=r"Coupled[\s\S]*accumulate: 1, with the largest"
    ) as caught:
        check_accumulation(one._plan.model, Coupled(), accumulate=2)
    assert (caught.value.status, caught.value.where) == (2, "training.accumulate")
    check_accumulation(one._plan.model, Coupled(), accumulate=1)


def test_a_fit_refuses_before_it_trains(monkeypatch):
    monkeypatch.setattr(CrossEntropy, "couples_rows", True)
    with pytest.raises(RecipeError, match="accumulate: 1"):
        trainer(None, accumulate=2).fit()


def test_a_module_that_couples_rows_refuses_pieces():
    class Contrast(nn.Module):
        couples_rows = True

    with pytest.raises(RecipeError, match="Contrast"):
        check_accumulation(nn.Sequential(Contrast()), CrossEntropy(), accumulate=3)


def test_batch_norm_in_training_mode_is_warned_of_and_a_frozen_one_is_not():
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    training_mode(net)
    with pytest.warns(TrainingWarning, match="1 batch norms[\\s\\S]*GroupNorm"):
        check_accumulation(net, CrossEntropy(), accumulate=2)
    net[1].requires_grad_(False)
    training_mode(net)
    check_accumulation(net, CrossEntropy(), accumulate=2)


def test_running_statistics_of_a_frozen_norm_stay():
    net = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2), nn.Dropout(0.5))
    net[0].requires_grad_(False)
    training_mode(net)
    net(torch.randn(9, 4) + 5)
    assert net[0].running_mean.tolist() == [0.0] * 4
    assert net[2].training
    net[0].requires_grad_(True)
    training_mode(net)
    net(torch.randn(9, 4) + 5)
    assert net[0].running_mean.abs().min() > 0.1


def test_a_norm_without_weights_of_its_own_learns_its_statistics():
    net = nn.Sequential(nn.BatchNorm1d(4, affine=False), *model())
    training_mode(net)
    assert net[0].training
