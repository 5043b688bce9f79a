"""Columns of values that each have a type of their own, and blocks whose types differ."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from trainwright.data.reading import read_source
from trainwright.data.reading.sqlite import _ROWS
from trainwright.data.reading.values import as_kinds, common_kind, series_of
from trainwright.recipe.data import DataSettings


def test_bytes_among_texts_are_the_texts_that_they_hold() -> None:
    made = series_of("c", ["abc", b"abc", None, "é".encode(), 5])
    assert made.to_list() == ["abc", "abc", None, "é", "5"]


def test_bytes_that_are_no_text_make_bytes_of_the_whole_block() -> None:
    made = series_of("c", ["abc", b"\xff", None, True])
    assert made.dtype == pl.Binary
    assert made.to_list() == [b"abc", b"\xff", None, b"true"]


@pytest.mark.parametrize("other", [pl.String(), pl.Int64(), pl.Boolean(), pl.Datetime("us")])
def test_bytes_beside_anything_else_are_bytes(other: pl.DataType) -> None:
    assert common_kind([other, pl.Binary(), pl.Null()]) == pl.Binary()


@pytest.mark.parametrize("beside", ["a word", b"\xff"], ids=["text", "bytes"])
@pytest.mark.parametrize("value", [timedelta(hours=36, minutes=5), datetime(2020, 1, 2), 5, True])
def test_a_block_of_another_type_holds_the_texts_that_one_block_of_all_would(
    value: timedelta | datetime | int, beside: str | bytes
) -> None:
    whole = series_of("0", [value, beside])
    blocks = [series_of("0", [one]) for one in (value, beside)]
    kinds = {"0": common_kind([one.dtype for one in blocks])}
    parts = [as_kinds(one.to_frame(), kinds) for one in blocks]
    assert pl.concat(parts)["0"].to_list() == whole.to_list()


def test_rows_of_sqlite_hold_the_same_wherever_a_block_ends(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "t.db")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, c, y TEXT)")
    rows = [(number, b"abc" if number != _ROWS + 1 else "abc", "u") for number in range(_ROWS + 3)]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    raw = read_source(DataSettings(source="t.db", target="y"), base=tmp_path)
    assert raw.frame["c"].unique().to_list() in ([b"abc"], ["abc"])


def test_a_float_among_whole_numbers_does_not_change_those_of_many_digits() -> None:
    made = series_of("c", [10**18 + 1, 1.5, None])
    assert made.to_list() == ["1000000000000000001", "1.5", None]
    assert series_of("c", [2**53 - 1, 1.5]).dtype == pl.Float64


@pytest.mark.parametrize(
    ("kinds", "whole"),
    [
        ([pl.Int32(), pl.Int64(), pl.UInt8(), pl.Null()], pl.Int64()),
        ([pl.UInt32(), pl.UInt64()], pl.UInt64()),
        ([pl.Int64(), pl.UInt64()], pl.Decimal(38, 0)),
        ([pl.Decimal(20, 0), pl.Int32()], pl.Decimal(38, 0)),
        ([pl.Int64(), pl.Float32()], pl.Float64()),
        ([pl.Categorical(), pl.String()], pl.String()),
    ],
)
def test_whole_numbers_of_several_widths_stay_whole(
    kinds: list[pl.DataType], whole: pl.DataType
) -> None:
    assert common_kind(kinds) == whole
