"""Detector: numbers that cannot be, and numbers that stand alone far from all others.

A number cannot be where the column's name says what it measures and nearly all others keep its bounds: an age
of -3, a percentage of 250. A number stands alone where a few values, at most one in 200, are parted from the
rest by a gap of at least three times the distance between the median and the farthest of the rest; in a
skewed column of positive numbers by its logarithms, since there a large value is no news. The finding states
limits in numbers: what the recipe then says is applied as it stands, and nothing is fitted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

LEAST_ROWS = 100
MOST_FRACTION = 0.005  # of the values that may stand alone
GAP = 3.0  # in distances between the median and the farthest of the rest
KEEPING = 0.99  # of the values must keep the bounds that the name tells
_EXTREMES = 2_000  # values of either end that are kept
_SAMPLE = 50_000
_BOUNDS: tuple[tuple[str, float | None, float | None], ...] = (
    (r"age|alter|edad", 0, None),
    (r"percent|percentage|pct|prozent|pourcentage", 0, 100),
    (r"humidity", 0, 100),
    (r"lat|latitude", -90, 90),
    (r"lon|lng|longitude", -180, 180),
    (r"hour|hours of day|stunde", 0, 24),
    (r"month|monat", 0, 12),
    (r"ph", 0, 14),
    (r"height|weight|width|length|distance|duration|area|quantity|qty|population", 0, None),
)  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond which numbers are odd, and why.

    Attributes:
        low: The least that is not odd; None for no limit.
        high: The greatest.
        reason: "name" or "gap".
    """

    low: float | None
    high: float | None
    reason: Literal["name", "gap"]


