"""How a column of texts or native values becomes values of a contract that is known.

One set of rules for training, batch scoring and the server: blanks around a text do not count; the empty
text and the column's own markers are missing; what does not fit is given back, so that its row can be named.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import polars as pl

from trainwright.core.columns import Column, ColumnType, NumberFormat
from trainwright.data.repair.apply import repair_series
from trainwright.data.types.blanks import BLANKS_RULE, stripped, without_nulls
from trainwright.data.types.dates import COMPACT, EPOCHS, as_strptime, from_epoch, parse_dates
from trainwright.data.types.fills import mark_texts
from trainwright.data.types.masks import null_where
from trainwright.data.types.precision import cut_of
from trainwright.data.types.repeats import Repeats, each_once
from trainwright.data.types.wordlists import split_words
from trainwright.data.types.written import changes, read_written

FALSE_OF = {
    "true": "false", "yes": "no", "t": "f", "y": "n", "1": "0", "on": "off", "ja": "nein", "oui": "non",
    "wahr": "falsch", "vrai": "faux", "verdadero": "falso", "enabled": "disabled",
    "waar": "onwaar", "tak": "nie", "да": "нет", "是": "否", "✓": "✗", "✔": "✘",
}  # fmt: skip
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PER_SECOND = {"ms": 1e3, "us": 1e6, "ns": 1e9}
_WORDS = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IDENTIFIER)


@dataclass(frozen=True, slots=True)
class Parsed:
    """Values of a column, and the cells that gave none.

    Attributes:
        values: Null where there is none.
        rows: Positions (from 0) of the cells that are neither a value nor missing.
        texts: What stands there, without blanks around it.
        empty: How many cells hold an empty text.
        marks: Positions of the cells with another text that was read as missing.
        marked: These texts.
        changed: How many cells each rule changed, by the rule's name.
    """

    values: pl.Series
    rows: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.UInt32))
    texts: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    empty: int = 0
    marks: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.UInt32))
    marked: pl.Series = field(default_factory=lambda: pl.Series([], dtype=pl.String))
    changed: Mapping[str, int] = field(default_factory=dict)

    @property
    def misfits(self) -> tuple[int, ...]:
        """`rows` as numbers."""
        return tuple(self.rows.to_list())

    @property
    def is_plain(self) -> bool:
        """True when every text gave a value as it stands."""
        return not (len(self.rows) or self.empty or len(self.marks) or self.changed)

    @classmethod
    def of(cls, values: pl.Series, raw: pl.Series, odd: pl.Series) -> Parsed:
        """With the cells of `raw` where `odd` is true as misfits."""
        if not odd.any():
            return cls(values)
        rows = odd.arg_true()
        cells = raw.gather(rows)
        texts = [str(cell) for cell in cells] if cells.dtype.is_nested() else cells
        return cls(values, rows, pl.Series(texts, dtype=pl.String, strict=False))


def parse_series(column: Column, raw: pl.Series, repeats: Repeats | None = None) -> Parsed:
    """A whole column: text (as from CSV) or native values (as from Parquet and JSON).

    Args:
        column: Its contract.
        raw: The cells.
        repeats: The same as different texts, where these are few.

    Returns:
        Float64, String, Boolean or Datetime("us") values, repaired; misfits are null in them.
    """
    if repeats is not None:
        once = parse_series(column, repeats.distinct)
        if once.is_plain:
            return Parsed(repeats.spread(once.values))
    parsed = read_series(column, raw)
    if column.repair is None:
        return parsed
    return replace(parsed, values=repair_series(column, parsed.values))


def read_series(column: Column, raw: pl.Series) -> Parsed:
    """The same before anything is repaired."""
    if column.type is ColumnType.WORDS:
        lists, odd = split_words(raw)
        return Parsed.of(lists, raw, odd)
    if column.type is ColumnType.LABELS:
        from trainwright.data.types.label_lists import read_labels

        lists, odd = read_labels(column, raw)
        return Parsed.of(lists, raw, odd)
    if column.type is ColumnType.MESSAGES:
        from trainwright.data.types.messages import read_messages

        texts, odd = read_messages(raw)
        return Parsed.of(texts, raw, odd)
    if raw.dtype == pl.Null:
        raw = raw.cast(pl.String)
    if raw.dtype != pl.String:
        return _native(column, raw)
    if column.type in _WORDS:
        bare = stripped(raw)
        text = without_nulls(bare, column.nulls)
        values = _from_text(column, text)
        changed = _stripped_cells(raw, bare, values)
        if text.null_count() == raw.null_count() and values.null_count() == text.null_count():
            return Parsed(values, changed=changed)
        rows = (values.is_null() & raw.is_not_null()).arg_true()
        return replace(_sorted_out(column, values, rows, bare.gather(rows)), changed=changed)
    values, rows, bare, num_stripped = _retried(
        _from_text(column, raw), raw, lambda text: _from_text(column, text)
    )
    parsed = _marked_out(column, _sorted_out(column, values, rows, bare))
    blanks = {BLANKS_RULE: num_stripped} if num_stripped else {}
    return replace(parsed, changed=blanks | _changed(column, raw, values))


def _stripped_cells(raw: pl.Series, bare: pl.Series, values: pl.Series) -> dict[str, int]:
    """How many values had blanks around them."""
    if bare is raw:
        return {}
    before, after = raw.str.len_bytes(), bare.str.len_bytes()
    if before.sum() == after.sum():
        return {}
    count = int(((before != after) & values.is_not_null()).sum())
    return {BLANKS_RULE: count} if count else {}


def _changed(column: Column, raw: pl.Series, values: pl.Series) -> dict[str, int]:
    """How many cells each rule of a format changed."""
    if column.type is ColumnType.DATETIME and not column.formats:
        return cut_of(raw.filter(values.is_not_null())) if "%.f" in (column.format or "") else {}
    if column.type is ColumnType.DATETIME:
        told = f"not written as {column.format}, but in another known way"
        by_first = _from_text(replace(column, formats=()), stripped(raw)).count()
        return {told: values.count() - by_first} if values.count() > by_first else {}
    if column.type is not ColumnType.NUMBER or (column.written is None and column.decimal == "."):
        return {}
    read = raw.filter(values.is_not_null())
    return changes(stripped(read), column.decimal, column.written)


def _sorted_out(column: Column, values: pl.Series, rows: pl.Series, bare: pl.Series) -> Parsed:
    """Of cells without a value: empty ones, marks for missing, and misfits."""
    if not len(rows):
        return Parsed(values)
    is_empty = bare == ""
    is_mark = bare.is_in(list(column.nulls))
    odd = ~(is_empty | is_mark)
    return Parsed(
        values,
        rows.filter(odd),
        bare.filter(odd),
        int(is_empty.sum()),
        rows.filter(is_mark),
        bare.filter(is_mark),
    )


def _marked_out(column: Column, parsed: Parsed) -> Parsed:
    """Without the values that stand for missing, such as -999."""
    marks = marks_of(column)
    if not marks:
        return parsed
    gone = parsed.values.is_in(list(marks))
    if not gone.any():
        return parsed
    found = parsed.values.filter(gone)
    if column.type is ColumnType.DATETIME and column.format in EPOCHS:
        texts = (found.to_physical() // EPOCHS[column.format or ""]).cast(pl.String)
    elif column.type is ColumnType.DATETIME:
        texts = found.dt.strftime(
            as_strptime(column.format or "%Y-%m-%d").replace("%#z", "").strip()
        )
    else:
        texts = mark_texts(found, column.decimal)
    return replace(
        parsed,
        values=null_where(gone, parsed.values),
        marks=pl.concat([parsed.marks, gone.arg_true()]),
        marked=pl.concat([parsed.marked, texts.alias(parsed.marked.name)]),
    )


@lru_cache(maxsize=4096)
def marks_of(column: Column) -> tuple[Any, ...]:
    """The column's null markers that are values as well."""
    if column.type not in (ColumnType.NUMBER, ColumnType.DATETIME):
        return ()
    return tuple(_from_text(column, pl.Series(column.nulls, dtype=pl.String)).drop_nulls())


