"""Splits by time: train before validation before test, and no moment on both sides.

Rows are put in order of their key: their own time, or under `group-time` the last time of their
group, so that groups never straddle, while no train group goes on after the first group of a later
part has ended. A boundary is the key at which a fraction of the rows is reached; all rows with that
key fall behind it. With a gap, what lies less than the gap before a boundary is left out.
Cost: fractions are met only as well as ties allow; a panel whose groups all last to the end cannot
be split by group-time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.errors import DataError, shorten

LEFT_OUT = -1
TRAIN, VALIDATION, TEST = range(3)
MIN_BLOCKS = 30  # of time in a split: fewer give no interval


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Rows split by time.

    Attributes:
        parts: 0 train, 1 validation, 2 test, -1 left out; shape (rows,), int8.
        in_gap: Rows left out because of the gap; shape (rows,).
        boundaries: The first key of validation and of test, as text.
    """

    parts: NDArray[np.int8]
    in_gap: NDArray[np.bool_]
    boundaries: tuple[str, str]


def split_by_time(
    keys: pl.Series, *, fractions: Sequence[float], gap_seconds: float, column: str
) -> TimeSplit:
    """Split rows by their keys.

    Args:
        keys: Date-times or numbers; null rows are left out by the caller's reason. Shape (rows,).
        fractions: Of train, validation and test.
        gap_seconds: Left out before validation and before test; date-times only.
        column: For messages.

    Raises:
        DataError: too few distinct times, or a gap that leaves a part empty.
    """
    known = keys.is_not_null().to_numpy()
    values = _as_numbers(keys)
    ordered = np.sort(values[known])
    wanted = np.cumsum(fractions)[:2] * len(ordered)
    cuts = [_cut(ordered, position) for position in wanted]
    if cuts[1] <= cuts[0]:
        cuts[1] = _next_key(ordered, cuts[0])
    parts = np.searchsorted(np.array(cuts), values, side="right").astype(np.int8)
    parts[~known] = LEFT_OUT
    in_gap = np.zeros(len(parts), dtype=bool)
    if gap_seconds:
        gap = round(gap_seconds * 1e6)
        for part, cut in enumerate(cuts):
            in_gap |= (parts == part) & (values > cut - gap)
        parts[in_gap] = LEFT_OUT
    present = set(parts.tolist())
    if not {TRAIN, VALIDATION, TEST} <= present:
        why = "the gap leaves a part without rows" if gap_seconds else "a part would have no rows"
        distinct = len(np.unique(ordered))
        raise DataError(
            f"column {shorten(column)} has {distinct} distinct times in {len(ordered)} rows: {why}",
            where=f"data.split.column: {column}",
            mend="data: {split: {by: random}}, or a column with finer times"
            + (", or a smaller gap" if gap_seconds else ""),
        )
    return TimeSplit(parts, in_gap, (_as_text(keys, cuts[0]), _as_text(keys, cuts[1])))


def last_of_group(times: pl.Series, groups: pl.Series) -> pl.Series:
    """The last time of each row's group; a row without a group is its own group."""
    frame = pl.DataFrame({"time": times, "group": groups})
    last = frame.select(
        pl.when(pl.col("group").is_null())
        .then(pl.col("time"))
        .otherwise(pl.col("time").max().over("group"))
        .alias(times.name)
    )
    return last.to_series()


def blocks_of_time(keys: pl.Series, parts: NDArray[np.int8]) -> NDArray[np.int64]:
    """Which block of time each row is in: what is resampled for an interval.

    Within each split: calendar days where it has at least 30, otherwise 30 runs of equally many rows in
    order of time. Blocks are numbered from 0 over all splits; rows left out get -1.
    """
    values = _as_numbers(keys)
    days = values // 86_400_000_000 if keys.dtype.is_temporal() else values
    found = np.full(len(values), -1, dtype=np.int64)
    start = 0
    for part in (TRAIN, VALIDATION, TEST):
        rows = np.flatnonzero(parts == part)
        codes = np.unique(days[rows], return_inverse=True)[1]
        count = int(codes.max()) + 1 if len(rows) else 0
        if count < MIN_BLOCKS:
            count = min(MIN_BLOCKS, len(rows))
            codes = np.empty(len(rows), dtype=np.int64)
            order = np.argsort(values[rows], kind="stable")
            codes[order] = np.arange(len(rows)) * count // max(1, len(rows))
        found[rows] = codes + start
        start += count
    return found


def _cut(ordered: NDArray[np.float64], position: float) -> float:
    """The key at this position, or the next one where it is the first key of all."""
    key = ordered[min(len(ordered) - 1, round(position))]
    return float(key if key > ordered[0] else _next_key(ordered, key))


def _next_key(ordered: NDArray[np.float64], key: float) -> float:
    behind = int(np.searchsorted(ordered, key, side="right"))
    return float(ordered[behind]) if behind < len(ordered) else float("inf")


def _as_numbers(keys: pl.Series) -> NDArray[np.float64]:
    """Keys as float64 (microseconds are exact to the year 2255), NaN where missing."""
    physical = keys.to_physical() if keys.dtype.is_temporal() else keys
    return physical.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _as_text(keys: pl.Series, key: float) -> str:
    if not keys.dtype.is_temporal():
        return f"{key:g}"
    moment = pl.Series([int(key)]).cast(pl.Datetime("us"))
    return str(moment.dt.to_string("%Y-%m-%dT%H:%M:%S%.f")[0])
