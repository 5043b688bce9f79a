"""What came of reading a column, block by block: counts that add up to those of the whole column.

A `Tally` is merged in the order of the rows and is then the same however they were cut. It is bounded:
of cells that do not fit it keeps the first 65,536 rows and the first 1,000 texts, of distinct
values 10,000, and beyond an estimate of their number (HyperLogLog). What costs more than a glance
at each value is only counted where the proposed type asks for it (`Watch`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types.epochs import Counts
from trainwright.data.types.ranges import DATE_MARKS, Extent, Numbers
from trainwright.data.types.values import Parsed
from trainwright.summaries.sketches import HyperLogLog, hash_numbers, hash_texts

MANY = 10_000  # distinct values that are kept by name
_ROWS = 65_536
_TEXTS = 1_000
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Watch:
    """What a proposed type wants counted beside the cells.

    Attributes:
        distinct: Different values.
        texts: Different texts as they stand, lower case (of booleans).
        order: Whether the values rise or fall from row to row.
    """

    distinct: bool = False
    texts: bool = False
    order: bool = False


PLAIN = Watch()


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one kind: how many, where, and what stands in them.

    Attributes:
        count: All of them.
        rows: Global positions of the first 65,536, ascending.
        texts: The first 1,000 different texts, each with its count.
    """

    count: int = 0
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    texts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: pl.Series, texts: pl.Series, *, first_row: int) -> Cells:
        """Of one block; `rows` are positions in it."""
        if not len(rows):
            return NO_CELLS
        shown = texts.str.slice(0, _LONGEST).alias("text").to_frame()
        counted = shown.group_by("text", maintain_order=True).len().head(_TEXTS)
        at = rows.head(_ROWS).cast(pl.Int64).to_numpy() + first_row
        return cls(len(rows), at, dict(counted.iter_rows()))

    def merge(self, later: Cells) -> Cells:
        """Of both; the other's rows come later."""
        if not self.count or not later.count:
            return self if self.count else later
        texts = dict(self.texts)
        for text, count in later.texts.items():
            if text in texts or len(texts) < _TEXTS:
                texts[text] = texts.get(text, 0) + count
        rows = np.concatenate([self.rows, later.rows])[:_ROWS]
        return Cells(self.count + later.count, rows, texts)

    def without(self, texts: Sequence[str]) -> Cells:
        """Without those that hold one of these texts; which rows are left is not known."""
        left = {text: count for text, count in self.texts.items() if text not in texts}
        gone = sum(self.texts.values()) - sum(left.values())
        return Cells(self.count - gone, self.rows[:0], left) if gone else self

    @property
    def first(self) -> str:
        """The first text."""
        return next(iter(self.texts))


NO_CELLS = Cells()


@dataclass(frozen=True, slots=True)
class Distinct:
    """Different values: by name with their counts up to 10,000 of them, beyond as an estimate.

    Attributes:
        counts: Columns value and count; None beyond.
        sketch: Estimates the number beyond.
    """

    counts: pl.DataFrame | None = None
    sketch: HyperLogLog | None = None

    @classmethod
    def of(cls, values: pl.Series) -> Distinct:
        """Of one block; null is no value."""
        return cls(values.drop_nulls().alias("value").value_counts(name="count"))._bounded()

    @classmethod
    def of_lower(cls, raw: pl.Series) -> Distinct:
        """Of the texts of one block as they stand, in lower case and without blanks around them."""
        found = raw.cast(pl.String).drop_nulls().alias("value").value_counts(name="count")
        lower = pl.col("value").str.strip_chars().str.to_lowercase()
        return cls(found.group_by(lower).agg(pl.col("count").sum()))._bounded()

    def merge(self, other: Distinct) -> Distinct:
        """Of both."""
        if self.counts is not None and other.counts is not None:
            both = pl.concat([self.counts, other.counts])
            return Distinct(both.group_by("value").agg(pl.col("count").sum()))._bounded()
        return Distinct(None, self._sketch().merge(other._sketch()))

    @property
    def number(self) -> int:
        """How many there are."""
        if self.counts is not None:
            return self.counts.height
        return round(self._sketch().estimate)

    @property
    def values(self) -> pl.Series | None:
        """In order; None where there are more than are kept."""
        return None if self.counts is None else self.counts["value"].sort()

    @property
    def sizes(self) -> dict[Any, int] | None:
        """How many rows hold each."""
        return None if self.counts is None else dict(self.counts.sort("value").iter_rows())

    def _bounded(self) -> Distinct:
        assert self.counts is not None
        return self if self.counts.height <= MANY else Distinct(None, self._sketch())

    def _sketch(self) -> HyperLogLog:
        if self.sketch is not None:
            return self.sketch
        assert self.counts is not None
        values = self.counts["value"]
        if values.dtype == pl.String:
            return HyperLogLog.of(hash_texts(values))
        return HyperLogLog.of(hash_numbers(values.to_physical().to_numpy()))