def number_text(text: pl.Series, decimal: str, written: NumberFormat | None = None) -> pl.Series:
    """Float64 where the text is a finite number as the contract says, else null.

    Plain and scientific notation are read first; what is written with more than that is rewritten.
    """
    if decimal == "," and written is not None:
        return read_written(text, decimal, written)
    if decimal == ",":
        points = text.str.contains(".", literal=True)
        text = null_where(points, text).str.replace(",", ".", literal=True)
    if written is not None and not written.bare:
        return read_written(text, decimal, written)
    values = text.cast(pl.Float64, strict=False)
    if not math.isfinite(values.sum()):  # the cast also takes nan, inf, 1e400
        values = null_where(~values.is_finite(), values)
    if written is None or values.null_count() == text.null_count():
        return values
    rest = (values.is_null() & text.is_not_null()).arg_true()
    found = read_written(text.gather(rest), decimal, written)
    known = found.is_not_null()
    return values.scatter(rest.filter(known), found.filter(known)) if known.any() else values


def _retried(
    values: pl.Series, text: pl.Series, read: Callable[[pl.Series], pl.Series]
) -> tuple[pl.Series, pl.Series, pl.Series, int]:
    """Read once more, without blanks around them, the texts that gave no value.

    Most columns have few of them, so that stripping all texts would be the dearer way.

    Returns:
        The values; of the texts that still give none their rows, and the stripped texts; and how
        many gave one now.
    """
    if values.null_count() == text.null_count():
        return values, pl.Series([], dtype=pl.UInt32), text.clear(), 0
    rows = (values.is_null() & text.is_not_null()).arg_true()
    bare = stripped(text.gather(rows))
    again = read(bare)
    if again.count():
        values = values.scatter(rows.filter(again.is_not_null()), again.drop_nulls())
    left = again.is_null()
    return values, rows.filter(left), bare.filter(left), again.count()


