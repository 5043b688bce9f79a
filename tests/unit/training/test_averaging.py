"""Averages of weights are those of their formulas, and are judged and kept in place of the last ones."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from training_case import digest, model, trainer
from trainwright.recipe.sections import Averaging
from trainwright.training.averaging import AveragedWeights


def moved(module: nn.Module, value: float) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(value)


def test_ema_is_its_recurrence_with_a_short_memory_at_first():
    module = nn.Linear(2, 1)
    moved(module, 1.0)
    average = AveragedWeights(module, Averaging(decay=0.5), epochs=1)
    expected = 1.0
    for step, value in enumerate([4.0, -2.0, 3.0, 8.0, 1.0, 0.0, 5.0], start=1):
        moved(module, value)
        average.after_step()
        kept = min(0.5, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * value
    with average.applied():
        assert module.weight[0, 0].item() == pytest.approx(expected, rel=1e-6)
    assert module.weight[0, 0].item() == 5.0


def test_ema_is_that_of_torch_once_the_memory_is_long():
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    module = model()
    reference = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.1))
    average = AveragedWeights(module, Averaging(decay=0.1), epochs=1)  # 0.1 < 2/11 from the start
    reference.update_parameters(module)
    for value in (0.5, 2.0, -1.0):
        moved(module, value)
        average.after_step()
        reference.update_parameters(module)
    average.put_in()
    for one, other in zip(module.parameters(), reference.module.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_swa_is_the_mean_of_the_late_epochs():
    module = nn.Linear(2, 1)
    average = AveragedWeights(module, Averaging(kind="swa", start=0.5), epochs=6)
    for epoch, value in enumerate([9.0, 9.0, 9.0, 1.0, 2.0, 6.0], start=1):
        moved(module, value)
        average.after_step()
        average.after_epoch(epoch)
    assert average.put_in()
    assert module.weight[0, 0].item() == pytest.approx(3.0)


def test_before_anything_is_averaged_the_modules_own_weights_are_judged():
    module = nn.Linear(2, 1)
    average = AveragedWeights(module, Averaging(kind="swa", start=0.9), epochs=10)
    moved(module, 7.0)
    with average.applied():
        assert module.weight[0, 0].item() == 7.0
    assert not average.put_in()


def test_running_statistics_are_averaged_and_shared_weights_once():
    module = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2), nn.Linear(2, 2))
    module[2].weight = module[1].weight
    average = AveragedWeights(module, Averaging(kind="swa", start=0.0), epochs=2)
    for epoch, value in enumerate([1.0, 3.0], start=1):
        module[0].running_mean.fill_(value)
        moved(module, value)
        average.after_epoch(epoch)
    average.put_in()
    assert module[0].running_mean.tolist() == [2.0, 2.0]
    assert module[1].weight is module[2].weight
    assert module[1].weight[0, 0].item() == 2.0


def test_the_module_ends_with_the_average_where_nothing_is_evaluated():
    plain = trainer(None, validation=None, early_stopping=None, averaging=None)
    averaged = trainer(None, validation=None, early_stopping=None)
    plain.fit()
    outcome = averaged.fit()
    assert digest(plain._plan.model) != digest(averaged._plan.model)
    assert outcome.reason == "the last step, averaged; nothing was evaluated"


def test_a_round_trip_of_the_state_goes_on_as_before():
    module = model()
    one = AveragedWeights(module, Averaging(decay=0.9), epochs=1)
    one.after_step()
    moved(module, 0.3)
    one.after_step()
    other = AveragedWeights(module, Averaging(decay=0.9), epochs=1)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    for average in (one, other):
        average.after_step()
    assert all(
        torch.equal(a, b)
        for a, b in zip(one.state_dict()["mean"], other.state_dict()["mean"], strict=True)
    )
