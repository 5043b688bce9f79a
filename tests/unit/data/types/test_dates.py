"""Date texts that repeat are parsed once each; two digits of a year are of a century that is told."""

from __future__ import annotations

from calendar import isleap

import polars as pl
import pytest

from trainwright.core.columns import ColumnType
from trainwright.data.types import Context, parse_series, parse_value, type_column
from trainwright.data.types.dates import parse_date, parse_dates


def test_texts_that_repeat_give_what_each_gives_alone() -> None:
    texts = ["2013-01-05", "2013-02-31", None, "", "0013-01-01", "2014-12-31"]
    few = parse_dates(pl.Series("t", texts), "%Y-%m-%d")
    many = parse_dates(pl.Series("t", texts * 20_000), "%Y-%m-%d")
    assert few.null_count() == 4
    assert many.to_list() == few.to_list() * 20_000
    assert (many.dtype, many.name) == (few.dtype, few.name)


def test_texts_with_offsets_that_repeat_are_told_in_utc() -> None:
    texts = ["2013-01-05T10:00:00Z", "2013-01-05T10:00:00+02:00", "x"]
    form = "%Y-%m-%dT%H:%M:%S%#z"
    assert parse_dates(pl.Series(texts * 30_000), form).to_list() == (
        parse_dates(pl.Series(texts), form).to_list() * 30_000
    )


@pytest.mark.parametrize("since", [1900, 1931, 1970, 2000])
def test_two_digits_of_a_year_are_of_the_hundred_years_that_the_format_names(since: int) -> None:
    texts = [f"{day:02}.02.{year:02}" for year in range(100) for day in (1, 28, 29)]
    form = f"%d.%m.%{since}y"
    found = parse_dates(pl.Series("t", texts), form)
    wanted = [one for one in range(since, since + 100) if isleap(one)]
    assert found.drop_nulls().dt.year().is_between(since, since + 99).all()
    assert (found.drop_nulls().dt.year() % 100).unique().len() == 100
    assert sorted(found.filter(found.dt.day() == 29).dt.year().to_list()) == wanted
    assert found.to_physical().to_list() == [parse_date(text, form) for text in texts]


def test_the_usual_hundred_years_begin_with_1970() -> None:
    texts = pl.Series("t", [f"01.03.{year:02}" for year in range(100)])
    usual, said = (parse_dates(texts, form) for form in ("%d.%m.%y", "%d.%m.%1970y"))
    assert usual.equals(said)
    assert usual.dt.year().is_between(1970, 2069).all()


def births(last: int) -> list[str]:
    return [
        f"{1 + day % 28:02}.{1 + day % 12:02}.{40 + day % (last - 39):02}" for day in range(200)
    ]


def test_births_of_two_digits_that_are_read_as_years_to_come_are_warned_of() -> None:
    typed = type_column(pl.Series("born", births(99)), Context())
    (told,) = typed.findings
    assert (told.kind, told.severity) == ("type", "warning")
    assert "here 1970 to 2069" in told.message
    assert told.remedy.startswith(
        'data: {columns: {born: {type: date-time, format: "%d.%m.%1931y"}}}'
    )
    said = Context(type=ColumnType.DATETIME, format="%d.%m.%1931y")
    again = type_column(pl.Series("born", births(99)), said)
    assert not again.findings
    assert (again.values.dt.year().min(), again.values.dt.year().max()) == (1940, 1999)


def test_years_of_two_digits_that_have_been_are_not_warned_of() -> None:
    recent = [text.replace(".4", ".1").replace(".5", ".2") for text in births(59)]
    assert not type_column(pl.Series("seen", recent), Context()).findings


@pytest.mark.parametrize("mark", "/.")
def test_last_parts_that_look_like_days_are_asked_about(mark: str) -> None:
    texts = [f"{21 + row % 3}{mark}{1 + row % 12:02}{mark}{1 + row % 28:02}" for row in range(200)]
    (told,) = type_column(pl.Series("day", texts), Context()).findings
    assert told.severity == "warning"
    assert "does the year come first?" in told.message
    assert f'format: "%y{mark}%m{mark}%d"' in told.remedy
    turned = [mark.join(reversed(text.split(mark))) for text in texts]
    assert not type_column(pl.Series("day", turned), Context()).findings


NANOSECONDS = pl.Series("at", [1_700_000_000_123_456_789 + n * 10**10 for n in range(30)])


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_nanoseconds_that_are_cut_off_are_told_and_in_the_receipt(
    as_text: bool, told: bool
) -> None:
    moments = NANOSECONDS.cast(pl.Datetime("ns"))
    raw = moments.dt.strftime("%Y-%m-%d %H:%M:%S.%9f") if as_text else moments
    context = Context(type=ColumnType.DATETIME) if told else Context()
    typed = type_column(raw, context)
    assert typed.values[0] == moments.cast(pl.Datetime("us"))[0]
    assert typed.receipt.changed == {"cut to microseconds": 30}
    (found,) = typed.findings
    assert (found.severity, found.count) == ("info", 30)
    assert "kept to the microsecond" in found.message


def test_nanoseconds_that_are_none_are_not_told() -> None:
    moments = (NANOSECONDS // 1000 * 1000).cast(pl.Datetime("ns"))
    for raw in (moments, moments.dt.strftime("%Y-%m-%d %H:%M:%S.%9f")):
        typed = type_column(raw, Context())
        assert (typed.findings, typed.receipt.changed) == ((), {})


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", None])
def test_moments_of_another_zone_are_told_of(zone: str | None) -> None:
    moments = NANOSECONDS.cast(pl.Datetime("ns")).cast(pl.Datetime("ms")).dt.replace_time_zone(zone)
    texts = moments.dt.strftime("%Y-%m-%dT%H:%M:%S%:z") if zone else moments.dt.strftime("%FT%T")
    for raw in (moments, texts):
        typed = type_column(raw.alias("at"), Context())
        assert typed.column.type is ColumnType.DATETIME
        told = [found.message for found in typed.findings if "kept in UTC" in found.message]
        assert len(told) == (zone == "Europe/Berlin")


@pytest.mark.parametrize("kind", [pl.Float64, pl.String])
def test_days_that_became_floats_for_a_missing_one_are_days(kind: type) -> None:
    days = [None, *(20240101.0 + n for n in range(28))]
    typed = type_column(pl.Series("day", days, dtype=pl.Float64).cast(kind), Context())
    assert typed.column.type is ColumnType.DATETIME
    assert typed.values.drop_nulls().dt.day().to_list() == list(range(1, 29))
    whole = parse_series(typed.column, pl.Series([20240105])).values
    assert whole.dt.day().to_list() == [5]
    assert parse_value(typed.column, 20240105.0) == whole.to_physical()[0]
