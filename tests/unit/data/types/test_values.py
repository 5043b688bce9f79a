"""One JSON value as the batch path would read it."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types import Context, parse_series, parse_value, type_column


@pytest.mark.parametrize(
    "text",
    [
        "03/02/2024 04:05:06",
        "2024-02-03T04:05:06",
        "2024-02-03T04:05:06.000",
        "2024-02-03T04:05:06Z",
        "2024-02-03T05:05:06+01:00",
    ],
)
def test_a_client_may_send_a_date_in_the_columns_format_or_as_iso_8601(text: str):
    column = Column("when", ColumnType.DATETIME, format="%d/%m/%Y %H:%M:%S")
    moment = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert parse_value(column, text) == int(moment.timestamp()) * 1_000_000


@pytest.mark.parametrize("text", ["02/30/2024 04:05:06", "2024-02-30", "noon", 20240203, True])
def test_what_is_no_date_is_refused_with_the_form_that_is_wanted(text: object):
    column = Column("when", ColumnType.DATETIME, format="%d/%m/%Y %H:%M:%S")
    with pytest.raises(ValueError, match="%d/%m/%Y"):
        parse_value(column, text)


def test_durations_are_seconds_negative_and_vast_ones_too():
    column = Column("x", ColumnType.NUMBER)
    for unit, size in (("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        raw = pl.Series("x", [-3 * size, 0, None, 2**62], dtype=pl.Duration(unit))
        assert parse_series(column, raw).values.to_list() == [-3.0, 0.0, None, 2**62 / size]


def test_bytes_that_are_no_text_are_misfits_and_others_the_text_that_they_are():
    raw = pl.Series("b", [b"caf\xc3\xa9", b"\xff\xd8\xff", None, b" NA "])
    column = Column("b", ColumnType.CATEGORY, nulls=("NA",))
    parsed = parse_series(column, raw)
    assert parsed.values.to_list() == ["café", None, None, None]
    assert parsed.misfits == (1,)
    assert parsed.texts.to_list() == ["3 bytes that are no text"]
    got = type_column(raw, Context())
    (found,) = [one for one in got.findings if one.severity == "error"]
    assert (found.rows, found.remedy) == ((1,), "data: {drop: [b]}")
