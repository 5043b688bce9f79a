"""Hashes of rows that are the same on every machine, for ever: what decides a row's split.

Each cell becomes 64 bits: numbers by their bits (-0 as 0, NaN and null as one), words by their length and
their UTF-8 (see `hash_cells`), files by BLAKE2b. A row's hash mixes the sum of its cells, each times an odd
number made of its column's name, so that neither the order of columns nor the chunks of a frame matter.
Library hashes are not used: they may change with a version. Cost: in blocks that stay in the cache, 3 ns a
number and 5 ns a word, 3 more for every eight bytes beyond twelve. Of a million rows two differing ones
collide with a chance of 3e-8.

Sources: Steele, Lea & Flood 2014 (OOPSLA), SplitMix64's finaliser; Carter & Wegman 1979 (JCSS 18), sums of
products.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.types.repeats import Repeats
from trainwright.data.types.views import SHORT_BYTES, Views
from trainwright.data.types.wordlists import joined

Hashes = NDArray[np.uint64]

_BLOCK_ROWS = 1 << 14  # several arrays of so many stay in a core's cache, or in half of it
_LONG_BYTES = 256  # of a text, beyond which one hash of its own is cheaper
_WORD_BYTES, _SPARE_BYTES, _BITS = 8, 16, np.uint64(64)
_HALF, _LOW_HALF = np.uint64(32), np.uint64(0xFFFF_FFFF)
_BYTE_MASKS = np.array([2 ** (8 * kept) - 1 for kept in range(9)], dtype=np.uint64)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_NULL = np.uint64(0x6E756C6C6E756C6C)
_ODD = np.uint64(1)


def hash_rows(frame: pl.DataFrame, columns: Sequence[str]) -> Hashes:
    """One hash a row over these columns, whatever their order. Shape (rows,), uint64."""
    return mix(sum_cells(frame, columns))


def sum_cells(frame: pl.DataFrame, columns: Sequence[str]) -> Hashes:
    """What `hash_rows` mixes: the sum of the rows' cells, so that a column can be taken out again."""
    return RowHasher(columns).sums(frame)


class RowHasher:
    """Hashes rows block by block.

    Args:
        columns: What is hashed.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = [(name, hash_text(name) | _ODD) for name in columns]

    def sums(
        self, frame: pl.DataFrame, repeats: Mapping[str, Repeats | None] = MappingProxyType({})
    ) -> Hashes:
        """The sum of each row's cells; shape (rows,).

        Args:
            frame: The rows.
            repeats: Of columns of which it is known; different texts that are few are hashed once each.
        """
        total = np.zeros(frame.height, dtype=np.uint64)
        for name, factor in self._columns:
            few = repeats[name] if name in repeats else Repeats.of_long(frame[name])
            if few is not None:
                total += _spread(few, factor)
                continue
            for start, found in _cell_blocks(frame[name]):
                found *= factor
                total[start : start + len(found)] += found
        return total

    def hashes(
        self, frame: pl.DataFrame, repeats: Mapping[str, Repeats | None] = MappingProxyType({})
    ) -> Hashes:
        """One hash a row; shape (rows,). The arguments are those of `sums`."""
        return mix(self.sums(frame, repeats))


class SourceKey:
    """Identity of a source's rows: equal for every split, setting and order of them.

    Two sums, modulo 2^64 each, of every row's hash mixed in two ways, and the number of rows; so it
    takes no memory, and rows may come in any blocks.
    """

    def __init__(self) -> None:
        self._num_rows = 0
        self._sums = [0, 0]
        self._hasher: RowHasher | None = None

    def add(
        self, frame: pl.DataFrame, repeats: Mapping[str, Repeats | None] = MappingProxyType({})
    ) -> None:
        """Further rows as they were read; all of one schema. `repeats` spares work (see `RowHasher`)."""
        if self._hasher is None:
            self._hasher = RowHasher(frame.columns)
        hashes = self._hasher.hashes(frame, repeats)
        self._num_rows += frame.height
        for start in range(0, frame.height, _BLOCK_ROWS):
            block = hashes[start : start + _BLOCK_ROWS]
            for number, salt in enumerate((_FIRST, _SECOND)):
                self._sums[number] += int(mix(block ^ salt).sum(dtype=np.uint64))
                self._sums[number] %= 1 << 64

    def merge(self, other: SourceKey) -> SourceKey:
        """Of the rows of both."""
        merged = SourceKey()
        merged._num_rows = self._num_rows + other._num_rows
        merged._sums = [(a + b) % (1 << 64) for a, b in zip(self._sums, other._sums, strict=True)]
        return merged

    @property
    def value(self) -> str:
        """64 hex digits."""
        said = f"{self._num_rows}:{self._sums[0]}:{self._sums[1]}"
        return hashlib.sha256(said.encode()).hexdigest()


def hash_cells(values: pl.Series) -> Hashes:
    """One hash a cell. Equal values of one type are equal; so are NaN and null. Shape (rows,).

    A text of n bytes is two words: n and its first four bytes, and the eight bytes thereafter (zeros where
    there are none); h = mix(first ^ mix(second)). Each further eight bytes are mixed in: h = mix(h ^ word).
    """
    total = np.empty(len(values), dtype=np.uint64)
    for start, found in _cell_blocks(values):
        total[start : start + len(found)] = found
    return total


def hash_text(text: str) -> np.uint64:
    """64 bits of BLAKE2b."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def mix(bits: Hashes) -> Hashes:
    """Spread 64 bits so that every input bit moves every output bit (SplitMix64)."""
    mixed: Hashes = bits + _STEP
    shifted = mixed >> np.uint64(30)  # in place from here: two arrays are written instead of eight
    mixed ^= shifted
    mixed *= _FIRST
    mixed ^= np.right_shift(mixed, np.uint64(27), out=shifted)
    mixed *= _SECOND
    mixed ^= np.right_shift(mixed, np.uint64(31), out=shifted)
    return mixed


