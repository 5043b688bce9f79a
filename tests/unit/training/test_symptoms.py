"""A loss that explodes and a gradient that is gone are warned of, once; what is well is not."""

from __future__ import annotations

import warnings

import pytest
from torch import nn

from training_case import source
from trainwright.training import CrossEntropy, Trainer
from trainwright.training.history import Record
from trainwright.training.modes import TrainingWarning
from trainwright.training.protocols import Progress
from trainwright.training.symptoms import Symptoms


def look(losses: list[float], norm: float = 1.0, one: Symptoms | None = None) -> Symptoms:
    records: list[Record] = []
    one = one or Symptoms(records)
    for step, loss in enumerate(losses, start=1):
        records.append(Record(step, 0, {"loss": loss, "gradient_norm": norm}))
        one.after_step(Progress(step=step), None)
    return one


def test_an_exploding_loss_is_told_once_with_a_mend():
    with pytest.warns(TrainingWarning, match=r"2e\+03, and was 0\.7[\s\S]*clip_norm") as caught:
        look([0.7, 5.0, 2000.0, 3000.0])
    assert len(caught) == 1


def test_a_gradient_that_is_gone_is_told_once():
    with pytest.warns(TrainingWarning, match=r"nothing is learnt[\s\S]*learning_rate") as caught:
        look([0.7] * 9, norm=0.0)
    assert len(caught) == 1


@pytest.mark.parametrize("losses", [[0.7, 0.5], [1e-9, 0.9], [-3.0, 100.0], [0.7] * 30])
def test_what_is_well_is_not_warned_of(losses):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        look(losses)


def test_what_was_told_is_remembered():
    with pytest.warns(TrainingWarning):
        first = look([0.7, 2000.0])
    records = [Record(3, 0, {"loss": 3000.0})]
    other = Symptoms(records)
    other.load_state_dict({**first.state_dict(), "seen": 0})
    other.after_step(Progress(step=3), None)


def test_a_training_with_dead_units_is_warned_of():
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2, bias=False))
    nn.init.constant_(net[0].bias, -1e3)
    with pytest.warns(TrainingWarning, match="the gradient is zero"):
        Trainer(net, CrossEntropy(), train=source(), epochs=3, batch_size=12, log_every=1).fit()
