"""What is tried when time is short, with a clock moved by hand; and that a replay tries the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.clock import Deadline, Pacer, Replay
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.flow.checkpoints import NoCheckpoints
from trainwright.flow.fitting import Bench, Candidate, fit_candidates
from trainwright.flow.rows import Rows
from trainwright.models.auto import Auto, candidates
from trainwright.recipe.sections import TrainingSettings

TARGET = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
COLUMN = Column("x", ColumnType.NUMBER)
TABLES = ("baseline", "linear", "lightgbm")


class Hands:
    """A clock that is moved by hand, or by a second whenever it is looked at."""

    def __init__(self, *, step: float = 0.0) -> None:
        self.seconds = 0.0
        self.step = step

    def __call__(self) -> float:
        self.seconds += self.step
        return self.seconds


def rows(count: int, *, seed: int) -> Rows:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=count)
    return Rows(pl.DataFrame({"x": x}), 2 * x + generator.normal(size=count), np.arange(count))


def fitted(pacer: Pacer) -> list[Candidate]:
    bench = Bench(
        rows(300, seed=0), stop=rows(100, seed=1), inputs=[COLUMN], base=Path(), target=TARGET
    )
    return list(
        fit_candidates(
            bench,
            candidates(Auto(families=TABLES), inputs=[COLUMN], target=TARGET),
            target=TARGET,
            training=TrainingSettings(threads=1),
            seed=0,
            pacer=pacer,
            checkpoints=NoCheckpoints(),
        )
    )


def test_the_baseline_is_fitted_without_any_time():
    deadline = Deadline(0.0, now=Hands())
    assert [candidate.name for candidate in fitted(deadline)] == ["baseline"]
    assert deadline.decisions == {"candidates": 1}


@pytest.mark.parametrize("seconds", [3.5, 20.0, 60.0])
def test_a_replay_tries_the_same_and_predicts_the_same_bits(seconds):
    """The clock goes on by a second a look, so it ends the fits at other places for each budget."""
    deadline = Deadline(seconds, now=Hands(step=1.0))
    made = fitted(deadline)
    again = fitted(Replay(deadline.decisions))
    assert deadline.decisions
    assert [candidate.name for candidate in made] == [candidate.name for candidate in again]
    for one, other in zip(made, again, strict=True):
        assert one.fit.iterations == other.fit.iterations
        assert np.array_equal(one.output, other.output)


def test_with_time_all_families_are_tried_and_nothing_is_noted():
    deadline = Deadline(1e9, now=Hands())
    assert {candidate.name for candidate in fitted(deadline)} == {"baseline", "lightgbm", "linear"}
    assert deadline.decisions == {}


def test_a_family_whose_first_step_does_not_fit_waits_for_the_others_and_is_then_left_out():
    """Preparing takes time by the real clock; a deadline of a hair's breadth has none for a step."""
    deadline = Deadline(1e-9, now=Hands())
    assert [candidate.name for candidate in fitted(deadline)] == ["baseline", "lightgbm"]
    assert deadline.decisions == {"linear/first step": 1, "linear/late": 2}
    assert [c.name for c in fitted(Replay(deadline.decisions))] == ["baseline", "lightgbm"]


def test_a_family_that_waited_is_fitted_last():
    made = fitted(Replay({"linear/first step": 1}))
    assert [candidate.name for candidate in made] == ["baseline", "lightgbm", "linear"]
