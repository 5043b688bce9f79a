"""How a column becomes a handful of counts, the same way at the reference and later on live rows.

A `Binning` is fitted on the reference and then only counts. Numbers fall between edges that lie
halfway between neighbouring values, so that no value of a single row is kept; categories are named
only where at least five rows share them, all others are one bin. Missing values have a bin of their
own. Text is watched through two numbers: its length, and the share of its words that the reference
does not know. Cost: movements inside a bin are not seen.

Counts are integers, so chunking does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import ColumnType

NUM_BINS = 10  # of a number; ten are enough for a PSI that is comparable with the literature
BIN_ROWS = (
    40  # a bin, where there are fewer than 400: edges that few rows set alarm too often by chance
)
NUM_CATEGORIES = 30  # named ones; the rarer share a bin
NUM_WORDS = 2_000
MIN_COUNT = 5  # rows that must share a category, a word or a bin before it is written down

Kind = Literal["number", "category", "length", "new words"]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Binning:
    """Bins of one column, or of one side of a text column.

    Attributes:
        column: Its name.
        kind: What is binned.
        edges: For numbers: value > edge falls to the right of it; rising.
        names: For categories: those with a bin of their own. For "new words": the known words.
        halved: Names were picked from the even rows of the reference, so only the odd ones may
            count: a name that is common by chance in the rows that picked it is rarer in others.
    """

    column: str
    kind: Kind
    edges: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    halved: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """What each bin holds, the last two being unnamed values (categories) and missing ones."""
        if self.kind == "category":
            return (*self.names, "other", "missing")
        ends = [f"{edge:.4g}" for edge in self.edges]
        if not ends:
            return ("any", "missing")
        inner = [f"{low} to {high}" for low, high in pairwise(ends)]
        return (f"up to {ends[0]}", *inner, f"above {ends[-1]}", "missing")

    def count(self, values: pl.Series) -> Counts:
        """Rows in each bin; shape (bins,), int64, sums to the length of `values`."""
        return np.bincount(self.assign(values), minlength=len(self.labels)).astype(np.int64)

    def assign(self, values: pl.Series) -> Counts:
        """The bin of each row; shape (rows,), int64."""
        if self.kind == "category":
            return _assign_names(_as_text(values), self.names)
        numbers = self.numbers(values)
        bins = np.searchsorted(np.asarray(self.edges), numbers, side="left")
        bins[np.isnan(numbers)] = len(self.edges) + 1
        return bins.astype(np.int64)

    def numbers(self, values: pl.Series) -> NDArray[np.float64]:
        """What is binned of each row; shape (rows,), float64, NaN where missing."""
        if self.kind == "length":
            return _numbers(_as_text(values).str.len_chars())
        if self.kind == "new words":
            return _new_word_shares(_as_text(values), frozenset(self.names))
        return _numbers(values)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "column": self.column,
            "kind": self.kind,
            "edges": list(self.edges),
            "names": list(self.names),
            "halved": self.halved,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Binning:
        """Inverse of `to_json`; further keys are ignored."""
        return cls(
            value["column"],
            value["kind"],
            edges=tuple(value["edges"]),
            names=tuple(value["names"]),
            halved=value["halved"],
        )


def fit_binnings(column: str, type_: ColumnType, values: pl.Series) -> list[Binning]:
    """The binnings of a column; none for those that are not watched (date-times, identifiers)."""
    if type_ is ColumnType.NUMBER:
        return [Binning(column, "number", edges=quantile_edges(_numbers(values)))]
    if type_ in (ColumnType.CATEGORY, ColumnType.BOOLEAN):
        return [_fit_category(column, _as_text(values))]
    if type_ is ColumnType.TEXT:
        texts = _as_text(values)
        length = Binning(column, "length", edges=quantile_edges(_numbers(texts.str.len_chars())))
        words = _known_words(texts.gather_every(2))
        fresh = _new_word_shares(texts.gather_every(2, offset=1), frozenset(words))
        edges = quantile_edges(fresh)
        return [length, Binning(column, "new words", edges=edges, names=words, halved=True)]
    return []


def _fit_category(column: str, texts: pl.Series) -> Binning:
    """Names for all values where all are common; otherwise picked from one half of the rows."""
    names = _common(texts)
    if len(names) == texts.drop_nulls().n_unique():
        return Binning(column, "category", names=names)
    return Binning(column, "category", names=_common(texts.gather_every(2)), halved=True)


def quantile_edges(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    """Bins of about equal counts: ten, or two at least of forty rows; outer edges where values tie.

    An outer edge stands below the smallest value (and above the largest) where five rows or more
    share it, so that a constant column notices any other value.

    Args:
        numbers: Shape (rows,), NaN where missing.

    Returns:
        Rising edges; empty where there is nothing to divide.
    """
    values, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    if len(values) == 0:
        return ()
    total, below = int(counts.sum()), np.cumsum(counts)
    few = (
        len(values) <= NUM_BINS
    )  # then edges stand between known values, however few rows there are
    num_bins = NUM_BINS if few else max(2, min(NUM_BINS, total // BIN_ROWS))
    goal = max(total / num_bins, MIN_COUNT)
    edges = [float(np.nextafter(values[0], -np.inf))] if counts[0] >= MIN_COUNT else []
    taken = 0
    for place in range(len(values) - 1):
        if below[place] - taken >= goal - 0.5 and total - below[place] >= MIN_COUNT:
            edges.append(_between(float(values[place]), float(values[place + 1])))
            taken = int(below[place])
            goal = max((total - taken) / max(1, num_bins - len(edges)), MIN_COUNT)
    if counts[-1] >= MIN_COUNT:
        edges.append(float(values[-1]))
    return tuple(dict.fromkeys(edge for edge in edges if np.isfinite(edge)))


def _between(low: float, high: float) -> float:
    """A number from [low, high): halfway where the two leave room for it."""
    middle = low / 2 + high / 2
    return middle if low <= middle < high else low


def _numbers(values: pl.Series) -> NDArray[np.float64]:
    """Float64 with NaN for missing; infinities become the largest finite numbers."""
    numbers = values.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    largest = np.finfo(np.float64).max
    clipped: NDArray[np.float64] = np.clip(numbers, -largest, largest)
    return clipped


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Boolean:
        return values.cast(pl.Int8).cast(pl.String).replace({"0": "false", "1": "true"})
    return values.cast(pl.String, strict=False)


def _common(texts: pl.Series) -> tuple[str, ...]:
    """The commonest texts that at least five rows share, sorted by count, then by name."""
    counted = texts.drop_nulls().value_counts(name="rows").filter(pl.col("rows") >= MIN_COUNT)
    ordered = counted.sort(["rows", counted.columns[0]], descending=[True, False])
    return tuple(ordered[counted.columns[0]].head(NUM_CATEGORIES).to_list())


def _assign_names(texts: pl.Series, names: Sequence[str]) -> Counts:
    """Number of the name; len(names) for others; len(names) + 1 for missing."""
    if len(texts) == 0:
        return np.zeros(0, dtype=np.int64)
    keys = pl.DataFrame({"text": pl.Series(names, dtype=pl.String), "bin": range(len(names))})
    joined = texts.to_frame("text").join(keys, on="text", how="left", maintain_order="left")
    bins = joined["bin"].cast(pl.Int64).fill_null(len(names))
    missing = texts.is_null().to_numpy()
    return np.where(missing, len(names) + 1, bins.to_numpy()).astype(np.int64)


def _known_words(texts: pl.Series) -> tuple[str, ...]:
    """Words that occur in at least five texts, the commonest first, then by spelling."""
    seen: Counter[str] = Counter()
    for words in texts.drop_nulls():
        seen.update(set(words.lower().split()))
    common = sorted(
        (word for word, count in seen.items() if count >= MIN_COUNT),
        key=lambda word: (-seen[word], word),
    )
    return tuple(common[:NUM_WORDS])


def _new_word_shares(texts: pl.Series, known: frozenset[str]) -> NDArray[np.float64]:
    """Share of each text's words that are not known; NaN where there is no word."""
    shares = np.full(len(texts), np.nan)
    for row, value in enumerate(texts):
        words = value.lower().split() if value else []
        if words:
            shares[row] = sum(word not in known for word in words) / len(words)
    return shares
