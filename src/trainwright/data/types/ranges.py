"""The range and shape of a number column, block by block: what tells names and marks from numbers.

Whole numbers written with zeros in front, and those of 2^53 and beyond, would be changed by a float.
A value such as -999 that stands far from all others is a mark for missing: the extremes of a block
are looked at, which costs two passes over its numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.types.fills import MARKS
from trainwright.data.types.views import Views

EXACT = 2**53  # whole numbers beyond are not all told apart by a float64
DATE_MARKS = {  # microseconds since 1970
    (date - datetime(1970, 1, 1)) // timedelta(microseconds=1): date
    for date in (
        datetime(9999, 12, 31), datetime(9999, 1, 1), datetime(2999, 12, 31), datetime(2099, 12, 31),
        datetime(1970, 1, 1), datetime(1900, 1, 1), datetime(1899, 12, 31), datetime(1899, 12, 30),
    )
}  # fmt: skip
_FIRST = 4096
_REPEATS = 3  # that a value must at least, to be taken for a mark
_ONE, _DIGITS = np.uint8(ord("1")), 9
_KEPT = 65_536
_LEAST = np.array([0.0, 0.0, *(10.0 ** np.arange(1, 64))])  # a whole number of so many digits


@dataclass(frozen=True, slots=True)
class Found:
    """Cells of a kind: how many, the first 65,536 rows, and the first text."""

    count: int = 0
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    first: str = ""

    def merge(self, later: Found) -> Found:
        """Of both; the other's rows come later."""
        if not self.count or not later.count:
            return self if self.count else later
        rows = np.concatenate([self.rows, later.rows])[:_KEPT]
        return Found(self.count + later.count, rows, self.first)


@dataclass(frozen=True, slots=True)
class Extent:
    """The ends of a range, but for values that usually stand for missing.

    Attributes:
        least: The smallest but for marks; None where there is none.
        most: The largest but for marks.
        marks: How often such values stand at an end; true to the column where they stand far from it.
    """

    least: float | None = None
    most: float | None = None
    marks: Mapping[float, int] = field(default_factory=dict)

    @classmethod
    def of(cls, values: pl.Series, *, marks: Collection[float]) -> Extent:
        """Of one block of numbers; `marks` are the values that usually stand for missing."""
        seen: dict[float, int] = {}
        while True:
            least: Any = values.min()
            most: Any = values.max()
            mark = next((end for end in (least, most) if end in marks), None)
            if mark is None:
                return cls(least, most, seen)
            num_values = values.count()
            values = values.filter(values != mark)
            seen[mark] = num_values - values.count()

    def merge(self, other: Extent) -> Extent:
        """Of both."""
        both = sorted({*self.marks, *other.marks})
        return Extent(
            _of_both(min, self.least, other.least),
            _of_both(max, self.most, other.most),
            {mark: self.marks.get(mark, 0) + other.marks.get(mark, 0) for mark in both},
        )

    @property
    def ends(self) -> list[float]:
        """The ends of all values, marks included; empty where there is none."""
        return [end for end in (self.least, self.most, *self.marks) if end is not None]

    def far(self, *, spans: float, is_number: bool = True) -> list[float]:
        """Marks that repeat and stand further from all other values than so many of their spans.

        Above, a mark among numbers is also at least twice the largest: 99 is a year among 92 and 95.
        """
        if self.least is None or self.most is None or self.least == self.most:
            return []
        gap = spans * (self.most - self.least)
        above = max(self.most + gap, 2 * self.most) if is_number else self.most + gap
        return [
            mark
            for mark, count in self.marks.items()
            if count >= _REPEATS and (mark < self.least - gap or mark > above)
        ]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of a block, or of several.

    Attributes:
        is_whole: Every number is.
        extent: Where they lie.
        zeros: Whole numbers written with zeros in front; looked for while all are whole.
        beyond: Numbers of 2^53 and more, in digits; a fraction of theirs is lost as well.
        ends: The first and the last number.
        counts_up: Each is the one before plus one, none missing.
    """

    is_whole: bool = True
    extent: Extent = field(default_factory=Extent)
    zeros: Found = field(default_factory=Found)
    beyond: Found = field(default_factory=Found)
    ends: tuple[float, float] | None = None
    counts_up: bool = True

    @classmethod
    def of(cls, values: pl.Series, raw: pl.Series, *, first_row: int) -> Numbers:
        """Of one block.

        Args:
            values: The numbers.
            raw: The cells as they were read; texts are looked at for zeros in front.
            first_row: Global position of the first.
        """
        whole = is_whole(values)
        extent = Extent.of(values, marks=MARKS)
        if not extent.ends:
            return cls(counts_up=not len(values))
        largest = max(map(abs, extent.ends))
        is_text = raw.dtype == pl.String
        no_gaps = not values.null_count()
        return cls(
            is_whole=whole,
            extent=extent,
            zeros=_leading_zeros(raw, values, first_row) if whole and is_text else Found(),
            beyond=_beyond(raw, values, first_row) if whole and largest >= EXACT else Found(),
            ends=(values[0], values[-1]) if no_gaps else None,
            counts_up=no_gaps and whole and _counts_up(values.to_numpy()),
        )

    def merge(self, later: Numbers) -> Numbers:
        """Of both; the other's rows come later."""
        joins = self.ends is None or later.ends is None or self.ends[1] + 1 == later.ends[0]
        return Numbers(
            self.is_whole and later.is_whole,
            self.extent.merge(later.extent),
            self.zeros.merge(later.zeros),
            self.beyond.merge(later.beyond),
            (self.ends[0], later.ends[1]) if self.ends and later.ends else None,
            self.counts_up and later.counts_up and joins,
        )


