"""A set of any size as 128 numbers of 16 bits: two sets agree in as many of them as their Jaccard index says.

Each element falls, by its hash, into one of 128 bins, and the least hash of a bin is kept: the first seven
bits are the bin, so that of sorted hashes the first of each bin is the one. A bin that stays empty is filled
by the next round of hashes, in which every element falls anew; what eight rounds leave empty takes the least
hash of all elements. So short texts are sketched as sharply as long ones, unlike with one permutation and
borrowed bins, at a cost that hardly grows: the rounds of a short text are short.

Two sketches agree in a share of bins that is the Jaccard index within a standard error of 0.04. They serve to
find candidates and to pass over hopeless ones; what is reported was counted exactly. Sixty-four bins more, of
one round and a byte each, make the second look at a pair sharper.

Cost: about 8 ns a shingle of long texts, 20 where bins stay empty, 4 us for short ones; 320 bytes a text.

Source: Dahlgaard, Knudsen & Thorup 2017, "Fast similarity sketching" (FOCS, arXiv:1704.04370). We give up
after eight rounds instead of 128, and keep 16 bits of each minimum (Li & Koenig 2010, b-bit minwise hashing).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.data.hashing import mix
from trainwright.data.similarity.shingles import Runs

NUM_BINS = 128
MORE_BINS = 64
_ROUNDS = 8
_BIN_BITS = 7  # NUM_BINS = 2 ** 7
_EMPTY = np.uint32(0xFFFFFFFF)
_TOGETHER = 4  # bins beside each other are read as one number
_REST = np.uint32(32 - _BIN_BITS)  # bits of a hash that do not name the bin
_MORE_REST = np.uint32(26)  # bits that do not name one of MORE_BINS
_VALUE = np.uint32((1 << int(_REST)) - 1)

Sketches = NDArray[np.uint16]


def sketch(shingles: Runs) -> Sketches:
    """Sketches of several texts; those of texts without shingles are all alike.

    Args:
        shingles: uint32, those of a text rising; repeated ones do not matter.

    Returns:
        Shape (texts, 128), uint16.
    """
    num_texts = len(shingles.counts)
    least = np.full(num_texts * NUM_BINS, _EMPTY)
    first = np.repeat(np.arange(num_texts, dtype=np.int64) * NUM_BINS, shingles.counts)
    hashes = shingles.hashes.astype(np.uint32, copy=False)
    _fill_first(least, hashes, first)
    for turn in range(1, _ROUNDS + 1):
        hollow = (least.reshape(num_texts, NUM_BINS) == _EMPTY).any(axis=1)
        kept = hollow[first >> _BIN_BITS]
        if not kept.any():
            break
        if not kept.all():
            hashes, first = hashes[kept], first[kept]
        if turn < _ROUNDS:
            _fill(least, hashes, first, turn)
    else:
        _fill_rest(least, hashes.astype(np.uint64), first >> _BIN_BITS)
    return (mix(least.astype(np.uint64)) >> np.uint64(48)).astype(np.uint16).reshape(num_texts, -1)


def sketch_again(shingles: Runs) -> NDArray[np.uint8]:
    """Further bins, of one round: two texts agree in as many of them as their Jaccard index says, or more.

    Those that stay empty in both agree, so that short texts look more alike than they are.

    Returns:
        Shape (texts, 64), uint8.
    """
    num_texts = len(shingles.counts)
    least = np.full(num_texts * MORE_BINS, _EMPTY)
    places = np.repeat(np.arange(num_texts, dtype=np.int64) * MORE_BINS, shingles.counts)
    spread = _mix_again(shingles.hashes.astype(np.uint32, copy=False), _ROUNDS)
    places += spread >> _MORE_REST
    np.minimum.at(least, places, spread & np.uint32((1 << int(_MORE_REST)) - 1))
    return least.astype(np.uint8).reshape(num_texts, MORE_BINS)


class Table:
    """Sketches of many texts, their upper bytes and their lower ones apart: a rough look needs half of them.

    Args:
        num_texts: Of which sketches are put there.

    Attributes:
        upper: Shape (texts, 128), uint8.
        lower: Likewise.
        more: Further bins; shape (texts, 64), uint8.
    """

    def __init__(self, num_texts: int) -> None:
        self.upper = np.zeros((num_texts, NUM_BINS), np.uint8)
        self.lower = np.zeros((num_texts, NUM_BINS), np.uint8)
        self.more = np.zeros((num_texts, MORE_BINS), np.uint8)

    def put(self, start: int, sketches: Sketches, more: NDArray[np.uint8]) -> None:
        """The sketches of `start` and the texts behind it."""
        to = start + len(sketches)
        self.upper[start:to] = sketches >> np.uint16(8)
        self.lower[start:to] = sketches.astype(np.uint8)
        self.more[start:to] = more

    def keys(self, texts: NDArray[np.int64], bins: NDArray[np.int64]) -> NDArray[np.uint64]:
        """A few bins of each text as one number.

        Args:
            texts: Shape (texts,).
            bins: Up to four; shape (bins,).
        """
        found = np.zeros(len(texts), np.uint64)
        if len(bins) == _TOGETHER and bins[0] % _TOGETHER == 0 and (np.diff(bins) == 1).all():
            column = bins[0] // _TOGETHER
            found |= self.upper.view(np.uint32)[:, column][texts]
            found <<= np.uint64(8 * _TOGETHER)
            found |= self.lower.view(np.uint32)[:, column][texts]
            return found
        for plane in (self.upper, self.lower):
            for column in bins:
                found <<= np.uint64(8)
                found |= plane[:, column][texts]
        return found


def _fill_first(
    least: NDArray[np.uint32], hashes: NDArray[np.uint32], first: NDArray[np.int64]
) -> None:
    """The first round: of each bin the first hash that falls into it; `first` is a text's first bin."""
    places = first + (hashes >> _REST)
    fresh = np.ones(len(places), dtype=bool)
    np.not_equal(places[1:], places[:-1], out=fresh[1:])
    kept = np.flatnonzero(fresh)
    least[places[kept]] = hashes[kept] & _VALUE