@dataclass(frozen=True, slots=True)
class Single:
    """Whether all values of a column are one.

    Attributes:
        value: The first; None where there is none.
        is_only: No other was seen.
    """

    value: Any = None
    is_only: bool = True

    @classmethod
    def of(cls, values: pl.Series) -> Single:
        """Of one block."""
        at = values.is_not_null().arg_max() if values.null_count() else 0
        first = values[at] if at is not None and len(values) else None
        if first is None or values.dtype.is_nested() or values.dtype == pl.Binary:
            return Single(first, first is None)
        return Single(first, all(bool((v == first).all()) for v in (values.head(1000), values)))

    def merge(self, later: Single) -> Single:
        """Of both."""
        if self.value is None or later.value is None:
            return later if self.value is None else self
        return Single(self.value, self.is_only and later.is_only and self.value == later.value)


@dataclass(frozen=True, slots=True)
class Order:
    """Whether values rise or fall throughout; ties do not count.

    Attributes:
        ends: The first and the last value; None where there is none.
        rises: No value is less than the one before.
        falls: No value is more than the one before.
    """

    ends: tuple[Any, Any] | None = None
    rises: bool = True
    falls: bool = True

    @classmethod
    def of(cls, values: pl.Series) -> Order:
        """Of one block."""
        known = values.drop_nulls()
        if not len(known):
            return Order()
        rises, falls = known.is_sorted(), known.is_sorted(descending=True)
        return Order((known[0], known[-1]), rises, falls)

    def merge(self, later: Order) -> Order:
        """Of both; the other's rows come later."""
        if self.ends is None or later.ends is None:
            return later if self.ends is None else self
        end, begin = self.ends[1], later.ends[0]
        return Order(
            (self.ends[0], later.ends[1]),
            self.rises and later.rises and end <= begin,
            self.falls and later.falls and end >= begin,
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """Of the rows of one or more blocks, read by one contract.

    Attributes:
        rows: Cells.
        values: Those that gave a value.
        misfits: Those that are neither a value nor missing.
        empty: Cells that hold an empty text.
        marks: Cells with another text that was read as missing.
        changed: How many cells each rule changed, by the rule's name.
        single: Whether all values are one.
        numbers: Range and shape, of a number column.
        distinct: Different values, where they were watched.
        texts: Different texts, where they were watched.
        order: Of the values, where it was watched.
        moments: Where the values of a date-time column lie, in microseconds since 1970.
        epochs: Numbers that may count from the start of 1970.
    """

    rows: int = 0
    values: int = 0
    misfits: Cells = NO_CELLS
    empty: int = 0
    marks: Cells = NO_CELLS
    changed: Mapping[str, int] = field(default_factory=dict)
    single: Single = field(default_factory=Single)
    numbers: Numbers | None = None
    distinct: Distinct | None = None
    texts: Distinct | None = None
    order: Order | None = None
    moments: Extent | None = None
    epochs: Counts = field(default_factory=Counts)

    @property
    def gaps(self) -> dict[str, int]:
        """How often each text was read as missing; "" is the empty field."""
        return {**({"": self.empty} if self.empty else {}), **self.marks.texts}

    @classmethod
    def of(
        cls, column: Column, raw: pl.Series, parsed: Parsed, *, first_row: int, watch: Watch
    ) -> Tally:
        """Of one block; `first_row` is the global position of its first row."""
        values = parsed.values
        is_number = column.type is ColumnType.NUMBER
        return cls(
            rows=len(values),
            values=len(values) - values.null_count(),
            misfits=Cells.of(parsed.rows, parsed.texts, first_row=first_row),
            empty=parsed.empty,
            marks=Cells.of(parsed.marks, parsed.marked, first_row=first_row),
            changed=dict(sorted(parsed.changed.items())),
            single=Single.of(values),
            numbers=Numbers.of(values, raw, first_row=first_row) if is_number else None,
            distinct=Distinct.of(values) if watch.distinct else None,
            texts=Distinct.of_lower(raw) if watch.texts else None,
            order=Order.of(values) if watch.order else None,
            moments=_moments(values) if column.type is ColumnType.DATETIME else None,
            epochs=Counts.of(column, values, first_row=first_row),
        )

    def merge(self, later: Tally) -> Tally:
        """Of both; the other's rows come later."""
        if not self.rows or not later.rows:
            return self if self.rows else later
        return Tally(
            self.rows + later.rows,
            self.values + later.values,
            self.misfits.merge(later.misfits),
            self.empty + later.empty,
            self.marks.merge(later.marks),
            _added(self.changed, later.changed),
            self.single.merge(later.single),
            _merged(self.numbers, later.numbers),
            _merged(self.distinct, later.distinct),
            _merged(self.texts, later.texts),
            _merged(self.order, later.order),
            _merged(self.moments, later.moments),
            self.epochs.merge(later.epochs),
        )


def _moments(values: pl.Series) -> Extent:
    return Extent.of(values.to_physical(), marks=DATE_MARKS)


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}


def _merged(one: Any, other: Any) -> Any:  # noqa: ANN401 - two counts of one class, or none twice
    return None if one is None else one.merge(other)
