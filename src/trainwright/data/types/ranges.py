"""The range and shape of a number column, block by block: what tells names and marks from numbers.

Whole numbers written with zeros in front, and those of 2^53 and beyond, would be changed by a float.
A value such as -999 that stands far from all others is a mark for missing: the extremes of a block
are looked at, which costs two passes over its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

EXACT = 2**53  # whole numbers beyond are not all told apart by a float64
MARKS = frozenset(sign * float("9" * digits) for digits in range(2, 9) for sign in (1, -1)) | {
    -9.0,
    -99999999.0,
}
_FIRST = 4096
_BLOCK_ROWS = 65_536
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
class Numbers:
    """Of a block, or of several.

    Attributes:
        is_whole: Every number is.
        least: The smallest but for marks; None where there is none.
        most: The largest but for marks.
        marks: How often numbers such as -999 stand at an end of the range.
        zeros: Whole numbers written with zeros in front; looked for while all are whole.
        beyond: Whole numbers of 2^53 and more, in digits.
        ends: The first and the last number.
        counts_up: Each is the one before plus one, none missing.
    """

    is_whole: bool = True
    least: float | None = None
    most: float | None = None
    marks: Mapping[float, int] = field(default_factory=dict)
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
        least, most, marks = _extent(values)
        if least is None and not marks:
            return cls(counts_up=not len(values))
        largest = max(abs(v) for v in (least, most, *marks) if v is not None)
        is_text = raw.dtype == pl.String
        no_gaps = not values.null_count()
        return cls(
            is_whole=whole,
            least=least,
            most=most,
            marks=marks,
            zeros=_leading_zeros(raw, values, first_row) if whole and is_text else Found(),
            beyond=_beyond(raw, values, first_row) if whole and largest >= EXACT else Found(),
            ends=(values[0], values[-1]) if no_gaps else None,
            counts_up=no_gaps and whole and all(map(_steps, (values.head(20), values))),
        )

    def merge(self, later: Numbers) -> Numbers:
        """Of both; the other's rows come later."""
        joins = self.ends is None or later.ends is None or self.ends[1] + 1 == later.ends[0]
        marks = {
            mark: self.marks.get(mark, 0) + later.marks.get(mark, 0)
            for mark in sorted({*self.marks, *later.marks})
        }
        return Numbers(
            self.is_whole and later.is_whole,
            _of_both(min, self.least, later.least),
            _of_both(max, self.most, later.most),
            marks,
            self.zeros.merge(later.zeros),
            self.beyond.merge(later.beyond),
            (self.ends[0], later.ends[1]) if self.ends and later.ends else None,
            self.counts_up and later.counts_up and joins,
        )


def is_whole(values: pl.Series) -> bool:
    """True when no number has a fraction."""
    few = values.head(_FIRST)  # most columns that are not whole show it at once
    return all(bool((v == v.floor()).all()) for v in (few, values))


def _extent(values: pl.Series) -> tuple[float | None, float | None, dict[float, int]]:
    """The smallest and largest value, but for marks at either end, which are counted."""
    marks: dict[float, int] = {}
    while True:
        least: Any = values.min()
        most: Any = values.max()
        found = [end for end in (least, most) if end in MARKS]
        if not found:
            return least, most, marks
        for mark in found[:1]:
            num_values = values.count()
            values = values.filter(values != mark)
            marks[mark] = num_values - values.count()


def _of_both(choose: Any, one: float | None, other: float | None) -> float | None:  # noqa: ANN401 - min or max
    known = [value for value in (one, other) if value is not None]
    return choose(known) if known else None


def _steps(values: pl.Series) -> bool:
    return bool((values.diff().drop_nulls() == 1).all())


def _found(text: pl.Series, rows: pl.Series, first_row: int) -> Found:
    if not len(rows):
        return Found()
    at = rows.head(_KEPT).cast(pl.Int64).to_numpy() + first_row
    return Found(len(rows), at, str(text[int(rows[0])]))


def _leading_zeros(text: pl.Series, values: pl.Series, first_row: int) -> Found:
    """Rows whose text begins with zeros that the number does not have.

    A whole number written in n signs is at least 10^(n-1) unless it has zeros, blanks or a sign in
    front, so that the pattern need not look at most texts.
    """
    lengths, numbers = text.str.len_bytes().fill_null(0).to_numpy(), values.to_numpy()
    found = []
    for start in range(0, len(text), _BLOCK_ROWS):  # in the cache: a third of the time
        block = slice(start, start + _BLOCK_ROWS)
        least = _LEAST[np.minimum(lengths[block], len(_LEAST) - 1)]
        found.append(np.flatnonzero(np.abs(numbers[block]) < least) + start)
    rows = pl.Series(np.concatenate(found))
    rows = rows.filter(text.gather(rows).str.contains(r"^\s*[+-]?0[0-9]+\s*$"))
    return _found(text, rows, first_row)


def _beyond(raw: pl.Series, values: pl.Series, first_row: int) -> Found:
    large = values.abs() >= EXACT
    if raw.dtype == pl.String:
        large &= raw.str.contains(r"^\s*[+-]?[0-9]+\s*$")
    elif not raw.dtype.is_integer():
        return Found()
    return _found(raw, large.arg_true(), first_row)
