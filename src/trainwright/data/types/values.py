"""How a text, a native value or a JSON value becomes the value of a column that is known.

One set of rules for training, batch scoring and the server: blanks around a text do not count; the
empty text and the column's own markers are missing; what does not fit is never guessed at but
given back, so that the caller can name its row.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from trainwright.core.artifacts import Column, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.types.dates import parse_date, parse_dates

FALSE_OF = {"true": "false", "yes": "no", "t": "f", "y": "n", "1": "0", "on": "off"}
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
BLANKS = " \t\r\n\u00a0"
_WORDS = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IDENTIFIER)


@dataclass(frozen=True, slots=True)
class Parsed:
    """Values of a column, and the rows (from 0) whose text is neither a value nor missing."""

    values: pl.Series
    misfits: tuple[int, ...] = ()


def parse_series(column: Column, raw: pl.Series) -> Parsed:
    """A whole column: text (as from CSV) or native values (as from Parquet and JSON).

    Returns:
        Float64, String, Boolean or Datetime("us") values; misfits are null in them.
    """
    if raw.dtype == pl.Null:
        raw = raw.cast(pl.String)
    if raw.dtype != pl.String:
        return _native(column, raw)
    text = without_nulls(stripped(raw), column.nulls)
    values = _from_text(column, text)
    return Parsed(values, _rows(values.is_null() & text.is_not_null()))


def stripped(text: pl.Series) -> pl.Series:
    """Without blanks around the texts."""
    return text.str.strip_chars(BLANKS)


def without_nulls(text: pl.Series, nulls: tuple[str, ...]) -> pl.Series:
    """Null where the text is empty or one of the markers."""
    markers = [marker for marker in nulls if marker]
    missing = text == ""
    if markers:
        missing |= text.is_in(markers)
    if not missing.any():
        return text
    return (
        text.to_frame("x").select(pl.when(~missing).then(pl.col("x"))).to_series().alias(text.name)
    )


def parse_value(column: Column, value: Any) -> float | str | bool | int | None:  # noqa: ANN401
    """One JSON value as the batch path would read it; a date-time as microseconds since 1970.

    A number must come as a JSON number, and must be finite. Words may come as text or as a whole
    number. A boolean may also come as the word that the column had.

    Raises:
        ValueError: the value is of another type, or does not fit.
    """
    if value is None:
        return None
    if column.type is ColumnType.NUMBER:
        return _number(column, value)
    if isinstance(value, str):
        value = value.strip(BLANKS)
        if value == "" or value in column.nulls:
            return None
    if column.type is ColumnType.BOOLEAN:
        return _boolean(column, value)
    if column.type is ColumnType.DATETIME:
        return _moment(column, value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{shorten(value)} is no text")
    return _label(column, str(value))


def number_text(text: pl.Series, decimal: str) -> pl.Series:
    """Float64 where the text is a finite number in plain or scientific notation, else null."""
    if decimal == ",":
        text = (
            text.to_frame("x")
            .select(
                pl.when(~pl.col("x").str.contains(".", literal=True)).then(
                    pl.col("x").str.replace(",", ".", literal=True)
                )
            )
            .to_series()
        )
    values = text.cast(pl.Float64, strict=False)
    if values.is_finite().all():  # the cast also takes nan, inf, 1e400
        return values
    return (
        values.to_frame("x").select(pl.when(pl.col("x").is_finite()).then(pl.col("x"))).to_series()
    )


def _from_text(column: Column, text: pl.Series) -> pl.Series:
    name = text.name
    if column.type is ColumnType.NUMBER:
        return number_text(text, column.decimal).alias(name)
    if column.type is ColumnType.BOOLEAN:
        return boolean_text(text, column.true).alias(name)
    if column.type is ColumnType.DATETIME:
        return parse_dates(text, column.format or "%Y-%m-%dT%H:%M:%S%.f").alias(name)
    if column.integer:
        return whole_text(number_text(text, column.decimal), text).alias(name)
    if column.true:
        return boolean_text(text, column.true).cast(pl.String).alias(name)
    return text


def boolean_text(text: pl.Series, true: tuple[str, ...]) -> pl.Series:
    """True for the column's words, False for their opposites, else null."""
    lower = text.str.to_lowercase()
    false = [FALSE_OF[word] for word in true]
    return lower.replace_strict(
        [*true, *false], [True] * len(true) + [False] * len(false), default=None,
        return_dtype=pl.Boolean,
    )  # fmt: skip


