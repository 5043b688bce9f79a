"""The exact check of candidates: those that look most alike first, and none that is joined already.

A cluster of a hundred texts has five thousand pairs, of which a hundred join it. So candidates wait until
there are some, and are counted in rounds: in each, every set of joined texts is tried with the most hopeful
of the earlier ones; then what is joined by that is passed over. Each further round tries twice as many a set,
so that the hopeless are through in a few.

A pair that was counted in vain is not counted again in another band; four million such pairs are remembered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.data.hashing import Hashes
from trainwright.data.similarity.clusters import Joins, Rows
from trainwright.data.similarity.looks import Hopeful
from trainwright.data.similarity.shelf import Shelf

_WAITING = 1 << 18  # candidates
_REMEMBERED = 1 << 22  # pairs, of 8 bytes
_HALF = np.uint64(32)


class Checks:
    """Counts candidates and joins those that are alike.

    Args:
        shelf: The shingles of all texts.
        joins: What is joined.
        threshold: Jaccard index from which on two texts are.
    """

    def __init__(self, shelf: Shelf, joins: Joins, *, threshold: float) -> None:
        self._shelf = shelf
        self._joins = joins
        self._threshold = threshold
        self._waiting: list[Hopeful] = []
        self._num_waiting = 0
        self._failed: Hashes = np.zeros(0, np.uint64)
        self._failed_lately: list[Hashes] = []

    def add(self, candidates: Hopeful) -> None:
        """Pairs to be counted, lower numbers first, and in how many bins they agree."""
        self._waiting.append(candidates)
        self._num_waiting += len(candidates[0])
        if self._num_waiting >= _WAITING:
            self._count()

    def settle(self) -> None:
        """Count what waits, and remember what was in vain."""
        self._count()
        if self._failed_lately:
            failed = np.sort(np.concatenate([self._failed, *self._failed_lately]))
            self._failed = failed if len(failed) <= _REMEMBERED else failed[:0]
            self._failed_lately = []

    def _count(self) -> None:
        if not self._num_waiting:
            return
        left, right, agreeing = (
            np.concatenate(parts) for parts in zip(*self._waiting, strict=True)
        )
        self._waiting, self._num_waiting = [], 0
        keys = left.view(np.uint64) << _HALF | right.view(np.uint64)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        fresh = ~_among(keys, self._failed)
        fresh[1:] &= keys[1:] != keys[:-1]
        keys, agreeing = keys[fresh], agreeing[order][fresh]
        kept = self._joins.apart(*_sides(keys))
        keys, agreeing = keys[kept], agreeing[kept]
        quota = 1
        while len(keys):
            keys, agreeing = self._round(keys, agreeing, quota)
            quota *= 2

    def _round(
        self, keys: Hashes, agreeing: NDArray[np.uint8], quota: int
    ) -> tuple[Hashes, NDArray[np.uint8]]:
        """Count the best `quota` pairs of each set with earlier ones; the pairs that are left."""
        roots = np.maximum(*(self._joins.roots(side) for side in _sides(keys)))
        order = np.lexsort((-agreeing.astype(np.int64), roots))
        roots = roots[order]
        starts = np.flatnonzero(np.append(True, roots[1:] != roots[:-1]))
        sizes = np.diff(starts, append=len(roots))
        rank = np.arange(len(roots)) - np.repeat(starts, sizes)
        tried = np.sort(order[rank < quota])
        left, right = _sides(keys[tried])
        apart = self._joins.apart(left, right)
        tried, left, right = tried[apart], left[apart], right[apart]
        found = self._shelf.jaccard(left, right)
        alike = found >= self._threshold
        self._joins.join(left[alike], right[alike], found[alike])
        self._failed_lately.append(keys[tried[~alike]])
        keys, agreeing = np.delete(keys, tried), np.delete(agreeing, tried)
        kept = self._joins.apart(*_sides(keys))
        return keys[kept], agreeing[kept]


def _sides(keys: Hashes) -> tuple[Rows, Rows]:
    """The two texts of each pair."""
    return (keys >> _HALF).view(np.int64), (keys & np.uint64(0xFFFFFFFF)).view(np.int64)


def _among(keys: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """True where a key is one of `known`, which rise."""
    if not len(known):
        return np.zeros(len(keys), bool)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    found: NDArray[np.bool_] = known[places] == keys
    return found
