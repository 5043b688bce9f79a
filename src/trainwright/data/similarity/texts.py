"""Near-duplicate texts: those whose word shingles have a Jaccard index of a threshold or more.

Sketches find candidates (`bands`), a rough look at both sketches passes over those that are three standard
errors below the threshold (`looks`), and every other one is counted exactly (`checks`): no pair is reported
that is not one. Of pairs at the threshold itself, 0.7, one in 450 is missed, at 0.75 one in seventy
thousand. Pairs whose texts are joined through others already are not counted again: a thousand copies cost a
thousand checks.

What comes out depends on the texts and their order alone, not on blocks. Cost, one core: about 20 us and 350
bytes of memory a text of 120 words, 4 bytes a word of disk; linear in the texts, boilerplate or not, while
those near the threshold are (docs/benchmarks/near-duplicates.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.hashing import Hashes, group_equal, mix
from trainwright.data.similarity.bands import NUM_BANDS, Bands, Met, num_arrangements
from trainwright.data.similarity.checks import Checks
from trainwright.data.similarity.clusters import Clusters, Joins, Rows
from trainwright.data.similarity.looks import Looks
from trainwright.data.similarity.shelf import Shelf
from trainwright.data.similarity.shingles import Runs, distinct, shingle
from trainwright.data.similarity.sketches import Table, sketch, sketch_again

THRESHOLD = 0.7
_CROWDED_ARRANGEMENTS = 3  # further ones for texts in buckets that were not looked at whole


def near_texts(
    blocks: Iterable[pl.Series],
    *,
    num_texts: int,
    folder: Path | None = None,
    threshold: float = THRESHOLD,
    fewest: int = 1,
    go_on: Callable[[int], bool] = lambda _: True,
) -> Clusters:
    """Clusters of texts, numbered in the order in which they come.

    Args:
        blocks: Texts; null is none.
        num_texts: How many come.
        folder: Where shingles are laid down when they are many; the system's own where None.
        threshold: Jaccard index of two texts that are near-duplicates, in [0.5, 1].
        go_on: Asked before each band of an arrangement, by its number; no further one is looked at after
            a False.
        fewest: Distinct shingles that a text must have to be judged.
    """
    with Shelf(folder) as shelf:
        search = _Search(num_texts, shelf, threshold)
        for block in blocks:
            for shingles in shingle(block):
                search.add(distinct(shingles))
        return search.run(fewest, go_on)


class _Search:
    """Texts as sketches, and what is known of their pairs."""

    def __init__(self, num_texts: int, shelf: Shelf, threshold: float) -> None:
        self._sketches = Table(num_texts)
        self._digests = np.zeros(num_texts, np.uint64)
        self._counts = np.zeros(num_texts, np.int64)
        self._num = 0
        self._shelf = shelf
        self._threshold = threshold
        self._joins = Joins(num_texts)
        self._looks = Looks(self._sketches, self._joins, threshold=threshold)
        self._checks = Checks(shelf, self._joins, threshold=threshold)

    def add(self, sets: Runs) -> None:
        """Further texts."""
        to = self._num + len(sets.counts)
        self._sketches.put(self._num, sketch(sets), sketch_again(sets))
        self._digests[self._num : to] = _digest(sets)
        self._counts[self._num : to] = sets.counts
        self._shelf.add(sets)
        self._num = to

    def run(self, fewest: int, go_on: Callable[[int], bool]) -> Clusters:
        """All clusters."""
        judged = np.flatnonzero(self._counts >= max(1, fewest))
        texts = self._join_equal(judged)
        usual = num_arrangements(self._threshold)
        bands = Bands(
            self._sketches, self._counts, threshold=self._threshold, roots=self._joins.roots
        )
        for arrangement in range(usual + _CROWDED_ARRANGEMENTS):
            for band in range(NUM_BANDS):
                if not go_on(arrangement * NUM_BANDS + band):
                    return self._clusters()
                self._try(bands.meet(texts, band, arrangement=arrangement))
            if arrangement + 1 >= usual:
                texts = bands.crowded(texts, arrangement + 1)
        return self._clusters()

    def _join_equal(self, judged: Rows) -> Rows:
        """Join texts of the same shingles; what is left is one of each."""
        groups = group_equal(self._digests[judged])
        first = judged[groups.first[groups.inverse]]
        again = first != judged
        self._joins.join(first[again], judged[again], np.ones(int(again.sum())))
        kept: Rows = judged[~again]
        return kept

    def _try(self, met: Met) -> None:
        """Join those candidates that are alike."""
        for buckets in met.buckets:
            for hopeful in self._looks.within(buckets):
                self._checks.add(hopeful)
        for hopeful in self._looks.between(met.left, met.right):
            self._checks.add(hopeful)
        self._checks.settle()

    def _clusters(self) -> Clusters:
        rows, first = self._joins.members()
        links = self._joins.links()
        likeness = _known(rows, first, links)
        others = np.flatnonzero(np.isnan(likeness))
        likeness[others] = self._shelf.jaccard(first[others], rows[others])
        return Clusters(rows, first, likeness, *links)


def _known(
    rows: Rows, first: Rows, links: tuple[Rows, Rows, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """The likeness of rows to the first ones that links tell; NaN for others."""
    left, right, strength = links
    direct = np.flatnonzero(left == first[np.searchsorted(rows, left)])
    found = np.full(len(rows), np.nan)
    found[rows == first] = 1.0
    found[np.searchsorted(rows, right[direct])] = strength[direct]
    return found


def _digest(sets: Runs) -> Hashes:
    """One hash a set, whatever its order."""
    sums = np.zeros(len(sets.counts), np.uint64)
    filled = np.flatnonzero(sets.counts)
    if len(filled):
        starts = (np.cumsum(sets.counts) - sets.counts)[filled]
        sums[filled] = np.add.reduceat(mix(sets.hashes.astype(np.uint64)), starts)
    return sums
