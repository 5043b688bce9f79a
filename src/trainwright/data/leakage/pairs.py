"""Differences and ratios of two columns of like unit: an end less a start can give the answer away.

Alike are numbers whose middle nine tenths overlap and are of similar length, two clock columns
(1435 for 14:35, whose difference goes round midnight), and two date-times. There are at most 400, and a
small sample says which are worth a full look: forty columns cost a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from trainwright.core.columns import Column, ColumnType
from trainwright.data.leakage.scores import Values, ranks

MAX_PAIRS = 400
_CLOCK_VALUES = 48  # distinct ones, at least, for a column to be a clock
_DAY = 1440.0
_LIKE = 4.0  # the longer range is at most so many times the shorter


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns to be put together.

    Attributes:
        left: One column.
        right: The other one.
        sign: "-" or "/".
        clock: Both are times of day as whole numbers; the difference is in minutes.
    """

    left: str
    right: str
    sign: str = "-"
    clock: bool = False

    @property
    def name(self) -> str:
        """As a finding calls it: "arr_time - sched_arr_time"."""
        return f"{self.left} {self.sign} {self.right}"

    def of(self, values: Mapping[str, Values]) -> Values:
        """The difference or ratio; NaN where either is missing. Shape (rows,)."""
        left, right = values[self.left], values[self.right]
        if self.clock:
            return clock_difference(left, right)
        if self.sign == "-":
            return left - right
        return np.divide(left, right, out=np.full_like(left, np.nan), where=right > 0)


def like_pairs(columns: Mapping[str, Column], values: Mapping[str, Values]) -> Iterator[Pair]:
    """Differences and ratios of columns of like unit, of at most 400 pairs of columns."""
    varying = [name for name in columns if _varies(values[name])]
    numbers = [name for name in varying if columns[name].type is ColumnType.NUMBER]
    dates = [name for name in varying if columns[name].type is ColumnType.DATETIME]
    clocks = {name for name in numbers if is_clock(values[name])}
    spans = {name: _span(values[name]) for name in varying}
    both = chain(_alike_among(numbers, spans), _alike_among(dates, spans))
    for left, right in islice(both, MAX_PAIRS):
        clock = {left, right} <= clocks
        yield Pair(left, right, clock=clock)
        if columns[left].type is ColumnType.NUMBER and not clock:
            if np.nanmin(values[right]) > 0:
                yield Pair(left, right, "/")
            elif np.nanmin(values[left]) > 0:
                yield Pair(right, left, "/")


def is_clock(values: Values) -> bool:
    """True for times of day written as whole numbers: 5 for 0:05, 1435 for 14:35."""
    known = values[~np.isnan(values)]
    return bool(
        len(known)
        and (known % 1 == 0).all()
        and known.min() >= 0
        and 1200 <= known.max() <= 2400
        and (known % 100 < 60).all()
        and len(np.unique(known)) >= _CLOCK_VALUES
    )


def clock_difference(left: Values, right: Values) -> Values:
    """Minutes from `right` to `left`, taken round midnight to within half a day of their middle."""
    apart = _minutes(left) - _minutes(right)
    near = (apart + _DAY / 2) % _DAY - _DAY / 2
    known = near[~np.isnan(near)]
    middle = float(np.median(known)) if len(known) else 0.0
    found: Values = (apart - middle + _DAY / 2) % _DAY - _DAY / 2 + middle
    return found


def likeness(one: Values, other: Values) -> float:
    """Absolute rank correlation where both are known: 1 for copies up to scale and direction."""
    known = ~(np.isnan(one) | np.isnan(other))
    if known.sum() < 0.5 * max((~np.isnan(one)).sum(), (~np.isnan(other)).sum(), 2):
        return 0.0
    first, second = ranks(one[known]), ranks(other[known])
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(abs(np.corrcoef(first, second)[0, 1]))


def _minutes(clock: Values) -> Values:
    return clock // 100 * 60 + clock % 100


def _varies(values: Values) -> bool:
    known = values[~np.isnan(values)]
    return len(known) >= 10 and bool(known.min() < known.max())


def _span(values: Values) -> tuple[float, float]:
    low, high = np.nanquantile(values, [0.05, 0.95])
    return float(low), float(high)


def _alike_among(
    names: Sequence[str], spans: Mapping[str, tuple[float, float]]
) -> Iterator[tuple[str, str]]:
    """Pairs of columns whose ranges overlap and are about as long, in the order of the columns.

    As they are asked for: of 10,000 columns there are 50 million pairs.
    """
    low, high = np.array([spans[name] for name in names]).reshape(-1, 2).T
    length = high - low
    for at, name in enumerate(names):
        behind = slice(at + 1, None)
        overlap = np.minimum(high[at], high[behind]) - np.maximum(low[at], low[behind])
        shorter = np.minimum(length[at], length[behind])
        longer = np.maximum(length[at], length[behind])
        for other in np.flatnonzero((longer <= _LIKE * shorter) & (overlap > 0)):
            yield name, names[at + 1 + int(other)]
