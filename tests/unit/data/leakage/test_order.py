"""Time that a random split does not respect."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.data.leakage.order import find
from trainwright.models.tables.probe import probe

ROWS = 1_200


def visits(*, drift: float, seed: int = 0, shuffled: bool = True) -> pl.DataFrame:
    """A level that wanders in time, seen by the target and by one sensor."""
    rng = np.random.default_rng(seed)
    level = drift * np.cumsum(rng.normal(0, 1, ROWS)) / 12
    days = [datetime(2021, 1, 1) + timedelta(hours=9 * number) for number in range(ROWS)]
    x = rng.normal(size=ROWS)
    frame = pl.DataFrame(
        {
            "seen": days,
            "x": x,
            "sensor": np.cumsum(rng.normal(size=ROWS)),
            "z": rng.normal(size=ROWS),
        }
    ).with_columns(yes_no(level + x + rng.normal(size=ROWS) > 0))
    return frame[rng.permutation(ROWS)] if shuffled else frame


def test_a_date_along_which_the_world_moves_is_told_with_its_remedy() -> None:
    (one,) = found(find, view_of(visits(drift=3.0)))
    assert (one.kind, one.severity, one.column) == ("leakage", "warning", "seen")
    assert one.remedy == "data: {split: {by: time, column: seen}}"


@pytest.mark.parametrize("seed", range(3))
def test_a_date_along_which_nothing_moves_is_no_finding(seed: int) -> None:
    assert found(find, view_of(visits(drift=0.0, seed=seed))) == []


def test_a_date_of_birth_orders_no_records() -> None:
    frame = visits(drift=3.0).rename({"seen": "date_of_birth"})
    assert found(find, view_of(frame)) == []


def test_whole_numbers_are_a_time_where_name_and_order_say_so() -> None:
    frame = visits(drift=3.0, shuffled=False).drop("seen")
    weeks = pl.Series("week", np.arange(ROWS) // 20)
    (one,) = found(find, view_of(frame.with_columns(weeks)))
    assert (one.column, one.severity) == ("week", "warning")
    shuffled = frame.with_columns(weeks)[np.random.default_rng(0).permutation(ROWS)]
    assert found(find, view_of(shuffled)) == []


def test_the_order_of_the_rows_is_information_where_nothing_explains_it() -> None:
    (one,) = found(find, view_of(visits(drift=3.0, shuffled=False).drop("seen")))
    assert (one.column, one.severity) == (None, "info")


def test_a_file_sorted_by_a_column_is_no_time() -> None:
    frame = visits(drift=3.0, shuffled=False).drop("seen", "sensor").sort("x")
    assert found(find, view_of(frame)) == []


def test_a_split_by_time_is_left_in_peace() -> None:
    view = view_of(visits(drift=3.0), split={"by": "time", "column": "seen"})
    assert found(find, view) == []


def test_beside_a_group_the_remedy_keeps_the_group() -> None:
    frame = visits(drift=3.0).with_columns(shop=pl.Series([f"s{k % 40}" for k in range(ROWS)]))
    (one,) = found(find, view_of(frame, split={"by": "group", "column": "shop"}))
    assert one.remedy == "data: {split: {by: group-time, column: seen, group: shop}}"


@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_a_table_of_a_few_different_rows_has_nothing_to_tell(kinds: int) -> None:
    shop = pl.Series("shop", [f"s{number % kinds}" for number in range(ROWS)])
    answers = yes_no(np.random.default_rng(kinds).random(ROWS) > 0.5)
    assert found(find, view_of(pl.DataFrame([shop]).with_columns(answers))) == []


def test_a_given_split_is_judged_by_whether_test_rows_come_last() -> None:
    frame = visits(drift=3.0)
    split = {"by": "given", "column": "part"}
    frame = frame.with_columns(part=pl.lit("as given"))
    (one,) = found(find, view_of(frame, left_out=["part"], split=split))
    assert one.remedy == "data: {split: {by: time, column: seen}, drop: [part]}"
    late = np.argsort(np.argsort(frame["seen"].to_numpy())) / ROWS
    parts = np.where(late < 0.6, 0, np.where(late < 0.7, 1, 2))
    assert found(find, view_of(frame, parts=parts, left_out=["part"], split=split)) == []


@pytest.mark.parametrize("drift", [0.0, 2.0])
def test_a_file_that_was_shuffled_is_not_tried(drift: float) -> None:
    rng = np.random.default_rng(4)
    along = np.linspace(0, drift, 1_000)
    frame = pl.DataFrame(
        {
            "a": rng.normal(size=1_000) + along,
            "b": rng.choice(["x", "y", "z"], 1_000),
            "y": yes_no(rng.random(1_000) > 0.5),
        }
    )
    asked = []

    def counting(*features, **said):
        asked.append(features)
        return probe(*features, **said)

    found(find, replace(view_of(frame), probe=counting))
    assert bool(asked) == bool(drift)
