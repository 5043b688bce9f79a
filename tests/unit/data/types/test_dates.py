"""Date texts that repeat are parsed once each."""

from __future__ import annotations

import polars as pl

from trainwright.data.types.dates import parse_dates


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
