"""When families are compared by folds, and that the judged rows teach nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Snapshot
from trainwright.core.clock import Replay
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.flow.folds import FoldScores, is_small, score_by_folds
from trainwright.flow.rows import Rows, encode_target
from trainwright.models.tables.baseline import Baseline
from trainwright.models.tables.linear import Linear
from trainwright.recipe.sections import TrainingSettings


def rows(codes: list[float]) -> Rows:
    return Rows(pl.DataFrame({"x": codes}), np.array(codes), np.arange(len(codes)))


@pytest.mark.parametrize(
    ("codes", "num_classes", "small"),
    [
        ([0.0] * 999, 0, True),
        ([0.0] * 1000, 0, False),
        ([0.0] * 900 + [1.0] * 100, 2, False),
        ([0.0] * 901 + [1.0] * 99, 2, True),
        ([0.0] * 2000, 2, True),
    ],
)
def test_small_is_under_a_thousand_rows_or_a_hundred_of_a_class(codes, num_classes, small):
    task = Task.CLASSIFICATION if num_classes else Task.REGRESSION
    target = Target(Column("y", ColumnType.NUMBER), task, tuple("ab"[:num_classes]))
    assert is_small(rows(codes), target=target) is small


def test_rows_are_taken_and_joined_with_their_targets_and_units():
    both = rows([0.0, 1.0, 2.0]).take(np.array([2, 0])).then(rows([5.0]))
    assert both.target.tolist() == [2.0, 0.0, 5.0]
    assert both.frame["x"].to_list() == [2.0, 0.0, 5.0]
    assert both.units.tolist() == [2, 0, 0]


def test_a_class_that_is_not_known_and_a_missing_one_are_nan():
    target = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, classes=("a", "b"))
    codes = encode_target(pl.Series("y", ["b", None, "c", "a"]), target)
    assert codes[[0, 3]].tolist() == [1.0, 0.0]
    assert np.isnan(codes[[1, 2]]).all()


def scores(
    tmp_path, stops: dict[str, int], *, repeats: int = 3, folds: int = 3
) -> FoldScores | None:
    """Two candidates on 90 rows; the clock says no where `stops` says so."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=90)
    table = Rows(pl.DataFrame({"x": x}), 2 * x + rng.normal(size=90), np.arange(90))
    column = Column("x", ColumnType.NUMBER)
    target = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
    snapshot = Snapshot(tmp_path, "", target, (column,), {}, {}, {"by": "random"}, (), "")
    return score_by_folds(
        table,
        [Baseline(), Linear()],
        snapshot=snapshot,
        folds=folds,
        repeats=repeats,
        training=TrainingSettings(threads=1),
        base=Path(),
        pacer=Replay(stops),
    )


def test_a_repeat_that_the_clock_cut_short_counts_for_no_candidate(tmp_path):
    cut = scores(tmp_path, {"repeat-1/fold-2/candidates": 1})
    once = scores(tmp_path, {}, repeats=1)
    assert cut is not None
    assert once is not None
    assert (cut.repeats, once.repeats) == (1, 1)
    for name in ("baseline", "linear"):
        assert np.array_equal(cut.losses[name], once.losses[name])
    assert scores(tmp_path, {}).repeats == 3


def test_without_time_for_every_candidate_there_are_no_fold_scores(tmp_path):
    assert scores(tmp_path, {"repeat-0/fold-1/candidates": 1}) is None


def test_two_folds_leave_rows_to_learn_from_and_rows_to_stop_on(tmp_path):
    found = scores(tmp_path, {}, repeats=1, folds=2)
    assert found is not None
    assert found.losses["linear"].mean() < 0.6 * found.losses["baseline"].mean()
