"""One JSON value as a column of its contract would read it: what the server does.

The rules are those of `values`: blanks around a text do not count; the empty text and the column's own
markers are missing; what does not fit is refused, so that the caller can name it.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.language.conversations import read_conversation, to_text
from trainwright.data.privacy.masking import told
from trainwright.data.repair.apply import repair_value
from trainwright.data.types.blanks import BLANKS
from trainwright.data.types.dates import COMPACT, EPOCHS, parse_date
from trainwright.data.types.values import FALSE_OF, marks_of, read_series
from trainwright.data.types.wordlists import words_of

ISO_FORMS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
MAX_STEPS = 100_000  # of a series that a client sends
# What `parse_value` gives.
Value = float | str | bool | int | list[str] | list[float | None] | bytes | None


def parse_value(column: Column, value: Any) -> Value:  # noqa: ANN401
    """One JSON value as the batch path would read it; a date-time as microseconds since 1970.

    A number must come as a JSON number, and must be finite; where the training data wrote numbers with
    more than digits ("1.234,5", "12 %", "$1.2M") it may be such a text too. Words may come as text or
    as a whole number. A boolean may also come as the word that the column had. An image comes as its
    file in base64, a series as a list of numbers and nulls.

    Raises:
        ValueError: the value is of another type, or does not fit.
    """
    if column.repair is None:
        return _value(column, value)
    try:
        parsed = _value(column, value)
    except ValueError:
        if column.repair.hides:
            raise ValueError(f"{told(column, value)} is no {column.type.value}") from None
        raise
    repaired: Value = repair_value(column, parsed)
    return repaired


def _value(column: Column, value: Any) -> Value:  # noqa: ANN401
    if value is None:
        return None
    if column.type is ColumnType.WORDS:
        return words_of(value) or None
    if column.type is ColumnType.MESSAGES:
        return to_text(read_conversation(value).messages)
    if column.type is ColumnType.IMAGE:
        return _image(value)
    if column.type is ColumnType.SERIES:
        return _steps(value)
    if column.type is ColumnType.NUMBER:
        number = _written(column, value) if isinstance(value, str) else _number(value)
        return None if number in marks_of(column) else number
    if isinstance(value, str):
        value = value.strip(BLANKS)
        if value == "" or value in column.nulls:
            return None
    if column.type is ColumnType.BOOLEAN:
        return _boolean(column, value)
    if column.type is ColumnType.DATETIME:
        return _moment(column, value)
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("a whole number of 2^63 or more is beyond what is kept; write it as text")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{shorten(value)} is no text")  # noqa: TRY004 - the caller's contract
    return _label(column, str(value))


def _steps(value: Any) -> list[float | None]:  # noqa: ANN401
    """A series: finite numbers, null where one is missing."""
    if not isinstance(value, list):
        raise ValueError(f"{shorten(value)} is no list of numbers")  # noqa: TRY004 - the caller's contract
    if len(value) > MAX_STEPS:
        raise ValueError(f"{len(value)} steps, more than the {MAX_STEPS} that a series may have")
    return [None if step is None else _number(step) for step in value]


def _number(value: Any) -> float:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{shorten(value)} is no number")  # noqa: TRY004 - the caller's contract
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("a whole number of 2^63 or more is beyond what a float keeps")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a number must be finite; write null where it is missing")
    return number


def _written(column: Column, value: str) -> float | None:
    """A number as text: only where the training data were written in such a way."""
    if column.written is None and column.decimal == ".":
        raise ValueError(f"{shorten(value)} is no number")
    parsed = read_series(column, pl.Series([value]))
    if parsed.misfits:
        raise ValueError(f"{shorten(value)} is no number as the training data were written")
    found: float | None = parsed.values[0]
    return found


def _boolean(column: Column, value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else str(value) if value in (0, 1) else None
    if word in column.true:
        return True
    if word in [FALSE_OF[true] for true in column.true]:
        return False
    raise ValueError(f"{shorten(value)} is neither true nor false")


def _image(value: Any) -> bytes:  # noqa: ANN401
    """A file's bytes, which were looked at: they are of an image that can be unpacked."""
    from trainwright.data.images.decoding import MAX_BYTES, check

    if not isinstance(value, str):
        raise ValueError("an image comes as text: its file in base64")  # noqa: TRY004 - the caller's contract
    if len(value) > MAX_BYTES * 4 // 3 + 4:
        raise ValueError(f"more than the {MAX_BYTES} bytes that an image may have")
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise ValueError("an image comes as its file in base64, which this is not") from error
    check(data)
    return data


def _moment(column: Column, value: Any) -> int:  # noqa: ANN401
    """In the column's own format, or as ISO 8601 writes it, which is what clients send."""
    form = column.format or ISO_FORMS[0]
    counts = form in COMPACT or form in EPOCHS
    if isinstance(value, int | float) and not isinstance(value, bool) and counts:
        value = str(value)
    if isinstance(value, str):
        for known in (form, *column.formats, *ISO_FORMS):
            moment = parse_date(value, known)
            if moment is not None:
                return moment
    raise ValueError(f"{shorten(value)} is no date-time of the form {form}, and none of ISO 8601")


def _label(column: Column, text: str) -> str | None:
    if not column.integer and not column.true:
        return text
    parsed = read_series(column, pl.Series([text]))
    if parsed.misfits:
        raise ValueError(f"{shorten(text)} does not fit")
    return str(parsed.values[0])
