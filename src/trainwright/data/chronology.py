"""Splits by time: train before validation before test, and no moment on both sides.

Rows are put in order of their key: their own time, or under `group-time` the last time of their
group, so that groups never straddle, while no train group goes on after the first group of a later
part has ended. A boundary is the key at which a fraction of the rows is reached; all rows with that
key fall behind it. With a gap, what lies less than the gap before a boundary is left out.
Nothing is sorted: exact places are counted out, so that there may be more rows than memory holds.
Cost: fractions are met only as well as ties allow; a panel whose groups all last to the end cannot
be split by group-time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.errors import DataError, shorten
from trainwright.data.hashing import Hashes, count_distinct, mix
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.grouping import grouped
from trainwright.data.staging.order import at_place, next_above

LEFT_OUT = -1
TRAIN, VALIDATION, TEST = range(3)
MIN_BLOCKS = 30  # of time in a split: fewer give no interval
MOST_BLOCKS = 1 << 20  # of time in a split: beyond, neighbouring moments share one
_DAY = 86_400_000_000  # microseconds
_SIGN = np.int64(0x7FFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True, slots=True)
class Times:
    """What rows are ordered by.

    Attributes:
        values: Microseconds (exact to the year 2255) or numbers, NaN where missing; shape (rows,).
        temporal: They are moments.
        column: Its name, for messages.
    """

    values: NDArray[np.float64]
    temporal: bool
    column: str

    @classmethod
    def of(cls, chunks: Iterable[pl.Series], num_rows: int, arrays: Arrays) -> Times:
        """From a column's values, block by block."""
        values = arrays.empty(num_rows, np.float64)
        start, temporal, name = 0, False, ""
        for chunk in chunks:
            temporal, name = chunk.dtype.is_temporal(), chunk.name
            physical = chunk.to_physical() if temporal else chunk
            numbers = physical.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            values[start : start + len(numbers)] = numbers
            start += len(numbers)
            arrays.release()
        return cls(values, temporal, name)


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Rows split by time.

    Attributes:
        parts: 0 train, 1 validation, 2 test, -1 left out; shape (rows,), int8.
        in_gap: Positions of rows that are left out because of the gap, ascending.
        boundaries: The first key of validation and of test, as text.
    """

    parts: NDArray[np.int8]
    in_gap: NDArray[np.int64]
    boundaries: tuple[str, str]


def split_by_time(
    keys: Times, *, fractions: Sequence[float], gap_seconds: float, arrays: Arrays | None = None
) -> TimeSplit:
    """Split rows by their keys.

    Args:
        keys: Rows without one are left out by the caller's reason.
        fractions: Of train, validation and test.
        gap_seconds: Left out before validation and before test; date-times only.
        arrays: Where long arrays live.

    Raises:
        DataError: too few distinct times, or a gap that leaves a part empty.
    """
    arrays = arrays or Arrays()
    values = keys.values
    num_known = sum(int((~np.isnan(values[span])).sum()) for span in arrays.spans(len(values)))
    wanted = np.cumsum(fractions)[:2] * num_known
    cuts = [_cut(values, position, num_known, arrays) for position in wanted]
    if cuts[1] <= cuts[0]:
        cuts[1] = next_above(values, cuts[0], arrays)
    gap = round(gap_seconds * 1e6)
    parts = arrays.empty(len(values), np.int8)
    in_gap = [np.empty(0, dtype=np.int64)]
    sizes = np.zeros(3, dtype=np.int64)
    for span in arrays.spans(len(values)):
        here = values[span]
        found = np.searchsorted(np.array(cuts), here, side="right").astype(np.int8)
        found[np.isnan(here)] = LEFT_OUT
        if gap:
            late = np.zeros(len(here), dtype=bool)
            for part, cut in enumerate(cuts):
                late |= (found == part) & (here > cut - gap)
            found[late] = LEFT_OUT
            in_gap.append(np.flatnonzero(late) + span.start)
        parts[span] = found
        sizes += np.bincount(found[found >= 0], minlength=3)
    if not sizes.all():
        why = "the gap leaves a part without rows" if gap_seconds else "a part would have no rows"
        raise DataError(
            f"column {shorten(keys.column)} has {_num_distinct(values, arrays)} distinct times in"
            f" {num_known} rows: {why}",
            where=f"data.split.column: {keys.column}",
            mend="data: {split: {by: random}}, or a column with finer times"
            + (", or a smaller gap" if gap_seconds else ""),
        )
    return TimeSplit(
        parts, np.concatenate(in_gap), (_as_text(keys, cuts[0]), _as_text(keys, cuts[1]))
    )


def last_of_group(times: Times, groups: Hashes, arrays: Arrays) -> Times:
    """The last time of each row's group; what has no time in all its group stays without."""
    last = arrays.empty(len(groups), np.float64)
    for part in grouped(groups, arrays):
        latest = np.full(len(part.groups.keys), -np.inf)
        here = arrays.take(times.values, part.at)
        np.maximum.at(latest, part.groups.inverse, np.where(np.isnan(here), -np.inf, here))
        latest[np.isneginf(latest)] = np.nan
        arrays.put(last, part.at, latest[part.groups.inverse])
    return replace(times, values=last)


