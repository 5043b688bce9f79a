"""Weeks and quarters are the days that they begin on, in a column, in a cell, and with a finding."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from trainwright.core.columns import ColumnType
from trainwright.data.types import Context, parse_value, type_column
from trainwright.data.types.dates import parse_date, parse_dates
from trainwright.data.types.periods import QUARTERS, WEEKS


@pytest.mark.parametrize("form", WEEKS)
def test_a_week_is_its_monday_in_every_form_and_year(form: str) -> None:
    days = [date(2018, 12, 20) + timedelta(days=n) for n in range(0, 1500, 3)]
    texts = [day.strftime(form) for day in days]
    first = [
        day if "%u" in form else date.fromisocalendar(*day.isocalendar()[:2], 1) for day in days
    ]
    assert parse_dates(pl.Series(texts), form).dt.date().to_list() == first
    micros = [parse_date(text, form) for text in texts]
    assert micros == parse_dates(pl.Series(texts), form).to_physical().to_list()


@pytest.mark.parametrize("form", QUARTERS)
def test_a_quarter_is_its_first_day_in_every_form(form: str) -> None:
    quarters = [(year, quarter) for year in (1999, 2024) for quarter in (1, 2, 3, 4)]
    texts = [form.replace("%Y", str(year)).replace("%q", str(q)) for year, q in quarters]
    first = [datetime(year, 3 * q - 2, 1) for year, q in quarters]
    assert parse_dates(pl.Series(texts), form).to_list() == first
    assert [parse_date(text, form) for text in texts] == [
        int((day - datetime(1970, 1, 1)).total_seconds() * 1e6) for day in first
    ]


@pytest.mark.parametrize("text", ["2023-W53", "2024-W00", "2024-W54", "2024-W5x", "W05", ""])
def test_weeks_that_are_none_are_none_for_both(text: str) -> None:
    assert parse_date(text, "%G-W%V") is None
    assert parse_dates(pl.Series([text]), "%G-W%V").to_list() == [None]


def test_a_form_without_a_year_reads_nothing() -> None:
    for form in ("Q%q", "W%V"):
        assert parse_date("Q1" if "q" in form else "W05", form) is None
        assert parse_dates(pl.Series(["Q1", "W05"]), form).null_count() == 2


COLUMNS = {
    "weeks": [f"2024-W{n:02}" for n in range(1, 30)],
    "quarters": [f"{2000 + n}Q{n % 4 + 1}" for n in range(24)],
}


@pytest.mark.parametrize("texts", COLUMNS.values(), ids=COLUMNS.keys())
def test_a_column_of_periods_is_one_of_moments_and_told(texts: list[str]) -> None:
    typed = type_column(pl.Series("x", texts), Context())
    assert typed.column.type is ColumnType.DATETIME
    assert parse_value(typed.column, texts[5]) == typed.values.to_physical()[5]
    (told,) = typed.findings
    assert (told.severity, told.count) == ("info", len(texts))
    assert "are read as their" in told.message
    assert told.remedy == "data: {columns: {x: category}} keeps the texts"


MONTHS = {
    "whole numbers": (lambda year, month: f"{year}{month:02}", "%Y%m"),
    "with a point": (lambda year, month: f"{year}.{month:02}", "%Y.%m"),
    "the year last": (lambda year, month: f"{month:02}.{year}", "%m.%Y"),
    "with a slash": (lambda year, month: f"{month:02}/{year}", "%m/%Y"),
}


@pytest.mark.parametrize(("write", "form"), MONTHS.values(), ids=MONTHS.keys())
def test_months_that_look_like_numbers_are_months(write, form: str) -> None:
    texts = [write(2015 + n // 12, n % 12 + 1) for n in range(60)]
    typed = type_column(pl.Series("x", texts), Context())
    assert (typed.column.type, typed.column.format) == (ColumnType.DATETIME, form)
    assert typed.values[13] == datetime(2016, 2, 1)


def test_numbers_that_are_no_months_stay_numbers() -> None:
    for texts in (["202401", "202413", "202402"] * 9, ["200000", "201234"], ["202401"] * 30):
        assert type_column(pl.Series("x", texts), Context()).column.type is ColumnType.NUMBER
