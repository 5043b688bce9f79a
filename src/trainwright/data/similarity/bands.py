"""Which sketches may belong to near-duplicates: those that agree in four bins beside each other.

The 128 bins are cut into 32 bands of four. Two texts with Jaccard index J meet in a band with chance J^4, so
in at least one of 32 with 1 - (1 - J^4)^32: at 0.7 that is 0.9998. Lower thresholds look through further
arrangements of the same bins. A band's four numbers of 16 bits are one of 64, and equal ones are found by
sorting, band after band: no index is kept.

Boilerplate puts thousands of texts into one bucket that share nothing else. There not all pairs are looked
at: the bucket is divided by the next band, in each part every text is compared with the next four, and the
parts' first texts with each other in a row and with the bucket's first one. So the work is bounded by the
texts, not by their pairs. What is alike meets in other bands, that hold more than boilerplate; texts to whom
this happens in a quarter of the bands are looked through in three more arrangements of the bins.

Source: Broder 1997; Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", ch. 3.4 (banding).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from trainwright.data.hashing import Hashes, mix
from trainwright.data.similarity.shingles import ranges
from trainwright.data.similarity.sketches import NUM_BINS, Sketches

ROWS = 4  # of a band
NUM_BANDS = NUM_BINS // ROWS
WHOLE_BUCKET = 64  # texts up to which all pairs of a bucket are looked at
NEIGHBOURS = 4  # of a text in a part of a larger one
_WANTED = 0.9995  # chance to meet at the threshold

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def num_arrangements(threshold: float) -> int:
    """How often the bins are arranged anew so that pairs at the threshold surely meet.

    Bins agree independently of each other, so the bands of one arrangement do too. The bins that two texts
    agree in are the same in every arrangement: with several, the chance to miss is that over their number,
    binomial, of missing in each.
    """
    if (1 - threshold**ROWS) ** NUM_BANDS <= 1 - _WANTED:
        return 1
    agreeing = np.arange(NUM_BINS + 1)
    chances = _binomial(NUM_BINS, threshold)
    miss = (1 - (agreeing / NUM_BINS) ** ROWS) ** NUM_BANDS
    for arrangements in range(2, 17):
        if (chances * miss**arrangements).sum() <= 1 - _WANTED:
            return arrangements
    return 16


def _binomial(number: int, chance: float) -> NDArray[np.float64]:
    found = np.zeros(number + 1)
    found[0] = 1.0
    for _ in range(number):
        found[1:] = found[1:] * (1 - chance) + found[:-1] * chance
        found[0] *= 1 - chance
    return found


class Bands:
    """Walks through the bands of one arrangement.

    Args:
        sketches: Shape (texts, 128).
        texts: Which of them to look at; rising.
        arrangement: 0 for the bins as they stand.
    """

    def __init__(
        self, sketches: Sketches, texts: NDArray[np.int64], *, arrangement: int = 0
    ) -> None:
        self._sketches = sketches
        self._texts = texts
        order = np.argsort(mix(np.arange(NUM_BINS, dtype=np.uint64) + np.uint64(arrangement << 8)))
        self._order = order if arrangement else np.arange(NUM_BINS)
        self._crowds = np.zeros(len(texts), dtype=np.int64)

    def candidates(self, band: int) -> Iterator[Pairs]:
        """Pairs of texts that agree in a band, the lower number first; they may come again in another one."""
        keys = self._keys(band)
        bits = np.uint64(max(1, int(len(keys) - 1).bit_length()))
        ordered = np.sort(keys >> bits << bits | np.arange(len(keys), dtype=np.uint64))
        order = (ordered & np.uint64((1 << int(bits)) - 1)).view(np.int64)
        ordered >>= bits  # of the key what is left; texts of other keys are told apart by the check
        fresh = np.ones(len(ordered), dtype=bool)
        np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
        starts = np.flatnonzero(fresh)
        sizes = np.diff(starts, append=len(ordered))
        large = sizes > WHOLE_BUCKET
        if large.any():
            yield self._named(*self._divide(order, fresh, starts[large], sizes[large], band=band))
            starts = np.flatnonzero(fresh)
            sizes = np.diff(starts, append=len(ordered))
        several = sizes > 1
        starts, sizes = starts[several], sizes[several]
        lefts, rights = [], []
        for distance in range(1, WHOLE_BUCKET):
            ends = starts + np.maximum(sizes - distance, 0)
            ends[(sizes > WHOLE_BUCKET) & (distance > NEIGHBOURS)] = 0
            left = ranges(starts[ends > starts], (ends - starts)[ends > starts])
            if not len(left):
                break
            if distance == 1:  # most texts are joined by these already
                yield self._named(order[left], order[left + 1])
            else:
                lefts.append(order[left])
                rights.append(order[left + distance])
        if lefts:
            yield self._named(np.concatenate(lefts), np.concatenate(rights))

    def crowded(self) -> NDArray[np.int64]:
        """Texts that stood in buckets not looked at whole in a quarter of the bands; once all were walked."""
        return self._texts[self._crowds * 4 >= NUM_BANDS]

    def _keys(self, band: int) -> Hashes:
        """The band's bins of each text as one number."""
        keys = np.zeros(len(self._texts), np.uint64)
        for place, column in enumerate(self._order[band * ROWS : (band + 1) * ROWS]):
            part = self._sketches[:, column][self._texts].astype(np.uint64)
            keys |= part << np.uint64(16 * place)
        return mix(keys)

    def _divide(
        self,
        order: NDArray[np.int64],
        fresh: NDArray[np.bool_],
        starts: NDArray[np.int64],
        sizes: NDArray[np.int64],
        *,
        band: int,
    ) -> Pairs:
        """Divide large buckets by the next band, in place; pairs of their parts' first texts."""
        following = self._keys((band + 1) % NUM_BANDS)
        lefts, rights = [], []
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            members = order[start : start + size]
            self._crowds[members] += 1
            members = members[np.lexsort((members, following[members]))]
            order[start : start + size] = members
            named = following[members]
            fresh[start + 1 : start + size] = named[1:] != named[:-1]
            heads = members[np.flatnonzero(fresh[start : start + size])]
            lefts += [heads[:-1], np.full(max(0, len(heads) - 2), heads[0])]
            rights += [heads[1:], heads[2:]]
        return np.concatenate(lefts), np.concatenate(rights)

    def _named(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Pairs:
        one, other = self._texts[left], self._texts[right]
        return np.minimum(one, other), np.maximum(one, other)
