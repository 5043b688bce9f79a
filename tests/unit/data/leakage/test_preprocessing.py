from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from detector_view import found, view_of, yes_no
from trainwright.data.leakage import preprocessing
from trainwright.data.leakage.preprocessing import find


def table(rows: int = 400, **columns: np.ndarray) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    return pl.DataFrame({**columns, "y": yes_no(rng.random(rows) > 0.5)})


def raw(rows: int = 400, *, decimals: int = 12) -> np.ndarray:
    return np.round(np.random.default_rng(1).lognormal(2, 1, rows), decimals)


def scaled(values: np.ndarray, *, ddof: int = 0) -> np.ndarray:
    return (values - values.mean()) / values.std(ddof=ddof)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("decimals", [12, 4, 2])
def test_a_column_scaled_over_all_rows_is_found_however_it_is_written(ddof: int, decimals: int):
    frame = table(x=np.round(scaled(raw(), ddof=ddof), decimals), plain=raw())
    (leak,) = found(find, view_of(frame))
    assert (leak.kind, leak.severity, leak.column) == ("leakage", "warning", "x")
    assert "over all 400 rows" in leak.message
    assert leak.remedy.startswith("data: {drop: [x]}")


def test_single_precision_is_exact_enough():
    frame = table(x=scaled(raw()).astype(np.float32).astype(np.float64))
    assert [leak.column for leak in found(find, view_of(frame))] == ["x"]


def test_a_column_scaled_by_its_train_rows_is_as_it_should_be():
    values, parts = raw(), np.repeat([0, 1, 2], [280, 60, 60]).astype(np.int8)
    train = values[parts == 0]
    frame = table(x=(values - train.mean()) / train.std())
    assert found(find, view_of(frame, parts=parts)) == []


@pytest.mark.parametrize("huge", [1e160, 1e300])
def test_a_column_whose_squares_are_no_numbers_is_not_scaled(huge: float):
    values = raw()
    values[7] = huge
    assert found(find, view_of(table(x=values))) == []


def test_columns_of_few_values_are_codes_of_a_design():
    assert found(find, view_of(table(x=np.tile([-1.0, 1.0], 200)))) == []


def test_numbers_as_they_were_measured_are_told_nothing_of():
    data = load_breast_cancer()
    columns = {f"c{number}": data.data[:, number] for number in range(30)}
    assert found(find, view_of(table(569, **columns))) == []


def test_the_diabetes_table_was_scaled_before_anybody_got_it():
    data = load_diabetes()
    columns = {name: data.data[:, number] for number, name in enumerate(data.feature_names)}
    del columns["sex"]  # of two values
    (leak,) = found(find, view_of(table(442, **columns)))
    assert leak.column is None
    assert "and 4 more columns have a mean of 0" in leak.message


@pytest.mark.parametrize(("decimals", "written"), [(0, 12), (0, 1), (2, 12), (12, 12)])
def test_gaps_that_were_filled_with_the_mean_of_all_rows_are_found(decimals: int, written: int):
    values = raw(decimals=decimals)
    gaps = np.random.default_rng(5).random(400) < 0.1
    fill = np.round(values[~gaps].mean(), written)
    frame = table(x=np.where(gaps, fill, values))
    (leak,) = found(find, view_of(frame))
    assert (leak.severity, leak.column) == ("warning", "x")
    assert leak.rows == tuple(np.flatnonzero(gaps).tolist())
    assert f'nulls: ["{float(fill)!r}"]' in leak.remedy


def test_gaps_filled_with_the_mean_of_train_rows_are_as_they_should_be():
    values, parts = raw(decimals=1), np.repeat([0, 1, 2], [280, 60, 60]).astype(np.int8)
    gaps = np.random.default_rng(5).random(400) < 0.1
    fill = values[~gaps & (parts == 0)].mean()
    assert found(find, view_of(table(x=np.where(gaps, fill, values)), parts=parts)) == []


def test_a_common_value_that_is_written_as_all_others_is_no_fill():
    values = np.repeat(np.arange(-10, 11) / 10, 19)[:399]  # whose mean is 0.0, a value of theirs
    assert found(find, view_of(table(399, x=np.concatenate([values])))) == []


def test_what_a_sample_shows_is_counted_in_all_rows(monkeypatch):
    monkeypatch.setattr(preprocessing, "SAMPLE_ROWS", 100)
    monkeypatch.setattr(preprocessing, "_FEW", 10)
    values = raw()
    values[::7] = values[np.arange(400) % 7 != 0].mean()
    scale, fill = found(find, view_of(table(x=values, plain=raw(), z=scaled(raw()))))
    assert (scale.column, fill.column, fill.count) == ("z", "x", 58)


def test_a_column_of_which_a_sample_shows_few_values_is_gone_through(monkeypatch):
    monkeypatch.setattr(preprocessing, "SAMPLE_ROWS", 40)
    x = pl.Series([None] * 340 + scaled(raw(60)).tolist())
    (leak,) = found(find, view_of(table(x=x)))
    assert leak.column == "x"


def test_where_time_runs_out_nothing_is_said_of_all_rows() -> None:
    (told,) = found(find, view_of(table(x=scaled(raw()))), seconds=0)
    assert told.kind == "not-run"
    assert "scaled or filled" in told.message