def positions(hashes: Hashes, *names: str | int) -> NDArray[np.float64]:
    """Where each hash falls in [0, 1) for the use that `names` spell: a seed, a purpose."""
    salted = mix(hashes ^ hash_text("\x1f".join(map(str, names))))
    return (salted >> np.uint64(11)).astype(np.float64) * 2.0**-53


@dataclass(frozen=True, slots=True)
class Groups:
    """Which rows have equal hashes.

    Attributes:
        keys: The distinct hashes, rising; shape (groups,).
        first: The first row of each; shape (groups,).
        sizes: Rows of each; shape (groups,).
        inverse: The group of each row; shape (rows,).
    """

    keys: Hashes
    first: NDArray[np.int64]
    sizes: NDArray[np.int64]
    inverse: NDArray[np.int64]


def group_equal(hashes: Hashes) -> Groups:
    """As `np.unique` with all that it returns, at a fifth of its cost (its sort is a stable one)."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    starts = _starts(ordered)
    sizes = np.diff(starts, append=len(hashes))
    inverse = np.empty(len(hashes), dtype=np.int64)
    inverse[order] = np.repeat(np.arange(len(starts)), sizes)
    first = np.minimum.reduceat(order, starts) if len(starts) else starts
    return Groups(ordered[starts], first, sizes, inverse)


def count_distinct(values: NDArray[Any]) -> int:
    """Distinct values, none NaN (`np.unique` hashes whole numbers: a hundred times the cost)."""
    return len(_starts(np.sort(values)))


def _starts(ordered: NDArray[Any]) -> NDArray[np.int64]:
    """Where each run of equal values begins."""
    differs = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=differs[1:])
    return np.flatnonzero(differs)


def _cell_blocks(values: pl.Series) -> Iterator[tuple[int, Hashes]]:
    """The hashes of a column's cells, block by block, with the row at which each block begins."""
    if isinstance(values.dtype, pl.List):
        values = joined(values)
    kind = values.dtype
    if kind.is_numeric() or kind == pl.Boolean:
        hashed = _hash_numbers
    elif kind.is_temporal():
        hashed = _hash_moments
    elif kind == pl.Binary:
        hashed = _hash_files
    else:
        yield from _text_blocks(values if kind == pl.String else values.cast(pl.String))
        return
    for start in range(0, len(values), _BLOCK_ROWS):
        yield start, hashed(values[start : start + _BLOCK_ROWS])


