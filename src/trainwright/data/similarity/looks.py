"""A look at the sketches of candidates: most agree in so few bins that they need not be counted.

A pair is passed over that is three standard errors below the threshold, first by the 128 bins that bands are
made of, then by those and 64 more.

Sketches of a bucket's texts are fetched once and laid one word of eight bins beside the other, so that all
pairs of one distance are compared by going twice through memory that is in the cache, without an index.

Cost: about 10 ns a pair where buckets are many, 25 ns to fetch a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trainwright.data.similarity.clusters import Joins, Rows
from trainwright.data.similarity.sketches import MORE_BINS, NUM_BINS, Table

_ONES, _TOP = np.uint64(0x0101010101010101), np.uint64(56)
_ERRORS = 3.0
_TEXTS = 2048
_PAIRS = 1 << 9  # one by one at a time

Hopeful = tuple[Rows, Rows, NDArray[np.uint8]]


class Looks:
    """Compares sketches of texts that are not joined yet.

    Args:
        sketches: Of all texts.
        joins: What is joined.
        threshold: Jaccard index of near-duplicates.
    """

    def __init__(self, sketches: Table, joins: Joins, *, threshold: float) -> None:
        self._words = sketches.upper.view(np.uint64)
        self._more = sketches.more.view(np.uint64)
        self._joins = joins
        self._least = np.uint64(fewest(threshold, NUM_BINS))
        self._least_of_all = np.uint64(fewest(threshold, NUM_BINS + MORE_BINS))

    def within(self, buckets: Rows) -> Iterator[Hopeful]:
        """The hopeful pairs of buckets, some buckets at a time, and in how many bins they agree.

        Args:
            buckets: Shape (texts, buckets).
        """
        height = len(buckets)
        wide = max(1, _TEXTS // height)
        for at in range(0, buckets.shape[1], wide):
            texts = buckets[:, at : at + wide]
            roots = self._joins.roots(texts)
            several = (roots != roots[0]).any(axis=0)
            if not several.any():
                continue
            if not several.all():
                texts, roots = texts[:, several], roots[:, several]
            agreeing = self._agreeing(texts)
            pair, column = np.nonzero(agreeing >= self._least)
            lower, upper = _pairs(height)
            lower, upper = lower[pair], upper[pair]
            apart = roots[lower, column] != roots[upper, column]
            pair, column = pair[apart], column[apart]
            one, other = texts[lower[apart], column], texts[upper[apart], column]
            yield self._second(one, other, agreeing[pair, column])

    def _agreeing(self, texts: Rows) -> NDArray[np.uint64]:
        """In how many bins the pairs of each bucket agree; shape (pairs, buckets)."""
        height, wide = texts.shape
        words = np.ascontiguousarray(self._words[texts].transpose(2, 0, 1))
        bins = words.view(np.uint8)
        found = np.empty((height * (height - 1) // 2, wide), np.uint64)
        at = 0
        for distance in range(1, height):
            same = bins[:, distance:] == bins[:, :-distance]
            to = at + height - distance
            np.add.reduce(same.view(np.uint64), axis=0, out=found[at:to])
            at = to
        found *= _ONES  # eight counts of up to 16 in one number: their sum
        found >>= _TOP
        return found

    def between(self, left: Rows, right: Rows) -> Iterator[Hopeful]:
        """The hopeful ones of single pairs."""
        for at in range(0, len(left), _PAIRS):
            one, other = left[at : at + _PAIRS], right[at : at + _PAIRS]
            same = self._words[one].view(np.uint8) == self._words[other].view(np.uint8)
            agreeing = np.add.reduce(same.view(np.uint64), axis=1) * _ONES >> _TOP
            hopeful = np.flatnonzero(agreeing >= self._least)
            hopeful = hopeful[self._joins.apart(one[hopeful], other[hopeful])]
            yield self._second(one[hopeful], other[hopeful], agreeing[hopeful])

    def _second(self, one: Rows, other: Rows, agreeing: NDArray[np.uint64]) -> Hopeful:
        """Those that are hopeful by all bins, the lower number first."""
        same = self._more[one].view(np.uint8) == self._more[other].view(np.uint8)
        agreeing = agreeing + (np.add.reduce(same.view(np.uint64), axis=1) * _ONES >> _TOP)
        kept = agreeing >= self._least_of_all
        one, other = one[kept], other[kept]
        return np.minimum(one, other), np.maximum(one, other), agreeing[kept].astype(np.uint8)


def fewest(threshold: float, bins: int) -> int:
    """In how many bins two texts at the threshold agree, less three standard errors."""
    return int(bins * threshold - _ERRORS * np.sqrt(bins * threshold * (1 - threshold)))


@cache
def _pairs(height: int) -> tuple[Rows, Rows]:
    """The places of a bucket's pairs, by their distance."""
    lower = np.concatenate([np.arange(height - distance) for distance in range(1, height)])
    distances = np.repeat(np.arange(1, height), np.arange(height - 1, 0, -1))
    return lower, lower + distances