@dataclass(slots=True)
class _Ends:
    """The smallest and greatest values of a column, with their rows, and how many there are."""

    low: NDArray[np.float64] = field(default_factory=lambda: np.empty((2, 0)))
    high: NDArray[np.float64] = field(default_factory=lambda: np.empty((2, 0)))
    count: int = 0

    def add(self, values: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
        self.count += len(values) - int(np.isnan(values).sum())
        self.low = _cut(self.low, values, rows, 1)
        self.high = _cut(self.high, values, rows, -1)


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Findings of kind `outlier`, at most one a column."""
    private = view.settings.personal_data
    columns = [c for c in view.columns if c.type is ColumnType.NUMBER and c.name not in private]
    columns = [column for column in columns if column.name in view.inputs]
    names = [column.name for column in columns]
    ends = {name: _Ends() for name in names}
    for number, block in enumerate(view.blocks(names)):
        if not deadline.go_on("outliers", number):
            break
        rows = block[ROW].to_numpy()
        for name in names:
            ends[name].add(block[name].to_numpy(), rows)
    sample = view.sample(names, size=_SAMPLE)
    findings = []
    for column in columns:
        values = sample[column.name].drop_nulls().to_numpy()
        limits = limits_of(column, values, ends[column.name].low[0], ends[column.name].high[0],
                           count=ends[column.name].count)  # fmt: skip
        if limits is not None:
            findings.append(_told(column, limits, ends[column.name]))
    return findings


def limits_of(
    column: Column,
    values: NDArray[np.float64],
    lowest: NDArray[np.float64],
    highest: NDArray[np.float64],
    *,
    count: int,
) -> Limits | None:
    """Between what the values of a column lie but for a few odd ones; None where none is odd.

    Args:
        column: Its name may tell what is measured.
        values: A sample, shape (values,).
        lowest: The smallest of all values, ascending.
        highest: The greatest of all values, descending.
        count: Of all values.
    """
    if count < LEAST_ROWS or len(values) < LEAST_ROWS:
        return None
    low, high = _broken_bounds(column.name, values, lowest[0], highest[0])
    is_named = low is not None or high is not None
    median = float(np.median(values))
    if low is None:
        below = _alone(-lowest, -median, count)
        low = None if below is None else -below
    if high is None:
        high = _alone(highest, median, count)
    if low is None and high is None:
        return None
    return Limits(low, high, "name" if is_named else "gap")


def _broken_bounds(
    name: str, values: NDArray[np.float64], lowest: float, highest: float
) -> tuple[float | None, float | None]:
    """The bounds that the name tells and that few values break."""
    low, high = _named_bounds(name)
    inside = np.ones(len(values), dtype=bool)
    inside &= values >= (-np.inf if low is None else low)
    inside &= values <= (np.inf if high is None else high)
    if inside.mean() < KEEPING:  # it may be a growth in per cent, which has no bounds
        return None, None
    return (
        low if low is not None and lowest < low else None,
        high if high is not None and highest > high else None,
    )


def _alone(greatest: NDArray[np.float64], median: float, count: int) -> float | None:
    """The greatest value before the gap beyond which few values stand alone; None for no gap.

    Args:
        greatest: Descending.
        median: Of all values.
        count: Of all values.
    """
    most = max(1, int(MOST_FRACTION * count))
    ends = greatest[: min(most + 1, len(greatest))]
    reach = ends[1:] - median
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = np.where(reach > 0, (ends[:-1] - ends[1:]) / reach, 0.0)
        if median > 0 and len(ends) > 1:
            logs = np.log(np.maximum(ends, median) / median)
            skewed = np.where(logs[1:] > 0, (logs[:-1] - logs[1:]) / logs[1:], 0.0)
            gaps = np.where((gaps >= GAP) & (skewed >= 1.0), gaps, 0.0)
    wide = np.flatnonzero(gaps >= GAP)
    return float(ends[wide[-1] + 1]) if len(wide) else None


def _named_bounds(name: str) -> tuple[float | None, float | None]:
    words = [word.lower() for word in _WORD.findall(name)]
    for pattern, low, high in _BOUNDS:
        if any(re.fullmatch(pattern, word) for word in words):
            return low, high
    return None, None


def _told(column: Column, limits: Limits, ends: _Ends) -> Finding:
    odd = [
        end[:, (end[0] < limits.low) if which == "low" else (end[0] > limits.high)]
        for which, end, limit in (("low", ends.low, limits.low), ("high", ends.high, limits.high))
        if limit is not None
    ]
    pairs = np.concatenate(odd, axis=1)
    shown = ", ".join(f"{value:.6g}" for value in pairs[0, :4])
    span = " to ".join(
        f"{limit:.6g}" if limit is not None else "any" for limit in (limits.low, limits.high)
    )
    why = (
        f"cannot be, by the column's name, or stand alone ({span})"
        if limits.reason == "name"
        else f"stand alone, far from all others ({span})"
    )
    plain = ", ".join(
        "null" if limit is None else f"{limit:.10g}" for limit in (limits.low, limits.high)
    )
    cut = "at least " if pairs.shape[1] >= _EXTREMES else ""
    return finding(
        "outlier",
        "warning",
        f"column {shorten(column.name)}: {cut}{pairs.shape[1]} values {why}: {shown}",
        column=column.name,
        rows=pairs[1].astype(np.int64),
        remedy=f"data: {{repair: {{limits: {{{yaml_word(column.name)}: [{plain}]}}, beyond: missing}}}}"
        "  # or clip, or drop",
    )


def _cut(
    kept: NDArray[np.float64], values: NDArray[np.float64], rows: NDArray[np.int64], sign: int
) -> NDArray[np.float64]:
    """The ends that are kept, in order, those of further rows among them; only what may be one is sorted."""
    if kept.shape[1] < _EXTREMES:
        inside = np.flatnonzero(~np.isnan(values))
    else:  # of equal ones the first rows are kept
        last = kept[0, -1]
        inside = np.flatnonzero(values < last if sign > 0 else values > last)
    if not len(inside):
        return kept
    pairs = np.concatenate(
        [kept, np.stack([values[inside], rows[inside].astype(np.float64)])], axis=1
    )
    signed = sign * pairs[0]
    if len(signed) > _EXTREMES:
        inside = np.flatnonzero(signed <= np.partition(signed, _EXTREMES - 1)[_EXTREMES - 1])
        pairs, signed = pairs[:, inside], signed[inside]
    return pairs[:, np.argsort(signed, kind="stable")[:_EXTREMES]]