def blocks_of_time(
    keys: Times, parts: NDArray[np.int8], arrays: Arrays | None = None
) -> NDArray[np.int64]:
    """Which block of time each row is in: what is resampled for an interval.

    Within each split: calendar days where it has at least 30, otherwise 30 runs of equally many rows in
    order of time. Blocks are numbered from 0 over all splits; rows left out get -1. Of numbers each is
    a day; where there are more than a million of them, neighbours share a block.
    """
    arrays = arrays or Arrays()
    found = arrays.full(len(parts), -1, np.int64)
    start = 0
    for part in (TRAIN, VALIDATION, TEST):
        days = _Days(keys.temporal)
        for span in arrays.spans(len(parts)):
            days.add(keys.values[span][parts[span] == part])
        if len(days.known) >= MIN_BLOCKS:
            for span in arrays.spans(len(parts)):
                mine = parts[span] == part
                found[span][mine] = days.number(keys.values[span][mine]) + start
            start += len(days.known)
        else:
            start += _runs(keys.values, parts, part, found, start, arrays)
    return found


class _Days:
    """The distinct days of a split, ascending; rounded down by dropping bits where there are too many."""

    def __init__(self, temporal: bool) -> None:  # noqa: FBT001 - what the keys are
        self._temporal = temporal
        self._shift = 0
        self.known = np.empty(0, dtype=np.int64)

    def add(self, values: NDArray[np.float64]) -> None:
        self.known = np.unique(np.concatenate([self.known, np.unique(self._codes(values))]))
        while len(self.known) > MOST_BLOCKS:
            self._shift += 1
            self.known = np.unique(self.known >> 1)

    def number(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.searchsorted(self.known, self._codes(values)).astype(np.int64)

    def _codes(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Whole numbers that sort as the days do."""
        days = np.floor_divide(values, _DAY) if self._temporal else values
        bits = (days + 0.0).view(np.int64)
        return (bits ^ ((bits >> 63) & _SIGN)) >> self._shift


def _runs(
    values: NDArray[np.float64],
    parts: NDArray[np.int8],
    part: int,
    found: NDArray[np.int64],
    start: int,
    arrays: Arrays,
) -> int:
    """Number the rows of a part by runs of equally many, in order of time and then of position."""
    mine = arrays.empty(len(values), np.float64)
    size = 0
    for span in arrays.spans(len(values)):
        mine[span] = np.where(parts[span] == part, values[span], np.nan)
        size += int((parts[span] == part).sum())
    count = min(MIN_BLOCKS, size)
    ends = [-(-run * size // count) for run in range(1, count)]  # rows before each later run
    keys = np.array([at_place(mine, end, arrays) for end in ends])
    below = np.zeros(len(ends), dtype=np.int64)
    for span in arrays.spans(len(values)):
        below += (mine[span][:, None] < keys).sum(axis=0) if len(ends) else 0
    seen = np.zeros(len(ends), dtype=np.int64)  # rows of each key that came before
    for span in arrays.spans(len(values)):
        here = mine[span]
        runs = np.searchsorted(keys, here, side="left").astype(np.int64)
        for number, key in enumerate(keys):
            at = np.flatnonzero(here == key)
            behind = below[number] + seen[number] + np.arange(len(at)) >= ends[number]
            runs[at[behind]] = np.maximum(runs[at[behind]], number + 1)
            seen[number] += len(at)
        known = ~np.isnan(here)
        found[span][known] = runs[known] + start
    return count


def _cut(values: NDArray[np.float64], position: float, num_known: int, arrays: Arrays) -> float:
    """The key at this position, or the next one where it is the first key of all."""
    if not num_known:
        return float("inf")
    key = at_place(values, min(num_known - 1, round(position)), arrays)
    return key if key > at_place(values, 0, arrays) else next_above(values, key, arrays)


def _num_distinct(values: NDArray[np.float64], arrays: Arrays) -> int:
    hashes = arrays.empty(len(values), np.uint64)
    for span in arrays.spans(len(values)):
        hashes[span] = mix((values[span] + 0.0).view(np.uint64))
    missing = any(bool(np.isnan(values[span]).any()) for span in arrays.spans(len(values)))
    return sum(count_distinct(part.groups.keys) for part in grouped(hashes, arrays)) - missing


def _as_text(keys: Times, key: float) -> str:
    if not keys.temporal:
        return f"{key:g}"
    moment = pl.Series([int(key)]).cast(pl.Datetime("us"))
    return str(moment.dt.to_string("%Y-%m-%dT%H:%M:%S%.f")[0])