def _text_blocks(texts: pl.Series) -> Iterator[tuple[int, Hashes]]:
    texts = texts.rechunk()
    views = Views.of(texts)
    gone = texts.is_null().to_numpy() if texts.null_count() else None
    for start in range(0, len(texts), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        missing = None if gone is None else gone[rows]
        yield start, _hash_texts(texts.slice(start, _BLOCK_ROWS), views[rows], missing)


def _spread(repeats: Repeats, factor: np.uint64) -> Hashes:
    """Of each row the hash of its text, times the factor."""
    codes, found = repeats.codes, hash_cells(repeats.distinct)
    if codes.null_count():
        codes, found = codes.fill_null(len(found)), np.append(found, _NULL)
    found *= factor
    spread: Hashes = found[codes.to_numpy()]
    return spread


def _hash_files(values: pl.Series) -> Hashes:
    """By BLAKE2b of each, about a gigabyte a second."""
    found = [None if v is None else hashlib.blake2b(v, digest_size=8).digest() for v in values]
    return np.array(
        [_NULL if one is None else int.from_bytes(one, "little") for one in found],
        dtype=np.uint64,
    )


def _hash_moments(values: pl.Series) -> Hashes:
    whole = values.to_physical().cast(pl.Int64)
    if not values.null_count():
        return mix(whole.to_numpy().view(np.uint64))
    found = mix(whole.fill_null(0).to_numpy().view(np.uint64))
    found[values.is_null().to_numpy()] = _NULL
    return found


def _hash_numbers(values: pl.Series) -> Hashes:
    floats = values if values.dtype == pl.Float64 else values.cast(pl.Float64)
    numbers = floats.to_numpy() + 0.0  # null is NaN, -0 becomes 0
    found = mix(numbers.view(np.uint64))
    found[np.isnan(numbers)] = _NULL
    return found


def _hash_texts(texts: pl.Series, views: Views, gone: NDArray[np.bool_] | None) -> Hashes:
    """Texts as Arrow's views hold them: length and four bytes, then eight bytes (see `hash_cells`)."""
    begin, rest = views.begin, views.rest
    is_long = views.lengths > SHORT_BYTES
    if gone is not None:
        is_long &= ~gone
    if not is_long.any():  # a view of a long text holds where it is, not what it is
        found = mix(begin ^ mix(rest if rest.any() else rest[:1]))  # of four bytes: one for all
    else:
        rest = rest.copy()
        parts = list(_long_words(texts, views, is_long))
        for at, words in parts:
            rest[at] = words.at(4)
        found = mix(begin ^ mix(rest))
        for at, words in parts:
            found[at] = words.mixed_in(found[at])
    if gone is not None:
        found[gone] = _NULL
    return found


_Where = NDArray[np.int64] | slice


def _where(mask: NDArray[np.bool_]) -> _Where:
    """Where it is true; all as a slice, which copies nothing."""
    return slice(0, len(mask)) if mask.all() else np.flatnonzero(mask)


def _long_words(
    texts: pl.Series, views: Views, is_long: NDArray[np.bool_]
) -> Iterator[tuple[_Where, _Words]]:
    """The words of long texts, read where they stand, with their rows; those at a buffer's end are copied."""
    long = _where(is_long)
    lengths, told = views.lengths[long].astype(np.int64), views.rest[long]
    starts, buffers = (told >> _HALF).astype(np.int64), told & _LOW_HALF
    data = views.data[int(buffers[0])]
    inside = (buffers == buffers[0]) & (starts + lengths + _SPARE_BYTES <= data.size)
    inside &= data.address % _WORD_BYTES == 0
    if inside.all():
        yield long, _Words(texts, long, memoryview(data), starts, lengths)
        return
    at = np.flatnonzero(is_long)
    if inside.any():
        rows = at[inside]
        yield rows, _Words(texts, rows, memoryview(data), starts[inside], lengths[inside])
    rest = at[~inside]
    if len(rest):
        arrow = texts.gather(rest).to_arrow(compat_level=pl.CompatLevel.oldest())
        _, offsets, packed = arrow.buffers()
        ends = np.frombuffer(offsets, np.int64)[arrow.offset : arrow.offset + len(arrow) + 1]
        padded = bytes(memoryview(packed)[: int(ends[-1])]) + bytes(_SPARE_BYTES)
        yield rest, _Words(texts, rest, padded, ends[:-1], np.diff(ends))


def _even_step(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> int:
    """Bytes from one text to the next where all are as long and rise at even distances; else 0."""
    if len(starts) < 2 or lengths[0] != lengths[-1]:
        return 0
    steps = np.diff(starts)
    even = steps[0] > 0 and (steps == steps[0]).all() and (lengths == lengths[0]).all()
    return int(steps[0]) if even else 0


class _Words:
    """Texts of more than twelve bytes, eight bytes at a time.

    Args:
        texts: A column.
        rows: Which of it.
        data: Where they stand, with two words' length behind each.
        starts: Where each begins.
        lengths: Bytes of each.
    """

    def __init__(
        self,
        texts: pl.Series,
        rows: _Where,
        data: bytes | memoryview,
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
    ) -> None:
        self._texts, self._rows, self._data = texts, rows, data
        self._words = np.frombuffer(data, np.dtype("<u8"), len(data) // _WORD_BYTES)
        self._starts, self._lengths = starts, lengths
        self._step = _even_step(starts, lengths)

    def at(self, place: int) -> Hashes:
        """The eight bytes from `place` on, of each text."""
        if self._step:
            at = int(self._starts[0]) + place
            even = np.ndarray(len(self._starts), "<u8", self._data, at, (self._step,))
            return even.astype(np.uint64)  # which puts them on even addresses
        return self._word(self._starts + place)

    def mixed_in(self, found: Hashes) -> Hashes:
        """The hashes with all bytes beyond the twelfth."""
        for place in range(SHORT_BYTES, min(int(self._lengths.max()), _LONG_BYTES), 8):
            rows = _where(self._lengths > place)
            word = self.at(place) if self._step else self._word(self._starts[rows] + place)
            word &= _BYTE_MASKS[np.minimum(self._lengths[rows] - place, 8)]
            found[rows] = mix(found[rows] ^ word)
        very_long = np.flatnonzero(self._lengths > _LONG_BYTES)
        if len(very_long):
            names = np.arange(len(self._texts))[self._rows][very_long]
            for row, name in zip(very_long.tolist(), names.tolist(), strict=True):
                found[row] = hash_text(self._texts[name])
        return found

    def _word(self, start: NDArray[np.int64]) -> Hashes:
        """From two words that are aligned: reading across them would make NumPy copy all of the data."""
        number, bits = start >> 3, ((start & 7) << 3).astype(np.uint64)
        word: Hashes = self._words[number] >> bits
        word |= self._words[number + 1] << (_BITS - bits)  # all is shifted out where there are 64
        return word
