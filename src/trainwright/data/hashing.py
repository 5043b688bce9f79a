"""Hashes of rows that are the same on every machine, for ever: what decides a row's split.

Each cell becomes 64 bits: numbers by their bits (-0 as 0, NaN and null as one), words by BLAKE2b of
each distinct value; cells of a raw table, which are nearly all text, by eight bytes at a time. They are
mixed with their column's name and added up, so that neither the order of columns nor the chunks of
a frame matter. Library hashes are not used: they may change with a version. Cost: in blocks that
stay in the cache, on two threads, about 5 ns a number, 10 ns a raw text, 15 ns a word and 1 us a
distinct word. Of a million rows two differing ones collide with a chance of 3e-8.

Source of the mixing function: Steele, Lea & Flood 2014 (OOPSLA), SplitMix64's finaliser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from trainwright.data.types.wordlists import joined

Hashes = NDArray[np.uint64]
TextHash = Callable[[pa.Array], Hashes]

_BLOCK_ROWS = 65_536
_THREADS = 2
_KNOWN_WORDS = 1 << 18  # remembered of all columns together
_LONG_BYTES = 256  # of a text, beyond which one hash of its own is cheaper
_BYTE_MASKS = np.array([2 ** (8 * kept) - 1 for kept in range(9)], dtype=np.uint64)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_NULL = np.uint64(0x6E756C6C6E756C6C)


def hash_rows(frame: pl.DataFrame, columns: Sequence[str]) -> Hashes:
    """One hash a row over these columns, whatever their order. Shape (rows,), uint64."""
    return mix(sum_cells(frame, columns))


def hash_raw_rows(frame: pl.DataFrame) -> Hashes:
    """One hash a row of a table as it was read, whatever the order of its columns. Shape (rows,)."""
    return RowHasher(frame.columns, raw=True).hashes(frame)


def sum_cells(frame: pl.DataFrame, columns: Sequence[str]) -> Hashes:
    """What `hash_rows` mixes: the sum of the rows' cells, so that a column can be taken out again."""
    return RowHasher(columns).sums(frame)


class RowHasher:
    """Hashes rows block by block, and remembers the words of earlier blocks.

    Args:
        columns: What is hashed.
        raw: The table is as it was read: nearly all of it text.
    """

    def __init__(self, columns: Sequence[str], *, raw: bool = False) -> None:
        known = max(1 << 12, _KNOWN_WORDS // max(1, len(columns)))
        self._columns: list[tuple[str, np.uint64, TextHash]] = [
            (name, hash_text(name), _Bytes() if raw else _Words(known)) for name in columns
        ]

    def sums(self, frame: pl.DataFrame) -> Hashes:
        """The sum of each row's cells; shape (rows,)."""
        total = np.zeros(frame.height, dtype=np.uint64)
        shares = [self._columns[first::_THREADS] for first in range(_THREADS)]
        with ThreadPoolExecutor(
            _THREADS
        ) as pool:  # sums of whole numbers are the same in any order
            for part in pool.map(lambda share: self._sums(frame, share), shares):
                total += part
        return total

    def hashes(self, frame: pl.DataFrame) -> Hashes:
        """One hash a row; shape (rows,)."""
        return mix(self.sums(frame))

    @staticmethod
    def _sums(frame: pl.DataFrame, columns: Sequence[tuple[str, np.uint64, TextHash]]) -> Hashes:
        total = np.zeros(frame.height, dtype=np.uint64)
        for name, salt, texts in columns:
            for start, found in _cell_blocks(frame[name], texts):
                total[start : start + len(found)] += mix(found ^ salt)
        return total


class SourceKey:
    """Identity of a source's rows: equal for every split, setting and order of them.

    Two sums, modulo 2^64 each, of every row's hash mixed in two ways, and the number of rows; so it
    takes no memory, and rows may come in any blocks.
    """

    def __init__(self) -> None:
        self._num_rows = 0
        self._sums = [0, 0]
        self._hasher: RowHasher | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Further rows as they were read; all of one schema."""
        if self._hasher is None:
            self._hasher = RowHasher(frame.columns, raw=True)
        hashes = self._hasher.hashes(frame)
        self._num_rows += frame.height
        for number, salt in enumerate((_FIRST, _SECOND)):
            self._sums[number] += int(mix(hashes ^ salt).sum(dtype=np.uint64))
            self._sums[number] %= 1 << 64

    @property
    def value(self) -> str:
        """64 hex digits."""
        said = f"{self._num_rows}:{self._sums[0]}:{self._sums[1]}"
        return hashlib.sha256(said.encode()).hexdigest()


class CellHasher:
    """Hashes the cells of one column block by block (see `hash_cells`)."""

    def __init__(self) -> None:
        self._texts = _Words(_KNOWN_WORDS)

    def hashes(self, values: pl.Series) -> Hashes:
        """One hash a cell; shape (rows,)."""
        total = np.empty(len(values), dtype=np.uint64)
        for start, found in _cell_blocks(values, self._texts):
            total[start : start + len(found)] = found
        return total


def hash_cells(values: pl.Series) -> Hashes:
    """One hash a cell. Equal values of one type are equal; so are NaN and null."""
    return CellHasher().hashes(values)


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


def _cell_blocks(values: pl.Series, texts: TextHash) -> Iterator[tuple[int, Hashes]]:
    """The hashes of a column's cells, block by block, with the row at which each block begins."""
    start = 0
    for chunk in values.get_chunks():
        for at in range(0, len(chunk), _BLOCK_ROWS):
            block = chunk.slice(at, _BLOCK_ROWS)
            if block.dtype.is_numeric() or block.dtype == pl.Boolean:
                yield start + at, _hash_numbers(block)
            elif block.dtype.is_temporal():
                yield start + at, _hash_moments(block)
            elif block.dtype == pl.Binary:
                yield start + at, _hash_files(block)
            else:
                texts_block = joined(block) if isinstance(block.dtype, pl.List) else block
                yield start + at, texts(_arrow(texts_block))
        start += len(chunk)


def _arrow(texts: pl.Series) -> pa.Array:
    words = texts.cast(pl.String).to_arrow(compat_level=pl.CompatLevel.oldest())
    return pa.array(words, type=pa.large_string())


def _hash_files(values: pl.Series) -> Hashes:
    """By BLAKE2b of each, about a gigabyte a second."""
    found = [None if v is None else hashlib.blake2b(v, digest_size=8).digest() for v in values]
    return np.array(
        [_NULL if one is None else int.from_bytes(one, "little") for one in found],
        dtype=np.uint64,
    )


def _hash_moments(values: pl.Series) -> Hashes:
    found = mix(values.to_physical().cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64))
    found[values.is_null().to_numpy()] = _NULL
    return found


