"""Quantiles and distinct counts in bounded memory, the same for any order of rows and any order of merging.

Quantiles count rows by an integer code that sorts as the values do. Up to `exact_rows` rows the
codes are whole and quantiles exact. Beyond, the low bits are dropped: for a number the code is its
IEEE 754 pattern, so what remains is sign, exponent and at least seven bits of fraction: logarithmic
buckets, at most 0.4 % wide to either side. (As in DDSketch: Masson, Rim & Lee 2019, VLDB 12(12),
sections 2.1-2.2; our buckets are linear within each power of two, so that no logarithm is rounded.)
For a time the code is its microseconds. Over a narrow range both keep up to 4,096 buckets.

Distinct counts are HyperLogLog (Flajolet et al. 2007) with 4,096 registers, standard error 1.6 %,
read by the estimator of Ertl 2017 (arXiv:1702.01284, algorithm 6), which needs no bias tables. The
hash is ours and fixed, since libraries change theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

EXACT_ROWS = 8_192
NUMBER_SHIFT = 45  # 52 bits of fraction, of which 7 are kept
NARROW_BUCKETS = 4_096
HASHED_BYTES = 1_024  # of a text; longer ones that begin alike and are of equal length count as one
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)
_PRECISION = 12
_CACHED = 8_192  # numbers of which several arrays stay in a core's cache
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_OF_RANK = np.frombuffer(_LETTERS.encode("ascii"), dtype=np.uint8)
_RANK_OF = np.zeros(256, dtype=np.uint8)
_RANK_OF[_OF_RANK] = np.arange(len(_LETTERS))

Scale = Literal["number", "time"]


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """How many rows hold which value, exact or in buckets.

    Attributes:
        scale: "number" (float64) or "time" (microseconds, int64).
        exact_rows: Up to so many rows nothing is rounded.
        shift: Low bits of the code that were dropped; 0 is exact.
        codes: Ascending, shape (buckets,), int64.
        counts: Rows in each, shape (buckets,), int64.
        least: Code of the smallest value, whole.
        most: Code of the largest value, whole.
    """

    scale: Scale
    exact_rows: int
    shift: int
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]
    least: int
    most: int

    @classmethod
    def of(
        cls,
        values: NDArray[np.float64] | NDArray[np.int64],
        *,
        scale: Scale = "number",
        exact_rows: int = EXACT_ROWS,
    ) -> Quantiles:
        """Of finite values (none missing), shape (rows,)."""
        codes = _encode(values) if scale == "number" else np.asarray(values, dtype=np.int64)
        if not len(codes):
            return cls(scale, exact_rows, 0, codes, codes, 0, 0)
        least, most = int(codes.min()), int(codes.max())
        shift = 0 if len(codes) <= exact_rows else _shift(scale, least, most)
        distinct, counts = np.unique(codes >> shift, return_counts=True)
        return cls(scale, exact_rows, shift, distinct, counts.astype(np.int64), least, most)

    def merge(self, other: Quantiles) -> Quantiles:
        """Of the rows of both; in any order the same."""
        if not self.count or not other.count:
            return self if self.count else other
        least, most = min(self.least, other.least), max(self.most, other.most)
        count = self.count + other.count
        shift = 0 if count <= self.exact_rows else _shift(self.scale, least, most)
        codes = np.concatenate([part.codes >> (shift - part.shift) for part in (self, other)])
        distinct, places = np.unique(codes, return_inverse=True)
        counts = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(counts, places, np.concatenate([self.counts, other.counts]))
        return Quantiles(self.scale, self.exact_rows, shift, distinct, counts, least, most)

    def beside(self, other: Quantiles) -> Quantiles:
        """Itself in the buckets and with the bounds of both, so that equal values stand for equal ones.

        Of few rows each value is kept, of many the middle of its bucket: in bins whose edges are values, the
        same value would otherwise be on two sides of an edge.
        """
        if not self.count or not other.count:
            return self
        shift = max(self.shift, other.shift)
        codes, places = np.unique(self.codes >> (shift - self.shift), return_inverse=True)
        counts = np.zeros(len(codes), dtype=np.int64)
        np.add.at(counts, places, self.counts)
        least, most = min(self.least, other.least), max(self.most, other.most)
        return Quantiles(self.scale, self.exact_rows, shift, codes, counts, least, most)

    @property
    def count(self) -> int:
        """Rows."""
        return int(self.counts.sum())

    @property
    def is_exact(self) -> bool:
        """True while no bit of a code was dropped."""
        return self.shift == 0

    @property
    def values(self) -> NDArray[np.float64]:
        """The value that stands for each bucket (its middle), ascending, shape (buckets,)."""
        middles = (self.codes << self.shift) + ((1 << self.shift) >> 1)
        return self._decode(np.clip(middles, self.least, self.most))

    @property
    def min(self) -> float | None:
        """The smallest value, exact."""
        return float(self._decode(np.array([self.least]))[0]) if self.count else None

    @property
    def max(self) -> float | None:
        """The largest value, exact."""
        return float(self._decode(np.array([self.most]))[0]) if self.count else None

    def quantile(self, fractions: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles by linear interpolation between order statistics (Hyndman & Fan 1996, type 7).

        Args:
            fractions: In [0, 1], shape (q,).

        Returns:
            Shape (q,); NaN without rows.
        """
        asked = np.asarray(fractions, dtype=np.float64)
        if not self.count:
            return np.full(asked.shape, np.nan)
        ends, values = np.cumsum(self.counts), self.values
        position = asked * (self.count - 1)
        below = np.floor(position)
        low = values[np.searchsorted(ends, below, side="right")]
        high = values[np.searchsorted(ends, np.ceil(position), side="right")]
        weight = position - below
        # Two products, since the difference of two huge values may be beyond float64.
        return np.where(low == high, low, low * (1 - weight) + high * weight)

    def bin_counts(self, edges: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rows in (-inf, e0], (e0, e1] ... (e_last, inf), shape (edges + 1,)."""
        bins = np.searchsorted(edges, self.values, side="left")
        counts = np.zeros(len(edges) + 1, dtype=np.int64)
        np.add.at(counts, bins, self.counts)
        return counts

    def histogram(self, *, num_bins: int = 20) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Equal-width bins from min to max, for a plot: edges (bins + 1,) and counts (bins,)."""
        if not self.count:
            return np.empty(0), np.empty(0, dtype=np.int64)
        low, high = self.min or 0.0, self.max or 0.0
        if low == high:
            return np.array([low, high]), np.array([self.count])
        steps = np.linspace(0.0, 1.0, num_bins + 1)
        edges = low * (1 - steps) + high * steps
        return edges, self.bin_counts(edges[1:-1])

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "scale": self.scale,
            "exact_rows": self.exact_rows,
            "shift": self.shift,
            "codes": self.codes.tolist(),
            "counts": self.counts.tolist(),
            "least": self.least,
            "most": self.most,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Quantiles:
        """Inverse of `to_json`."""
        arrays = {key: np.array(value[key], dtype=np.int64) for key in ("codes", "counts")}
        return cls(**{**value, **arrays})

    def _decode(self, codes: NDArray[np.int64]) -> NDArray[np.float64]:
        if self.scale == "time":
            return codes.astype(np.float64)
        return (codes ^ ((codes >> 63) & _MAGNITUDE)).view(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class HyperLogLog:
    """How many distinct values there are, in 4,096 registers.

    Attributes:
        registers: Shape (4096,), uint8; the longest run of zeros seen, plus one.
    """

    registers: NDArray[np.uint8]

    @classmethod
    def of(cls, hashes: NDArray[np.uint64]) -> HyperLogLog:
        """Of the hashes of values (see `hash_numbers`, `hash_texts`), shape (values,)."""
        registers = np.zeros(1 << _PRECISION, dtype=np.uint8)
        for start in range(0, len(hashes), _CACHED):
            part = hashes[start : start + _CACHED]
            places = (part >> np.uint64(64 - _PRECISION)).astype(np.int64)
            np.maximum.at(registers, places, _rank(part << np.uint64(_PRECISION)))
        return cls(registers)

    @classmethod
    def of_numbers(cls, values: NDArray[np.float64] | NDArray[np.int64]) -> HyperLogLog:
        """Of numbers, none missing; shape (values,)."""
        hashes = np.empty(len(values), dtype=np.uint64)
        for start in range(0, len(values), _CACHED):
            part = slice(start, start + _CACHED)
            hashes[part] = hash_numbers(values[part])
        return cls.of(hashes)

    def merge(self, other: HyperLogLog) -> HyperLogLog:
        """Of the values of both."""
        return HyperLogLog(np.maximum(self.registers, other.registers))

    @property
    def estimate(self) -> float:
        """Distinct values, standard error 1.6 % (Ertl 2017, algorithm 6)."""
        num_registers, longest = len(self.registers), 64 - _PRECISION
        with_rank = np.bincount(self.registers, minlength=longest + 2).tolist()
        total = num_registers * _tau(1 - with_rank[longest + 1] / num_registers)
        for rank in range(longest, 0, -1):
            total = 0.5 * (total + with_rank[rank])
        total += num_registers * _sigma(with_rank[0] / num_registers)
        return num_registers * num_registers / (2 * math.log(2) * total)

    def to_json(self) -> str:
        """One letter a register."""
        return _OF_RANK[self.registers].tobytes().decode("ascii")

    @classmethod
    def from_json(cls, value: str) -> HyperLogLog:
        """Inverse of `to_json`."""
        return cls(_RANK_OF[np.frombuffer(value.encode("ascii"), dtype=np.uint8)])


def hash_numbers(values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.uint64]:
    """A fixed 64-bit hash of each number; -0.0 is 0.0."""
    return _mixed((values + values.dtype.type(0)).view(np.uint64))


def hash_texts(texts: pl.Series) -> NDArray[np.uint64]:
    """A fixed 64-bit hash of each text (none missing), eight bytes of UTF-8 at a time."""
    arrow = texts.cast(pl.String).rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offset_buffer, data_buffer = arrow.buffers()
    first = arrow.offset
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)[first : first + len(texts) + 1]
    data = b"" if data_buffer is None else data_buffer.to_pybytes()
    words = np.ndarray((len(data) + 1,), np.dtype("<u8"), buffer=data + bytes(8), strides=(1,))
    lengths = np.diff(offsets)
    hashes = _mixed(lengths.astype(np.uint64))
    for start in range(0, min(int(lengths.max(initial=0)), HASHED_BYTES), 8):
        active = np.flatnonzero(lengths > start)
        left = np.minimum(lengths[active] - start, 8).astype(np.uint64)
        word = words[offsets[active] + start]
        unused = (np.uint64(8) - left) * np.uint64(8)
        hashes[active] = _mixed(hashes[active] ^ (word << unused))
    return hashes


def _encode(values: NDArray[Any]) -> NDArray[np.int64]:
    """Integers that sort as the numbers do; -0.0 is 0.0."""
    bits = (np.ascontiguousarray(values, dtype=np.float64) + 0.0).view(np.int64)
    sign = bits >> 63
    sign &= _MAGNITUDE
    bits ^= sign
    return bits


def _shift(scale: Scale, least: int, most: int) -> int:
    """The fewest low bits to drop; it only grows with the range, so parts can be merged."""
    limit = NUMBER_SHIFT if scale == "number" else 64
    shift = 0
    while shift < limit and (most >> shift) - (least >> shift) >= NARROW_BUCKETS:
        shift += 1
    return shift


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's step (Steele, Lea & Flood 2014, OOPSLA, figure 16): every bit moves every bit."""
    mixed = bits + np.uint64(0x9E37_79B9_7F4A_7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return mixed ^ (mixed >> np.uint64(31))


def _rank(bits: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Leading zeros plus one, at most 53: a float64 holds the first 53 bits exactly, and counts them."""
    _, used = np.frexp((bits >> np.uint64(11)).astype(np.float64))
    ranks: NDArray[np.uint8] = (np.minimum(53 - used, 64 - _PRECISION) + 1).astype(np.uint8)
    return ranks


def _sigma(share: float) -> float:
    if share == 1.0:
        return math.inf
    weight, total, before = 1.0, share, -1.0
    while total != before:
        share *= share
        before = total
        total += share * weight
        weight += weight
    return total


def _tau(share: float) -> float:
    if share in (0.0, 1.0):
        return 0.0
    weight, total, before = 1.0, 1 - share, -1.0
    while total != before:
        share = math.sqrt(share)
        before = total
        weight *= 0.5
        total -= (1 - share) ** 2 * weight
    return total / 3
