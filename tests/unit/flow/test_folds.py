"""When families are compared by folds, and that the judged rows teach nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Column, ColumnType, Target, Task
from trainwright.flow.folds import is_small
from trainwright.flow.rows import Rows, encode_target


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
    assert is_small(rows(codes), num_classes=num_classes) is small


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