def _hash_numbers(values: pl.Series) -> Hashes:
    numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy() + 0.0  # -0 becomes 0
    found = mix(np.ascontiguousarray(numbers).view(np.uint64))
    found[np.isnan(numbers)] = _NULL
    return found


class _Words:
    """Words by BLAKE2b of each distinct one; those of earlier blocks are remembered."""

    def __init__(self, limit: int) -> None:
        self._known: dict[str | None, int] = {}
        self._limit = limit

    def __call__(self, texts: pa.Array) -> Hashes:
        encoded = texts.dictionary_encode(null_encoding="encode")
        distinct = encoded.dictionary.to_pylist()
        if len(self._known) > self._limit:
            self._known.clear()
        for word in distinct:
            if word not in self._known:
                self._known[word] = int(_NULL if word is None else hash_text(word))
        table = np.array([self._known[word] for word in distinct], dtype=np.uint64)
        found: Hashes = table[encoded.indices.to_numpy(zero_copy_only=False)]
        return found


class _Bytes:
    """Texts by their length and their UTF-8, eight bytes at a time; long ones by BLAKE2b."""

    def __call__(self, texts: pa.Array) -> Hashes:
        _, offset_buffer, data = texts.buffers()
        ends = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        first, last = int(ends[0]), int(ends[-1])
        padded = (b"" if data is None else bytes(memoryview(data)[first:last])) + bytes(8)
        words = np.ndarray((len(padded) - 7,), np.dtype("<u8"), buffer=padded, strides=(1,))
        starts, lengths = ends[:-1] - first, np.diff(ends)
        found = mix(mix(lengths.view(np.uint64)) ^ _first_bytes(words[starts], lengths))
        for at in range(8, min(int(lengths.max(initial=0)), _LONG_BYTES), 8):
            rows = np.flatnonzero(lengths > at)
            part = _first_bytes(words[starts[rows] + at], lengths[rows] - at)
            found[rows] = mix(found[rows] ^ part)
        for row in np.flatnonzero(lengths > _LONG_BYTES).tolist():
            found[row] = hash_text(texts[row].as_py())
        if texts.null_count:
            found[texts.is_null().to_numpy(zero_copy_only=False)] = _NULL
        return found


def _first_bytes(words: Hashes, lengths: NDArray[np.int64]) -> Hashes:
    """Words without the bytes beyond the length left."""
    return words & _BYTE_MASKS[np.minimum(lengths, 8)]
