"""Columns of values that each have a type of their own: JSON lines, workbooks, SQLite.

A whole column of one type keeps it; whole numbers of several widths stay whole; numbers of both kinds are
floats, but texts where a float would change one; what is mixed otherwise becomes text, and its type is
inferred from that as for CSV.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

from trainwright.data.types.ranges import holds_whole_numbers

Value = str | int | float | bool | bytes | datetime | date | time | timedelta | None
_LIMIT_INT = 2**63
_EXACT = 2**53  # below it a float holds every whole number
_NARROW = (pl.UInt8, pl.UInt16, pl.UInt32)
_WORDS = (pl.Categorical, pl.Enum, pl.String)


def series_of(name: str, values: Sequence[Value]) -> pl.Series:
    """A series of booleans, whole numbers, numbers, texts, bytes, points or lengths of time; else texts."""
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pl.Series(name, values, dtype=pl.Null)
    if bytes in kinds and len(kinds) > 1:
        return _with_bytes(name, values)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds <= {int, float}:
        whole = kinds == {int}
        limit = _LIMIT_INT if whole else _EXACT
        if all(not isinstance(value, int) or abs(value) < limit for value in values):
            return pl.Series(name, values, dtype=pl.Int64 if whole else pl.Float64, strict=False)
    elif kinds == {str}:
        return pl.Series(name, values, dtype=pl.String)
    elif kinds == {bytes}:
        return pl.Series(name, values, dtype=pl.Binary)
    elif kinds == {timedelta}:
        return pl.Series(name, values, dtype=pl.Duration("us"))
    elif kinds <= {datetime, date}:
        points = [_point(value) for value in values]
        return pl.Series(name, points, dtype=pl.Datetime("us"))
    return pl.Series(name, [text_of(value) for value in values], dtype=pl.String)


def _with_bytes(name: str, values: Sequence[Value]) -> pl.Series:
    """Bytes among other values are texts, as programs leave them; all are bytes where some are no UTF-8."""
    try:
        known = [text_of(value) if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError:
        cells = [value if isinstance(value, bytes) else text_of(value) for value in values]
        every = [cell.encode() if isinstance(cell, str) else cell for cell in cells]
        return pl.Series(name, every, dtype=pl.Binary)
    return series_of(name, known)


def common_kind(kinds: Sequence[pl.DataType]) -> pl.DataType:
    """One type for all blocks of a column: where numbers and words mix, text; bytes beside anything else."""
    known = set(kinds) - {pl.Null()}
    if len(known) < 2:
        return next(iter(known), kinds[0])
    if pl.Binary() in known:
        return pl.Binary()
    if all(map(holds_whole_numbers, known)):
        return _common_whole(known)
    return pl.Float64() if all(kind.is_numeric() for kind in known) else pl.String()


def are_words(kind: pl.DataType) -> bool:
    """True of texts, and of dictionaries of texts."""
    return kind in _WORDS


def _common_whole(kinds: Set[pl.DataType]) -> pl.DataType:
    """What holds the whole numbers of several widths."""
    if all(kind.is_signed_integer() or kind in _NARROW for kind in kinds):
        return pl.Int64()
    if all(kind.is_unsigned_integer() for kind in kinds):
        return pl.UInt64()
    return pl.Decimal(38, 0)


def as_kinds(frame: pl.DataFrame, kinds: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """A block with the types that its columns have in all blocks (see `common_kind`)."""
    schema = frame.schema
    others = [name for name, kind in kinds.items() if schema[name] != kind]
    return frame.with_columns(_as_kind(frame[name], kinds[name]) for name in others)


def _as_kind(values: pl.Series, kind: pl.DataType) -> pl.Series:
    if values.dtype == pl.Duration and not kind.is_numeric():  # which Polars has no text for
        values = pl.Series(values.name, [text_of(value) for value in values], dtype=pl.String)
    if kind == pl.Binary:
        values = values.cast(pl.String)
    return values.cast(kind)


def text_of(value: Value) -> str | None:
    """A value as the text that a whole column of its type would be cast to.

    Raises:
        UnicodeDecodeError: bytes that are no UTF-8.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, timedelta):
        return _hours_of(value)
    if isinstance(value, date | time):
        return str(value)
    return json.dumps(value)


def json_of(value: Any) -> str | None:  # noqa: ANN401 - lists and mappings of plain values
    """A conversation as JSON in ASCII, where half a character can be written too; None stays None."""
    return None if value is None else json.dumps(value, default=str)


def _hours_of(length: timedelta) -> str:
    """Hours, minutes and seconds, as beside times of day in one column: 36:45:00."""
    sign, length = ("-", -length) if length < timedelta() else ("", length)
    minutes, seconds = divmod(length.days * 86_400 + length.seconds, 60)
    fraction = f".{length.microseconds:06d}" if length.microseconds else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{seconds:02d}{fraction}"


def _point(value: Value) -> datetime | None:
    """A day as its midnight."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value if isinstance(value, datetime) else None