def _from_text(column: Column, text: pl.Series) -> pl.Series:
    name = text.name
    if column.type is ColumnType.NUMBER:
        return number_text(text, column.decimal, column.written).alias(name)
    if column.type is ColumnType.BOOLEAN:
        return boolean_text(text, column.true).alias(name)
    if column.type is ColumnType.DATETIME:
        moments = parse_dates(text, column.format or "%Y-%m-%dT%H:%M:%S%.f")
        for form in column.formats:
            rest = (moments.is_null() & text.is_not_null()).arg_true()
            found = parse_dates(text.gather(rest), form)
            known = found.is_not_null()
            moments = moments.scatter(rest.filter(known), found.filter(known))
        return moments.alias(name)
    if column.integer:
        return whole_text(number_text(text, column.decimal)).alias(name)
    if column.true:
        return boolean_text(text, column.true).cast(pl.String).alias(name)
    return text


def boolean_text(text: pl.Series, true: tuple[str, ...]) -> pl.Series:
    """True for the column's words, False for their opposites, else null."""
    false = [FALSE_OF[word] for word in true]
    if len(true) == 1:
        is_true = text == true[0]
        if (is_true | (text == false[0])).all(ignore_nulls=True):  # so written, as most are
            return is_true

    def read(words: pl.Series) -> pl.Series:
        return words.str.to_lowercase().replace_strict(
            [*true, *false], [True] * len(true) + [False] * len(false), default=None,
            return_dtype=pl.Boolean,
        )  # fmt: skip

    return each_once(text, read)


def whole_text(numbers: pl.Series) -> pl.Series:
    """Whole numbers as their shortest text ("1", not "1.0"); null where not whole."""
    broken = (numbers != numbers.floor()) | (numbers.abs() >= 2**53)
    return null_where(broken, numbers).cast(pl.Int64).cast(pl.String)


