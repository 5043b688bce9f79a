from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types import parse_series, parse_value, type_column
from trainwright.data.types.case import Context, TypedColumn
from trainwright.data.types.epochs import Counts, in_order

NUMBER = Column("x", ColumnType.NUMBER)
SECONDS = [1_621_254_600 + 3_600 * row for row in range(300)]
MIXED = [s * 1_000 if row % 10 == 3 else s for row, s in enumerate(SECONDS)]


def typed(values: list, *, name: str = "x", dtype: type = pl.String, **said) -> TypedColumn:
    return type_column(pl.Series(name, values, dtype=dtype), Context(**said))


def of(values: list[float], *, first_row: int = 0) -> Counts:
    return Counts.of(NUMBER, pl.Series(values, dtype=pl.Float64), first_row=first_row)


def told(got, words: str):
    (found,) = [one for one in got.findings if words in one.message]
    return found


def test_counts_are_told_apart_by_their_size_and_add_up_over_blocks() -> None:
    whole = of([5.0, *MIXED, 2e15])
    assert {form: found.count for form, found in whole.found.items()} == {
        "epoch-s": 270,
        "epoch-ms": 30,
        "epoch-us": 1,
    }
    parts = of([5.0, *MIXED[:100]]).merge(of([*MIXED[100:], 2e15], first_row=101))
    assert parts.total == whole.total
    assert all(np.array_equal(parts.found[f].rows, whole.found[f].rows) for f in whole.found)
    assert of([1.0, 2.0]).merge(of([3.0])).found == {}


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64])
def test_seconds_beside_milliseconds_are_warned_of_with_their_rows(dtype) -> None:
    values = [str(v) if dtype == pl.String else v for v in MIXED]
    got = typed(values, name="amount", dtype=dtype)
    found = told(got, "in several units")
    assert (found.kind, found.severity, found.count) == ("type", "warning", 30)
    assert found.rows[:2] == (3, 13)
    assert "seconds in 270 rows (the first 2021-05-17)" in found.message
    assert "milliseconds in 30 rows (the first 2021-05-17)" in found.message
    assert "{type: date-time, formats: [epoch-s, epoch-ms]}" in found.remedy


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64, pl.Float64])
@pytest.mark.parametrize("forms", [("epoch-s", "epoch-ms"), ("epoch-ms", "epoch-s")])
def test_formats_read_each_count_in_its_own_unit_whatever_their_order(dtype, forms) -> None:
    values = [str(v) if dtype == pl.String else v for v in MIXED]
    got = typed(values, dtype=dtype, type=ColumnType.DATETIME, formats=forms)
    assert got.values.to_physical().to_list() == [second * 1_000_000 for second in SECONDS]
    assert [one for one in got.findings if one.severity != "info"] == []
    column = Column.from_json(got.column.to_json())
    assert parse_series(column, pl.Series(values, dtype=dtype)).values.equals(got.values)
    assert parse_value(column, MIXED[3]) == SECONDS[3] * 1_000_000


def test_seconds_that_are_read_as_milliseconds_are_no_silent_january_of_1970() -> None:
    got = typed(MIXED, dtype=pl.Int64, type=ColumnType.DATETIME, format="epoch-ms")
    found = told(got, "would be of the years 2000 to 2040")
    assert (found.severity, found.count, found.rows[0]) == ("warning", 270, 0)
    assert "formats: [epoch-s, epoch-ms]" in found.remedy
    wrong = typed(SECONDS, dtype=pl.Int64, type=ColumnType.DATETIME, format="epoch-ms")
    assert "format: epoch-s}" in told(wrong, "would be of the years").remedy


def test_milliseconds_beyond_any_year_as_seconds_are_an_error_whose_remedy_names_both() -> None:
    got = typed(list(map(str, MIXED)), type=ColumnType.DATETIME, format="epoch-s")
    found = told(got, "30 values are no date-time")
    assert found.severity == "error"
    assert "formats: [epoch-s, epoch-ms]" in found.remedy


def test_large_amounts_of_which_some_lie_in_such_a_range_are_no_moments() -> None:
    rng = np.random.default_rng(0)
    values = [f"{v:.0f}" for v in 10 ** rng.uniform(8, 13, 400)]
    assert [one for one in typed(values, name="gdp").findings if "1970" in one.message] == []


def test_formats_that_are_no_counts_keep_their_order() -> None:
    assert in_order(["%d/%m/%Y", "%Y"]) == ["%d/%m/%Y", "%Y"]
    assert in_order(["epoch-us", "epoch-s"]) == ["epoch-s", "epoch-us"]
