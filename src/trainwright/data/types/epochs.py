"""Counts since 1970: which numbers may be moments, and in which unit each.

Seconds, milliseconds and microseconds of the years 2000 to 2040 are ranges that do not meet, so that each
number tells its unit. Cost: three comparisons, of columns with numbers that large alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types.dates import EPOCHS
from trainwright.data.types.ranges import Found

MODERN = (946_684_800, 2_208_988_800)  # seconds from 1970 to 2000 and to 2040
_KEPT = 65_536


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a block, or of several: numbers that are moments of 2000 to 2040, by the format of their unit."""

    found: Mapping[str, Found] = field(default_factory=dict)

    @classmethod
    def of(cls, column: Column, values: pl.Series, *, first_row: int) -> Counts:
        """Of one block of a number column, or of moments that were counts.

        Args:
            column: As which it was read.
            values: Numbers, or moments as microseconds.
            first_row: Global position of the first.
        """
        if column.type is ColumnType.DATETIME:
            if column.format not in EPOCHS or column.formats:
                return cls()
            values = values.to_physical() / EPOCHS[column.format]
        elif column.type is not ColumnType.NUMBER:
            return cls()
        most: Any = values.max()
        if most is None or most < MODERN[0]:
            return cls()
        found = {}
        for form, micros in EPOCHS.items():
            scale = 1_000_000 // micros
            low, high = (end * scale for end in MODERN)
            rows = values.is_between(low, high).arg_true()
            if len(rows):
                at = rows.head(_KEPT).cast(pl.Int64).to_numpy() + first_row
                found[form] = Found(len(rows), at, f"{values[int(rows[0])]:.0f}")
        return cls(found)

    def merge(self, later: Counts) -> Counts:
        """Of both; the other's rows come later."""
        forms = [form for form in EPOCHS if form in self.found or form in later.found]
        empty = Found()
        return Counts({f: self.found.get(f, empty).merge(later.found.get(f, empty)) for f in forms})

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(found.count for found in self.found.values())


def in_order(forms: Sequence[str]) -> list[str]:
    """Formats in the order of trying them; of counts the largest unit first, which takes no other's.

    A count of milliseconds is beyond the year 9999 as one of seconds, but a count of seconds is a moment
    of January 1970 as one of milliseconds.
    """
    counts = [form for form in EPOCHS if form in forms]
    return [*counts, *(form for form in forms if form not in EPOCHS)]
