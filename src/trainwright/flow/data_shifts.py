"""How validation differs from train, column by column: shares of rows in the bins of train's profile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import Column, ColumnType
from trainwright.data.snapshot import read_blocks
from trainwright.summaries.columns import ColumnProfile
from trainwright.summaries.distances import population_stability_index
from trainwright.summaries.profile import Profile
from trainwright.summaries.sketches import Quantiles

MOST_VALUES = 12  # of words, that have a bin of their own
_DIGITS = 6
_DAY = 86_400e6  # microseconds


def shifts(snapshot: Snapshot, profile: Profile, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The shares of both, and their distance (population stability index), the most distant first."""
    bins = {
        column.name: _bins(profile[column.name]) for column in columns if column.name in profile
    }
    if not snapshot.rows[Split.VALIDATION.value] or not bins:
        return []
    for block in read_blocks(snapshot, Split.VALIDATION, columns=list(bins)):
        for name, one in bins.items():
            one.count(block[name])
    found = [one.told(name) for name, one in bins.items() if sum(one.then)]
    return sorted(found, key=lambda one: (-one["distance"], one["column"]))


class _Bins:
    """Rows by bin.

    Args:
        labels: Names of the bins; "missing" is the last.
        then: Rows of train in each.
    """

    def __init__(self, labels: Sequence[str], then: Sequence[int]) -> None:
        self.labels, self.then = [*labels, "missing"], list(then)
        self.now = np.zeros(len(self.labels), dtype=np.int64)

    def count(self, values: pl.Series) -> None:
        """Further rows of validation."""
        self.now[-1] += values.null_count()

    def told(self, name: str) -> dict[str, Any]:
        """As JSON values."""
        distance = population_stability_index(np.array(self.then), self.now)
        return {
            "column": name,
            "distance": round(distance, 4),
            "bins": self.labels,
            "train": _shares(self.then),
            "validation": _shares(self.now.tolist()),
        }


class _NumberBins(_Bins):
    """Between edges; what lies outside is in the first bin or in the last."""

    def __init__(self, known: ColumnProfile, quantiles: Quantiles) -> None:
        self._edges, counts = quantiles.histogram()
        labels = _from(self._edges, is_time=known.type is ColumnType.DATETIME)
        super().__init__(labels, [*counts.tolist(), known.nulls])
        self._known = quantiles
        self._seen = Quantiles.of(np.empty(0), exact_rows=quantiles.exact_rows)

    def count(self, values: pl.Series) -> None:
        super().count(values)
        there = values.drop_nulls()
        numbers = (
            there.cast(pl.Datetime("us")).to_physical()
            if there.dtype.is_temporal()
            else there.cast(pl.Float64)
        ).to_numpy()
        known = self._known
        seen = Quantiles.of(numbers, scale=known.scale, exact_rows=known.exact_rows)
        self._seen = self._seen.merge(seen)

    def told(self, name: str) -> dict[str, Any]:
        """As JSON values; both are cut alike, as the profile cuts its own."""
        then, now = self._known.beside(self._seen), self._seen.beside(self._known)
        self.then[:-1] = then.bin_counts(self._edges[1:-1]).tolist()
        if now.count:
            self.now[:-1] = now.bin_counts(self._edges[1:-1])
        return super().told(name)


class _WordBins(_Bins):
    """The most frequent values, and all others."""

    def __init__(self, known: ColumnProfile) -> None:
        self._top = dict(list(known.top.items())[:MOST_VALUES])
        others = known.count - known.nulls - sum(self._top.values())
        super().__init__([*self._top, "others"], [*self._top.values(), others, known.nulls])

    def count(self, values: pl.Series) -> None:
        super().count(values)
        words = values.cast(pl.String)
        counted = [int((words == name).sum()) for name in self._top]
        others = len(words) - words.null_count() - sum(counted)
        self.now[:-1] += np.array([*counted, others], dtype=np.int64)


def _bins(known: ColumnProfile) -> _Bins:
    """Those of a column."""
    if known.type not in (ColumnType.NUMBER, ColumnType.DATETIME):
        return _WordBins(known)
    if known.quantiles is None or not known.quantiles.count:
        return _Bins([], [known.nulls])
    return _NumberBins(known, known.quantiles)


def _from(edges: NDArray[np.float64], *, is_time: bool) -> list[str]:
    """Where each bin begins, in as few digits as tell them apart; of times the day, or the minute."""
    if is_time:
        form = "%Y-%m-%d" if edges[1] - edges[0] >= _DAY else "%Y-%m-%d %H:%M"
        moments = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=e) for e in edges[:-1]]
        return [moment.strftime(form) for moment in moments]
    step = np.diff(edges).min()
    decimals = max(0, 1 - int(np.floor(np.log10(step)))) if step > 0 else _DIGITS
    if decimals > _DIGITS or np.abs(edges).max() >= 10**_DIGITS:
        return [f"{edge:.{_DIGITS}g}" for edge in edges[:-1]]
    return [f"{edge:.{decimals}f}" for edge in edges[:-1]]


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) or 1
    return [round(count / total, 4) for count in counts]