def _native(column: Column, raw: pl.Series) -> Parsed:
    kind = raw.dtype
    if kind in (pl.Categorical, pl.Enum):
        return read_series(column, raw.cast(pl.String))
    if kind == pl.Binary:
        return _of_bytes(column, raw)
    values: pl.Series | None = None
    if column.type is ColumnType.NUMBER and (kind.is_numeric() or isinstance(kind, pl.Decimal)):
        floats = raw.cast(pl.Float64).fill_nan(None)
        infinite = floats.is_infinite()
        return _marked_out(column, Parsed.of(null_where(infinite, floats), raw, infinite))
    if column.type is ColumnType.NUMBER and isinstance(kind, pl.Duration):
        values = raw.to_physical().cast(pl.Float64) / _PER_SECOND[kind.time_unit]  # no overflow
    elif column.type is ColumnType.BOOLEAN and kind == pl.Boolean:
        values = raw
    elif column.type is ColumnType.BOOLEAN and kind.is_integer():
        values = boolean_text(raw.cast(pl.String), ("1",))
    elif column.type is ColumnType.DATETIME and kind.is_numeric() and column.format in EPOCHS:
        moments = from_epoch(raw, column.format or "")
        for form in column.formats:
            moments = moments.fill_null(from_epoch(raw, form))
        return _marked_out(column, Parsed.of(moments, raw, moments.is_null() & raw.is_not_null()))
    elif column.type is ColumnType.DATETIME and kind.is_numeric() and column.format in COMPACT:
        point = ".0" if column.format.endswith(".0") else ""
        return read_series(column, whole_text(raw.cast(pl.Float64)) + point)
    elif column.type is ColumnType.DATETIME and kind in (pl.Date, pl.Datetime):
        return replace(_marked_out(column, Parsed(naive_utc(raw))), changed=cut_of(raw))
    elif column.type in _WORDS:
        return read_series(column, _as_text(raw))
    if values is None:
        none = pl.Series(raw.name, [None] * len(raw), dtype=pl.Float64)
        return Parsed.of(none, raw, raw.is_not_null())
    return Parsed.of(values.alias(raw.name), raw, values.is_null() & raw.is_not_null())


def _of_bytes(column: Column, raw: pl.Series) -> Parsed:
    """Bytes that are UTF-8, as some writers of Parquet leave texts; others are no value of any column."""
    try:
        return read_series(column, raw.cast(pl.String))
    except pl.exceptions.ComputeError:
        texts = [None if cell is None else _decoded(cell) for cell in raw]
    parsed = read_series(column, pl.Series(raw.name, texts, dtype=pl.String))
    rows = [row for row, text in enumerate(texts) if text is None and raw[row] is not None]
    told = [f"{len(raw[row])} bytes that are no text" for row in rows]
    return replace(
        parsed,
        rows=pl.concat([parsed.rows, pl.Series(rows, dtype=parsed.rows.dtype)]),
        texts=pl.concat([parsed.texts, pl.Series(told, dtype=pl.String).alias(parsed.texts.name)]),
    )


def _decoded(cell: bytes) -> str | None:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return None


def naive_utc(raw: pl.Series) -> pl.Series:
    """Dates and moments as naive microseconds in UTC."""
    zone = getattr(raw.dtype, "time_zone", None)
    moments = raw.cast(pl.Datetime("us", zone))
    return moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else moments


def _as_text(raw: pl.Series) -> pl.Series:
    """Native values as CSV would hold them; whole floats without ".0"."""
    if raw.dtype == pl.Duration:
        raw = raw.to_physical()  # which has no text of its own
    if not raw.dtype.is_float():
        return raw.cast(pl.String)
    raw = raw.fill_nan(None)
    return whole_text(raw).fill_null(raw.cast(pl.String))
