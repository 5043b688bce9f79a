"""Which sketches may belong to near-duplicates: those that agree in four bins beside each other.

The 128 bins are cut into 32 bands of four. Two texts with Jaccard index J meet in a band with chance J^4, so
in at least one of 32 with 1 - (1 - J^4)^32: at 0.7 that is 0.9998. Lower thresholds look through further
arrangements of the same bins. A band's four numbers of 16 bits are one of 64, and equal ones are found by
sorting, band after band: no index is kept.

Boilerplate puts thousands of texts into one bucket that share nothing else. There not all pairs are looked
at: the bucket is divided by one bin more, and one more, until its parts are small; so a band is as long as it
has to be, and the work is bounded by the texts, not by their pairs. Texts that are alike by their boilerplate
alone do not stay together so: each is also compared with some smaller ones of its bucket, which have the
least of their own beside it. A text whose bands became so long that a near-duplicate of it could be missed
is looked through in further arrangements of the bins.

Source: Broder 1997; Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", ch. 3.4 (banding). Bands as
long as they must be are those of Bawa, Condie & Ganesan 2005 (WWW), "LSH forest".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.data.hashing import Hashes, mix
from trainwright.data.similarity.clusters import Rows
from trainwright.data.similarity.shingles import ranges
from trainwright.data.similarity.sketches import NUM_BINS, Table

ROWS = 4  # bins of a band
NUM_BANDS = NUM_BINS // ROWS
WHOLE_BUCKET = 64  # texts up to which all pairs of a bucket are looked at
FURTHER = 12  # bins by which a larger one is divided at most
NEIGHBOURS = 4  # of a text in a part that is large still
HUBS = 4  # smaller texts of its bucket that a text in a large one is compared with
_WANTED = 0.9995  # chance to meet at the threshold
_KEPT = (
    0.87  # of it, in logarithms, that a text in large buckets must keep where that is no measure
)
_SHAPES = np.array([2, 3, 4, 6, 8, 12, 16, 24, 32, 48, WHOLE_BUCKET])  # of buckets, filled up


@dataclass(frozen=True, slots=True)
class Met:
    """Texts that met in a band.

    Attributes:
        buckets: Texts of which all pairs are candidates, down each column; arrays of shape
            (texts, buckets), a bucket of fewer filled up with its last text.
        left: Further candidates, one by one; shape (pairs,).
        right: Likewise.
    """

    buckets: list[Rows]
    left: Rows
    right: Rows


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
    """Walks through the bands of several arrangements.

    Args:
        sketches: Of all texts.
        sizes: Shingles of each text; shape (texts,).
        threshold: Jaccard index of near-duplicates.
        roots: The set that each of some texts was joined to; those of one are not told of.
    """

    def __init__(
        self,
        sketches: Table,
        sizes: Rows,
        *,
        threshold: float,
        roots: Callable[[Rows], Rows],
    ) -> None:
        self._sketches = sketches
        self._sizes = sizes
        self._roots = roots
        self._threshold = min(threshold, 1 - 1e-9)
        self._usual = num_arrangements(threshold)
        self._lost = np.zeros(len(sizes), np.float32)

    def meet(self, texts: Rows, band: int, *, arrangement: int = 0) -> Met:
        """The candidates of a band among some texts.

        Args:
            texts: Rising.
            band: From 0 to 31.
            arrangement: 0 for the bins as they stand.
        """
        order = _arranged(arrangement)
        keys = self._sketches.keys(texts, order[band * ROWS : (band + 1) * ROWS])
        members, starts = _sorted(keys, texts)
        sizes = np.diff(starts, append=len(members))
        small = sizes <= WHOLE_BUCKET
        buckets = _shaped(members, starts[small], sizes[small])
        left, right = np.zeros(0, np.int64), np.zeros(0, np.int64)
        if not small.all():
            members, starts = _chosen(members, starts[~small], sizes[~small])
            members, starts = self._apart(members, starts)
            left, right = self._hubs(members, starts)
            following = np.roll(order, -(band + 1) * ROWS)[:FURTHER]
            for level in range(FURTHER):
                if not len(members):
                    break
                self._count_lost(members, ROWS + level)
                members, starts, found = self._divide(members, starts, following[level : level + 1])
                buckets += found
            if len(members):
                near, far = self._neighbours(members, starts)
                left, right = np.concatenate([left, near]), np.concatenate([right, far])
        return Met(buckets, left, right)

    def crowded(self, texts: Rows, arrangements: int) -> Rows:
        """Those of which a near-duplicate may be missed, since their bands had to be longer.

        Args:
            texts: That were walked through in all arrangements so far.
            arrangements: How many those were.
        """
        whole = -float(np.log1p(-(self._threshold**ROWS))) * NUM_BANDS * arrangements
        usual = whole / arrangements * self._usual
        enough = -np.log(1 - _WANTED) if self._usual == 1 else _KEPT * usual
        found: Rows = texts[whole - self._lost[texts] < enough]
        return found

    def _count_lost(self, members: Rows, length: int) -> None:
        """A band that is longer by a bin finds less: the chance to meet, in logarithms."""
        shorter, longer = (np.log1p(-(self._threshold**n)) for n in (length, length + 1))
        self._lost[members] += longer - shorter

    def _divide(self, members: Rows, starts: Rows, column: Rows) -> tuple[Rows, Rows, list[Rows]]:
        """Large buckets by one bin more: what is large still, where each begins, and the small ones."""
        sizes = np.diff(starts, append=len(members))
        keys = np.repeat(np.arange(len(starts), dtype=np.uint64) << np.uint64(16), sizes)
        keys |= self._sketches.keys(members, column)
        members, starts = _sorted(keys, members)
        sizes = np.diff(starts, append=len(members))
        small = sizes <= WHOLE_BUCKET
        found = _shaped(members, starts[small], sizes[small])
        members, starts = _chosen(members, starts[~small], sizes[~small])
        return *self._apart(members, starts), found

    def _apart(self, members: Rows, starts: Rows) -> tuple[Rows, Rows]:
        """Without the buckets whose texts are all joined already."""
        if not len(members):
            return members, starts
        roots = self._roots(members)
        several = np.minimum.reduceat(roots, starts) != np.maximum.reduceat(roots, starts)
        sizes = np.diff(starts, append=len(members))
        return _chosen(members, starts[several], sizes[several])

    def _hubs(self, members: Rows, starts: Rows) -> tuple[Rows, Rows]:
        """Each text with smaller ones of its bucket that could be its near-duplicates."""
        members, starts, own, sizes = self._by_size(members, starts)
        numbers = np.repeat(np.arange(len(starts)) << 32, np.diff(starts, append=len(members)))
        least = np.ceil(self._threshold * sizes).astype(np.int64)
        first = np.searchsorted(numbers | sizes, numbers | least)
        lefts, rights = [], []
        for hub in range(HUBS):
            place = first + (own - first) * (hub * hub) // (HUBS * HUBS)
            place = np.maximum(place, np.minimum(first + hub, own))
            other = place < own
            lefts.append(members[place[other]])
            rights.append(members[own[other]])
        return np.concatenate(lefts), np.concatenate(rights)

    def _neighbours(self, members: Rows, starts: Rows) -> tuple[Rows, Rows]:
        """Each text with the next ones of its bucket by size."""
        members, starts, own, _ = self._by_size(members, starts)
        ends = np.repeat(np.append(starts[1:], len(members)), np.diff(starts, append=len(members)))
        lefts, rights = [], []
        for distance in range(1, NEIGHBOURS + 1):
            inside = own + distance < ends
            lefts.append(members[own[inside]])
            rights.append(members[own[inside] + distance])
        return np.concatenate(lefts), np.concatenate(rights)

    def _by_size(self, members: Rows, starts: Rows) -> tuple[Rows, Rows, Rows, Rows]:
        """Each bucket's texts by their shingles; the places of all, and their shingles."""
        numbers = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(members)))
        members = members[np.lexsort((members, self._sizes[members], numbers))]
        return members, starts, np.arange(len(members)), self._sizes[members]