def whole_text(numbers: pl.Series, text: pl.Series | None = None) -> pl.Series:
    """Whole numbers as their shortest text ("1", not "1.0"); null where not whole."""
    whole = (
        numbers.to_frame("x")
        .select(
            pl.when((pl.col("x") == pl.col("x").floor()) & (pl.col("x").abs() < 2**53)).then(
                pl.col("x")
            )
        )
        .to_series()
    )
    return whole.cast(pl.Int64).cast(pl.String)


def _native(column: Column, raw: pl.Series) -> Parsed:
    kind = raw.dtype
    if kind in (pl.Categorical, pl.Enum):
        return parse_series(column, raw.cast(pl.String))
    values: pl.Series | None = None
    if column.type is ColumnType.NUMBER and (kind.is_numeric() or isinstance(kind, pl.Decimal)):
        floats = raw.cast(pl.Float64)
        floats = floats.fill_nan(None)
        bad = floats.is_infinite().fill_null(value=False)
        return Parsed(floats, _rows(bad))
    if column.type is ColumnType.NUMBER and isinstance(kind, pl.Duration):
        values = raw.dt.total_microseconds(fractional=False).cast(pl.Float64) / 1e6
    elif column.type is ColumnType.BOOLEAN and kind == pl.Boolean:
        values = raw
    elif column.type is ColumnType.BOOLEAN and kind.is_integer():
        values = boolean_text(raw.cast(pl.String), ("1",))
    elif column.type is ColumnType.DATETIME and kind in (pl.Date, pl.Datetime):
        values = naive_utc(raw)
    elif column.type in _WORDS:
        return parse_series(column, as_text(raw))
    if values is None:
        return Parsed(
            pl.Series(raw.name, [None] * len(raw), dtype=pl.Float64), _rows(raw.is_not_null())
        )
    return Parsed(values.alias(raw.name), _rows(values.is_null() & raw.is_not_null()))


def naive_utc(raw: pl.Series) -> pl.Series:
    """Dates and moments as naive microseconds in UTC."""
    zone = getattr(raw.dtype, "time_zone", None)
    moments = raw.cast(pl.Datetime("us", zone))
    return moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else moments


def as_text(raw: pl.Series) -> pl.Series:
    """Native values as CSV would hold them; floats that are all whole without ".0"."""
    if raw.dtype.is_float():
        raw = raw.fill_nan(None)
        if ((raw == raw.floor()) & (raw.abs() < 2**53)).all():
            raw = raw.cast(pl.Int64)
    return raw.cast(pl.String)


def _rows(mask: pl.Series) -> tuple[int, ...]:
    return tuple(mask.arg_true().to_list()) if mask.any() else ()


def _number(column: Column, value: Any) -> float:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{shorten(value)} is no number")  # noqa: TRY004 - the caller's contract
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError(f"{shorten(value, 24)} is beyond any number that is kept")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a number must be finite; write null where it is missing")
    return number


def _boolean(column: Column, value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else str(value) if value in (0, 1) else None
    if word in column.true:
        return True
    if word in [FALSE_OF[true] for true in column.true]:
        return False
    raise ValueError(f"{shorten(value)} is neither true nor false")


def _moment(column: Column, value: Any) -> int:  # noqa: ANN401
    form = column.format or "%Y-%m-%dT%H:%M:%S%.f"
    moment = parse_date(value, form) if isinstance(value, str) else None
    if moment is None:
        raise ValueError(f"{shorten(value)} is no date-time of the form {form}")
    return moment


def _label(column: Column, text: str) -> str | None:
    if not column.integer and not column.true:
        return text
    parsed = parse_series(column, pl.Series([text]))
    if parsed.misfits:
        raise ValueError(f"{shorten(text)} does not fit")
    return str(parsed.values[0])
