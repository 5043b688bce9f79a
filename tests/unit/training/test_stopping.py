"""Training ends when the validation loss has not been better for so many evaluations."""

from __future__ import annotations

import math

import pytest

from training_case import trainer
from trainwright.recipe.sections import EarlyStopping
from trainwright.training.protocols import Evaluated, Progress
from trainwright.training.stopping import EarlyStopper


def reasons(losses: list[float], **settings) -> list[str | None]:
    stopper = EarlyStopper(EarlyStopping(**settings))
    return [stopper.after_evaluation(Progress(), Evaluated(loss)) for loss in losses]


@pytest.mark.parametrize(
    ("losses", "settings", "stops_at"),
    [
        ([3, 2, 2, 2], {"patience": 2}, 4),
        ([3, 2, 2.5, 1.9, 2, 2], {"patience": 2}, 6),
        ([3, 2.95, 2.9, 2.85], {"patience": 2, "min_improvement": 0.1}, 3),
        ([math.nan, math.nan], {"patience": 2}, 2),
        ([1, math.nan, 0.5, math.nan, math.nan], {"patience": 2}, 5),
        ([3, 2, 1], {"patience": 1}, None),
    ],
)
def test_patience_is_counted_in_evaluations_without_improvement(losses, settings, stops_at):
    found = reasons(losses, **settings)
    expected = [None] * len(losses)
    if stops_at:
        expected[stops_at - 1] = "early"
    assert found[:stops_at] == expected[:stops_at]


def test_its_state_comes_back():
    stopper = EarlyStopper(EarlyStopping(patience=2))
    for loss in (1.0, 2.0):
        stopper.after_evaluation(Progress(), Evaluated(loss))
    other = EarlyStopper(EarlyStopping(patience=2))
    other.load_state_dict(stopper.state_dict())
    assert other.after_evaluation(Progress(), Evaluated(1.5)) == "early"


def test_an_early_end_stays_the_end(tmp_path):
    settings = {"early_stopping": EarlyStopping(patience=1, min_improvement=0.5)}
    first = trainer(tmp_path, **settings).fit()
    assert first.progress.stop == "early"
    again = trainer(tmp_path, weights=1, **settings).fit()
    assert again.progress == first.progress
    assert again.best == first.best
