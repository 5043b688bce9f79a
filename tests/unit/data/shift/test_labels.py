"""Train and validation, by their targets; test targets stay closed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.data.shift.labels import find


def parts_of(sizes: tuple[int, int, int]) -> np.ndarray:
    return np.repeat([0, 1, 2], sizes).astype(np.int8)


def classes(shares: tuple[float, float, float], seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    parts = parts_of((900, 300, 300))
    upper = rng.random(len(parts)) < np.array(shares)[parts]
    return pl.DataFrame({"x": rng.normal(size=len(parts))}).with_columns(yes_no(upper)), parts


def test_other_shares_in_validation_are_told_with_size_and_test() -> None:
    frame, parts = classes((0.3, 0.6, 0.3))
    (one,) = found(find, view_of(frame, parts=parts))
    assert (one.kind, one.severity, one.column) == ("shift", "warning", "y")
    assert "of validation" in one.message


def test_test_targets_are_not_looked_at() -> None:
    frame, parts = classes((0.3, 0.3, 0.9))
    assert found(find, view_of(frame, parts=parts)) == []


@pytest.mark.parametrize("seed", range(4))
def test_equal_shares_are_no_finding(seed: int) -> None:
    frame, parts = classes((0.3, 0.3, 0.3), seed)
    assert found(find, view_of(frame, parts=parts)) == []


def test_numbers_are_compared_by_their_distributions() -> None:
    rng = np.random.default_rng(0)
    parts = parts_of((900, 300, 300))
    y = rng.normal(size=len(parts)) + (parts == 1) * 0.8
    frame = pl.DataFrame({"x": rng.normal(size=len(parts)), "y": y})
    (one,) = found(find, view_of(frame, parts=parts))
    assert "medians" in one.message


def test_under_a_split_by_time_a_small_shift_is_information() -> None:
    frame, parts = classes((0.3, 0.48, 0.3))
    frame = frame.with_columns(week=pl.Series(np.arange(len(parts))))
    (one,) = found(find, view_of(frame, parts=parts, split={"by": "time", "column": "week"}))
    assert one.severity == "info"


def test_of_test_rows_of_a_file_it_is_told_what_their_inputs_let_expect() -> None:
    rng = np.random.default_rng(0)
    parts = parts_of((900, 300, 300))
    upper = rng.random(len(parts)) < np.array((0.3, 0.3, 0.9))[parts]
    frame = pl.DataFrame({"x": rng.normal(size=len(parts)) + 3 * upper}).with_columns(yes_no(upper))
    assert found(find, view_of(frame, parts=parts)) == []
    (one,) = found(find, view_of(frame, parts=parts, validation="v.csv", test="t.csv"))
    assert "a quick model expects class" in one.message
