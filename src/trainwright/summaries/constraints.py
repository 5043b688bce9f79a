"""What a contract asks of values, checked in a frame and in a single row by the same rules.

A comparison is two sides and one of six signs between them: a column with another column, a number or a
quoted text. There is nothing else in the language: no arithmetic, no function, nothing that runs. A side that
is missing breaks no rule. Patterns run on Polars' regex engine, which takes linear time, for one text as for
many.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType

_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_SIDE = r"`(?P<{0}quoted>[^`]+)`|(?P<{0}name>[^\W\d]\w*)|(?P<{0}number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_TEXT = r"""|"(?P<text>[^"\\]*)"|'(?P<single>[^'\\]*)'"""
_COMPARISON = re.compile(
    rf"\s*(?:{_SIDE.format('left_')})\s*(?P<sign>>=|<=|==|!=|>|<)\s*(?:{_SIDE.format('right_')}{_TEXT})\s*"
)
MOST_CHARS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison.

    Attributes:
        column: The left side.
        sign: One of >=, <=, >, <, ==, !=.
        other: The column on the right side, or None.
        constant: The number or text there.
    """

    column: str
    sign: str
    other: str | None = None
    constant: float | str | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """Rows that break one rule.

    Attributes:
        column: The rule's column.
        what: What it asks.
        rows: Positions within the frame, ascending; shape (rows,), int64.
    """

    column: str
    what: str
    rows: NDArray[np.int64]


@lru_cache(maxsize=1024)
def parse_comparison(text: str) -> Comparison:
    """A comparison of a column with a column or a constant.

    Raises:
        ValueError: it is no such thing.
    """
    found = _COMPARISON.fullmatch(text) if len(text) <= MOST_CHARS else None
    column = found and (found["left_quoted"] or found["left_name"])
    if found is None or not column:
        raise ValueError(
            f"{text[:100]!r} is no comparison of a column with a column, a number or a quoted text"
        )
    other = found["right_quoted"] or found["right_name"]
    if other:
        return Comparison(column, found["sign"], other)
    if found["right_number"]:
        return Comparison(column, found["sign"], None, float(found["right_number"]))
    quoted = found["single"] if found["text"] is None else found["text"]
    return Comparison(column, found["sign"], None, quoted)


def violations(
    columns: Sequence[Column], frame: pl.DataFrame, *, kinds: Mapping[str, ColumnType] | None = None
) -> Iterator[Violation]:
    """The rules of columns that rows of a frame break; uniqueness is not looked at.

    Args:
        columns: Those of the frame whose rules are checked.
        frame: Typed rows; a comparison with a column that is not there is passed over.
        kinds: Types of all columns of the frame; those of `columns` where not said.
    """
    kinds = kinds or {column.name: column.type for column in columns}
    for column in columns:
        if column.rule is None or column.name not in frame.columns:
            continue
        for what, kept in _expressions(column, kinds):
            rows = frame.select((~kept).fill_null(value=False).alias("broken"))["broken"].arg_true()
            if len(rows):
                yield Violation(column.name, what, rows.to_numpy().astype(np.int64))


def broken_by(columns: Sequence[Column], row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The rules that a row breaks, as (column, what it asks); a date-time is microseconds since 1970."""
    for column in columns:
        rule, value = column.rule, row.get(column.name)
        if rule is None or value is None:
            continue
        if isinstance(value, float) and rule.low is not None and value < rule.low:
            yield column.name, _at_least(rule.low)
        if isinstance(value, float) and rule.high is not None and value > rule.high:
            yield column.name, _at_most(rule.high)
        if rule.categories and value not in rule.categories:
            yield column.name, _one_of(rule.categories)
        if rule.pattern is not None and not matches(rule.pattern, str(value)):
            yield column.name, _match(rule.pattern)
        for text in rule.comparisons:
            comparison = parse_comparison(text)
            other: Any = comparison.constant
            if comparison.other is not None:
                other = row.get(comparison.other)
            elif isinstance(other, str) and column.type is ColumnType.DATETIME:
                other = microseconds(other)
            if other is not None and not _SIGNS[comparison.sign](value, other):
                yield column.name, text


def matches(pattern: str, text: str) -> bool:
    """Does the whole text match?"""
    return bool(pl.Series([text]).str.contains(_whole(pattern))[0])


def microseconds(text: str) -> int:
    """An ISO 8601 date or moment since 1970, in UTC where it has no zone.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return round((moment - _EPOCH).total_seconds() * 1e6)


def _expressions(column: Column, kinds: Mapping[str, ColumnType]) -> Iterator[tuple[str, pl.Expr]]:
    """What each part of a rule asks, and the expression that is true where it is kept."""
    rule, value = column.rule, pl.col(column.name)
    assert rule is not None
    if rule.low is not None:
        yield _at_least(rule.low), value >= rule.low
    if rule.high is not None:
        yield _at_most(rule.high), value <= rule.high
    if rule.categories:
        yield _one_of(rule.categories), value.is_in(list(rule.categories))
    if rule.pattern is not None:
        yield _match(rule.pattern), value.str.contains(_whole(rule.pattern))
    for text in rule.comparisons:
        comparison = parse_comparison(text)
        if comparison.other is not None and comparison.other not in kinds:
            continue
        constant = comparison.constant
        other = pl.lit(constant) if comparison.other is None else pl.col(comparison.other)
        left = value
        if isinstance(constant, str) and column.type is ColumnType.DATETIME:
            left, other = value.dt.epoch("us"), pl.lit(microseconds(constant))
        yield text, _SIGNS[comparison.sign](left, other)


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _at_least(low: float) -> str:
    return f"{low:.10g} or more"


def _at_most(high: float) -> str:
    return f"{high:.10g} or less"


def _one_of(categories: Sequence[str]) -> str:
    told = ", ".join(map(repr, categories[:5]))
    return f"one of {told}" + (" ..." if len(categories) > 5 else "")


def _match(pattern: str) -> str:
    return f"a text that matches {pattern}"