def _fill(
    least: NDArray[np.uint32], hashes: NDArray[np.uint32], first: NDArray[np.int64], turn: int
) -> None:
    """A further round: the least hash of each bin that was empty before."""
    spread = _mix_again(hashes, turn)
    places = first + (spread >> _REST)
    free = np.flatnonzero(least[places] == _EMPTY)
    np.minimum.at(least, places[free], spread[free] & _VALUE)


def _mix_again(hashes: NDArray[np.uint32], turn: int) -> NDArray[np.uint32]:
    """Spread 32 bits anew in each turn (the finaliser of MurmurHash3); no two become the same."""
    spread = hashes ^ np.uint32(turn * 0x9E3779B9 & 0xFFFFFFFF)
    spread ^= spread >> np.uint32(16)
    spread *= np.uint32(0x85EBCA6B)
    spread ^= spread >> np.uint32(13)
    spread *= np.uint32(0xC2B2AE35)
    spread ^= spread >> np.uint32(16)
    return spread


def _fill_rest(
    least: NDArray[np.uint32], hashes: NDArray[np.uint64], owners: NDArray[np.int64]
) -> None:
    """Bins that are empty still: the least of all the text's hashes, another one for each bin."""
    empty = np.flatnonzero(least == _EMPTY)
    num_texts = len(least) // NUM_BINS
    counts = np.bincount(owners, minlength=num_texts)
    starts = np.cumsum(counts) - counts
    texts = empty // NUM_BINS
    empty, texts = empty[counts[texts] > 0], texts[counts[texts] > 0]
    sizes = counts[texts]
    first = np.cumsum(sizes) - sizes
    inside = np.arange(int(sizes.sum())) - np.repeat(first, sizes) + np.repeat(starts[texts], sizes)
    salts = ((empty % NUM_BINS).astype(np.uint64) + np.uint64(_ROUNDS + 1)) << np.uint64(32)
    spread = mix(hashes[inside] + np.repeat(salts, sizes)) >> np.uint64(33)
    if len(first):
        least[empty] = np.minimum.reduceat(spread, first).astype(np.uint32)
