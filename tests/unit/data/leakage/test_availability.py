"""Columns that are filled in after the event, or from some day on."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.data.leakage.availability import find

ROWS = 1_000


def table(seed: int = 0) -> tuple[pl.DataFrame, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    upper = rng.random(ROWS) < 0.4
    frame = pl.DataFrame(
        {
            "when": [datetime(2020, 1, 1) + timedelta(days=k) for k in range(ROWS)],
            "x": rng.normal(size=ROWS),
        }
    ).with_columns(yes_no(upper))
    return frame, upper, rng


def holes(missing: np.ndarray, rng: np.random.Generator) -> pl.Series:
    return pl.Series("left", np.where(missing, np.nan, rng.normal(size=ROWS))).fill_nan(None)


def test_gaps_that_tell_the_target_are_a_warning() -> None:
    frame, upper, rng = table()
    missing = np.where(upper, rng.random(ROWS) < 0.05, rng.random(ROWS) < 0.95)
    (one,) = found(find, view_of(frame.with_columns(holes(missing, rng))))
    assert (one.kind, one.severity, one.column) == ("leakage", "warning", "left")
    assert one.remedy.startswith("data: {known_after: [left]}")


def test_gaps_by_chance_are_no_finding() -> None:
    frame, _, rng = table()
    assert found(find, view_of(frame.with_columns(holes(rng.random(ROWS) < 0.3, rng)))) == []


def test_under_a_split_by_time_a_column_that_begins_late_is_told_with_the_day() -> None:
    frame, _, rng = table()
    late = frame.with_columns(holes(np.arange(ROWS) < 600, rng))
    split = {"by": "time", "column": "when"}
    (one,) = found(find, view_of(late, split=split))
    assert (one.kind, one.column) == ("shift", "left")
    assert "is empty before when 2021-08-23" in one.message
    assert "filled in in 100% of the rows from then on" in one.message
    (same,) = found(find, view_of(late))  # a random split does not mind, but live rows come later
    assert (same.kind, same.severity, same.column) == ("shift", "info", "left")


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_a_column_that_is_seldom_filled_is_told_from_when_on(share: float) -> None:
    frame, _, rng = table()
    missing = (np.arange(ROWS) < 530) | (rng.random(ROWS) > share)
    split = {"by": "time", "column": "when"}
    (one,) = found(find, view_of(frame.with_columns(holes(missing, rng)), split=split))
    assert (one.severity, one.column) == ("warning", "left")
    assert "is empty before when 2021-06-1" in one.message


def test_a_column_that_is_seldom_filled_throughout_is_not_told() -> None:
    frame, _, rng = table()
    rare = frame.with_columns(holes(rng.random(ROWS) > 0.06, rng))
    for split in ({"by": "time", "column": "when"}, {"by": "random"}):
        assert found(find, view_of(rare, split=split)) == []


def test_values_that_fade_out_are_too_few_to_tell_a_day() -> None:
    frame, _, rng = table()
    missing = rng.random(ROWS) > np.where(
        np.arange(ROWS) < 900, 0.15, 0.0
    )  # 15 to be expected after it
    split = {"by": "time", "column": "when"}
    assert found(find, view_of(frame.with_columns(holes(missing, rng)), split=split)) == []


def test_a_column_that_stops_varying_is_told() -> None:
    frame, _, rng = table()
    values = np.where(np.arange(ROWS) < 700, rng.normal(size=ROWS), 7.0)
    split = {"by": "time", "column": "when"}
    (one,) = found(find, view_of(frame.with_columns(pl.Series("left", values)), split=split))
    assert "is always the same from when" in one.message
