"""Near-duplicate texts: those whose word shingles have a Jaccard index of a threshold or more.

Sketches find candidates (`bands`), a rough look at both sketches passes over those that are three and a half
standard errors below the threshold, and every other one is counted exactly (`shelf`): no pair is reported
that is not one. At the threshold itself one pair in two thousand is missed, above it fewer. Pairs whose
texts are joined through others already are not counted again: a thousand copies cost a thousand checks.

What comes out depends on the texts and their order alone, not on blocks. Cost, one core: about 25 us and 260
bytes of memory a text of 120 words, 4 bytes a word of disk; linear in the texts, boilerplate or not
(docs/benchmarks/near-duplicates.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.hashing import Hashes, group_equal, mix
from trainwright.data.similarity.bands import NUM_BANDS, Bands, num_arrangements
from trainwright.data.similarity.clusters import Clusters, Joins, Rows
from trainwright.data.similarity.shelf import Shelf
from trainwright.data.similarity.shingles import Runs, distinct, shingle
from trainwright.data.similarity.sketches import NUM_BINS, Sketches, sketch

THRESHOLD = 0.7
_ERRORS = 3.5  # standard errors below the threshold at which a candidate is passed over
_CROWDED_ARRANGEMENTS = 3  # further ones for texts in buckets that were not looked at whole
_ONES, _TOP = np.uint64(0x0101010101010101), np.uint64(56)
_LOOK = 1 << 11  # pairs of sketches compared at a time: they stay in the cache


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
        self._sketches: Sketches = np.empty((num_texts, NUM_BINS), np.uint16)
        self._digests = np.zeros(num_texts, np.uint64)
        self._counts = np.zeros(num_texts, np.int64)
        self._num = 0
        self._shelf = shelf
        self._threshold = threshold
        self._joins = Joins(num_texts)
        self._failed: Hashes = np.zeros(0, np.uint64)
        error = float(np.sqrt(threshold * (1 - threshold) / NUM_BINS))
        self._least_agreeing = np.uint64(np.floor((threshold - _ERRORS * error) * NUM_BINS))

    def add(self, sets: Runs) -> None:
        """Further texts."""
        to = self._num + len(sets.counts)
        self._sketches[self._num : to] = sketch(sets)
        self._digests[self._num : to] = _digest(sets)
        self._counts[self._num : to] = sets.counts
        self._shelf.add(sets)
        self._num = to

    def run(self, fewest: int, go_on: Callable[[int], bool]) -> Clusters:
        """All clusters."""
        judged = np.flatnonzero(self._counts >= max(1, fewest))
        distinct = self._join_equal(judged)
        crowded = np.zeros(0, np.int64)
        usual = num_arrangements(self._threshold)
        for arrangement in range(usual + _CROWDED_ARRANGEMENTS):
            texts = distinct if arrangement < usual else crowded
            bands = Bands(self._sketches, texts, arrangement=arrangement)
            for band in range(NUM_BANDS):
                if not go_on(arrangement * NUM_BANDS + band):
                    return self._clusters()
                for left, right in bands.candidates(band):
                    self._try(left, right)
            if arrangement < usual:
                crowded = np.union1d(crowded, bands.crowded())
        return self._clusters()

    def _join_equal(self, judged: Rows) -> Rows:
        """Join texts of the same shingles; what is left is one of each."""
        groups = group_equal(self._digests[judged])
        first = judged[groups.first[groups.inverse]]
        again = first != judged
        self._joins.join(first[again], judged[again], np.ones(int(again.sum())))
        kept: Rows = judged[~again]
        return kept

    def _try(self, left: Rows, right: Rows) -> None:
        """Join those candidates that are alike."""
        apart = self._joins.apart(left, right)
        left, right = left[apart], right[apart]
        hopeful = self._agree(left, right)
        left, right = left[hopeful], right[hopeful]
        keys = left.view(np.uint64) << np.uint64(32) | right.view(np.uint64)
        new = ~_among(keys, self._failed)
        left, right, keys = left[new], right[new], keys[new]
        if not len(left):
            return
        found = self._shelf.jaccard(left, right)
        alike = found >= self._threshold
        self._joins.join(left[alike], right[alike], found[alike])
        if not alike.all():
            self._failed = np.sort(np.concatenate([self._failed, keys[~alike]]))

    def _agree(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """True where the sketches leave hope."""
        found = np.empty(len(left), bool)
        for at in range(0, len(left), _LOOK):
            same = self._sketches[left[at : at + _LOOK]] == self._sketches[right[at : at + _LOOK]]
            eights = same.view(np.uint64).sum(axis=1)  # eight counts of up to 16 in one number
            found[at : at + _LOOK] = eights * _ONES >> _TOP >= self._least_agreeing
        return found

    def _clusters(self) -> Clusters:
        rows, first = self._joins.members()
        likeness = np.ones(len(rows))
        others = np.flatnonzero(rows != first)
        likeness[others] = self._shelf.jaccard(first[others], rows[others])
        return Clusters(rows, first, likeness, *self._joins.links())


def _digest(sets: Runs) -> Hashes:
    """One hash a set, whatever its order."""
    sums = np.zeros(len(sets.counts), np.uint64)
    filled = np.flatnonzero(sets.counts)
    if len(filled):
        starts = (np.cumsum(sets.counts) - sets.counts)[filled]
        sums[filled] = np.add.reduceat(mix(sets.hashes.astype(np.uint64)), starts)
    return sums


def _among(keys: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """True where a key is one of `known`, which rise."""
    if not len(known):
        return np.zeros(len(keys), bool)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    found: NDArray[np.bool_] = known[places] == keys
    return found