def is_whole(values: pl.Series) -> bool:
    """True when no number has a fraction."""
    few = values.head(_FIRST)  # most columns that are not whole show it at once
    return all(bool((v == v.floor()).all()) for v in (few, values))


def _of_both(choose: Any, one: float | None, other: float | None) -> float | None:  # noqa: ANN401 - min or max
    known = [value for value in (one, other) if value is not None]
    return choose(known) if known else None


def _counts_up(numbers: NDArray[Any]) -> bool:
    """Is each the one before plus one? The first few show of most columns that they do not."""
    return all(bool((np.diff(some) == 1).all()) for some in (numbers[:20], numbers))


def _found(text: pl.Series, rows: pl.Series, first_row: int) -> Found:
    if not len(rows):
        return Found()
    at = rows.head(_KEPT).cast(pl.Int64).to_numpy() + first_row
    return Found(len(rows), at, str(text[int(rows[0])]))


def _leading_zeros(text: pl.Series, values: pl.Series, first_row: int) -> Found:
    """Rows whose text begins with zeros that the number does not have.

    Such a text begins with no digit from 1 to 9, and a whole number written in n signs is at least
    10^(n-1) unless it has zeros, blanks or a sign in front, so that the pattern need not look at most.
    """
    views = Views.of(text.rechunk())
    at = np.flatnonzero((views.first - _ONE >= _DIGITS) & (views.lengths > 1))  # below 1 is above 9
    least = _LEAST[np.minimum(views.lengths[at], len(_LEAST) - 1)]
    rows = pl.Series(at[np.abs(values.to_numpy()[at]) < least])  # NaN where there is none
    if not len(rows):
        return Found()
    rows = rows.filter(text.gather(rows).str.contains(r"^\s*[+-]?0[0-9]+\s*$"))
    return _found(text, rows, first_row)


def _beyond(raw: pl.Series, values: pl.Series, first_row: int) -> Found:
    large = values.abs() >= EXACT
    if raw.dtype == pl.String:
        large &= raw.str.contains(r"^\s*[+-]?[0-9]+(?:\.[0-9]+)?\s*$")
    elif not (raw.dtype.is_integer() or isinstance(raw.dtype, pl.Decimal)):
        return Found()
    return _found(raw, large.arg_true(), first_row)


def holds_whole_numbers(kind: pl.DataType) -> bool:
    """True of integers, and of decimals without a place behind the mark."""
    return kind.is_integer() or (isinstance(kind, pl.Decimal) and kind.scale == 0)