def _arranged(arrangement: int) -> Rows:
    """The order of the bins."""
    bins = np.arange(NUM_BINS)
    if not arrangement:
        return bins
    return np.argsort(mix(bins.astype(np.uint64) + np.uint64(arrangement << 8)))


def _sorted(keys: Hashes, texts: Rows) -> tuple[Rows, Rows]:
    """Texts by their keys, those of one key as they stand; and where each key begins."""
    bits = np.uint64(max(1, int(len(keys) - 1).bit_length()))
    ordered = mix(keys)
    ordered >>= bits  # what is left tells keys apart well enough: others are looked at in vain
    ordered <<= bits
    ordered |= np.arange(len(keys), dtype=np.uint64)
    ordered.sort()
    places = (ordered & np.uint64((1 << int(bits)) - 1)).view(np.int64)
    ordered >>= bits
    fresh = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return texts[places], np.flatnonzero(fresh)


def _chosen(members: Rows, starts: Rows, sizes: Rows) -> tuple[Rows, Rows]:
    """Some buckets alone, one after another."""
    return members[ranges(starts, sizes)], np.cumsum(sizes) - sizes


def _shaped(members: Rows, starts: Rows, sizes: Rows) -> list[Rows]:
    """Buckets of two texts and more, those of about one size in one array; see `Met`."""
    found = []
    below = 1
    for shape in _SHAPES:
        fitting = np.flatnonzero((sizes > below) & (sizes <= shape))
        below = shape
        if len(fitting):
            places = np.minimum(np.arange(shape)[:, None], sizes[fitting] - 1) + starts[fitting]
            found.append(members[places])
    return found
