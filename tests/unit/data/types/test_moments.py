"""Dates in several formats, whole numbers that are days, and days that stand for missing."""

from datetime import datetime

import polars as pl
import pytest

from column_cases import DAYS, turned
from trainwright.core.columns import Column, ColumnType
from trainwright.data.types import Context, parse_value, type_column

SEVERAL = Column("x", ColumnType.DATETIME, format="%Y-%m-%d", formats=("%d.%m.%Y",))


def micros(year: int, month: int, day: int) -> int:
    return int((datetime(year, month, day) - datetime(1970, 1, 1)).total_seconds()) * 10**6


def test_each_date_is_read_by_the_format_that_fits_it():
    values = [*DAYS, *turned("%d.%m.%Y", DAYS)]
    typed = type_column(pl.Series("x", values), Context())
    assert (typed.column.format, typed.column.formats) == ("%Y-%m-%d", ("%d.%m.%Y",))
    assert typed.values[: len(DAYS)].equals(typed.values[len(DAYS) :])
    assert typed.receipt is not None
    assert list(typed.receipt.changed.values()) == [len(DAYS)]


def test_the_server_reads_dates_by_each_of_the_formats():
    assert (
        parse_value(SEVERAL, "2013-02-01")
        == parse_value(SEVERAL, "01.02.2013")
        == micros(2013, 2, 1)
    )
    with pytest.raises(ValueError, match="is no date-time"):
        parse_value(SEVERAL, "01/02/2013")


def test_formats_of_the_recipe_are_tried_in_their_order():
    context = Context(type=ColumnType.DATETIME, formats=("%d/%m/%Y", "%m/%d/%Y"))
    typed = type_column(pl.Series("x", ["01/02/2013", "12/31/2013"] * 10), context)
    assert typed.values[0] == datetime(2013, 2, 1)
    assert typed.values[1] == datetime(2013, 12, 31)


def test_whole_numbers_of_a_parquet_file_may_be_days_too():
    raw = pl.Series("day", [int(day.replace("-", "")) for day in DAYS])
    typed = type_column(raw, Context())
    assert typed.column.format == "%Y%m%d"
    assert typed.values[0] == datetime(2013, 1, 1)
    assert parse_value(typed.column, 20130201) == micros(2013, 2, 1)
    assert type_column(raw, Context(type=ColumnType.NUMBER)).values[0] == 20130101.0


def test_days_proven_by_the_last_row_are_read_so_from_the_first():
    early = [day for day in DAYS if int(day[-2:]) <= 12]
    for pattern, proof in (("%d/%m/%Y", "31/12/2013"), ("%m/%d/%Y", "12/31/2013")):
        typed = type_column(pl.Series("x", [*turned(pattern, early) * 40, proof]), Context())
        assert typed.column.format == pattern
        assert not [f for f in typed.findings if f.severity == "error"]


def test_what_is_kept_as_a_value_when_the_recipe_says_so():
    raw = pl.Series("x", [*DAYS, *["9999-12-31"] * 5])
    assert type_column(raw, Context(nulls=())).values.null_count() == 0
    numbers = pl.Series("x", ["-999", "1.5", "2.5", "3"] * 10)
    assert type_column(numbers, Context(nulls=())).values.null_count() == 0
    (warned,) = type_column(numbers, Context()).findings
    assert (warned.kind, warned.severity, warned.count) == ("missing", "warning", 10)
    assert warned.rows[:2] == (0, 4)


def test_marks_among_the_numbers_of_a_parquet_file_are_told_too():
    raw = pl.Series("x", [-999.0, 1.5, 2.5, 3.0] * 10)
    typed = type_column(raw, Context())
    assert typed.values.null_count() == 10
    (warned,) = typed.findings
    assert (warned.kind, warned.severity) == ("missing", "warning")
    assert parse_value(typed.column, -999) is None
    kept = type_column(raw, Context(type=ColumnType.NUMBER))
    assert kept.values.null_count() == 0
    assert "does it mean missing?" in kept.findings[0].message


def test_day_first_and_month_first_in_one_column_are_words_and_said_to_be():
    days = [f"{day:02d}/{month:02d}/2021" for month in range(1, 13) for day in range(1, 28)]
    turned_round = [
        f"{month:02d}/{day:02d}/2022" for month in range(1, 13) for day in range(14, 28)
    ]
    typed = type_column(pl.Series("x", days + turned_round), Context())
    assert typed.column.type is not ColumnType.DATETIME
    (said,) = typed.findings
    assert (said.kind, said.severity) == ("type", "warning")
    assert "not all of one format" in said.message
    assert "'01/14/2022'" in said.message
