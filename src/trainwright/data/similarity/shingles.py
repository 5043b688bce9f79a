"""Texts as sets of word shingles: three words in a row each, as 32-bit hashes.

Words are runs of letters and digits in lower case; what stands between them does not count. A text whose
words are longer than any language's (no blanks: Chinese, DNA, a key) is cut into characters instead, five
in a row. No string is built: a block of texts is looked at as one array of bytes, words are hashed eight
bytes at a time, and a shingle's hash combines those of its words. Nothing depends on the block.

Cost: about 25 ns a word, of which half goes to finding where words begin and end.

Source: Broder 1997, "On the resemblance and containment of documents" (shingles); the mixing function is
SplitMix64's (`data.hashing.mix`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from trainwright.data.hashing import Hashes, mix

WORDS = 3
CHARACTERS = 5
LONG_WORDS = 20.0  # mean bytes of a word beyond which a text has no blanks
_SLICE_BYTES = 1 << 18  # of text at a time: what is made of it stays in the cache
_LONG_WORD_BYTES = 4096  # of a word, beyond which the rest does not count
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
_BYTE_MASKS = np.array([2 ** (8 * kept) - 1 for kept in range(9)], dtype=np.uint64)
_LOWER = np.array(
    [
        byte + 32 if 65 <= byte <= 90 else byte if chr(byte).isalnum() or byte >= 128 else 0
        for byte in range(256)
    ],
    dtype=np.uint8,
)
_NO_WORD = r"[^\p{L}\p{M}\p{N}]+"


@dataclass(frozen=True, slots=True)
class Runs:
    """Hashes of several texts, one text after another.

    Attributes:
        hashes: Shape (hashes,); uint32 of shingles, uint64 of words.
        counts: How many each text has; shape (texts,), int64.
    """

    hashes: NDArray[np.uint32] | Hashes
    counts: NDArray[np.int64]


def shingle(texts: pl.Series, *, num_words: int = WORDS) -> Iterator[Runs]:
    """The shingles of each text, in their order, repeated ones too; some texts at a time.

    Args:
        texts: Strings; null has no shingles.
        num_words: Words of a shingle. A text of fewer words has one shingle, of all of them.

    Yields:
        Hashes uint32 of the next texts.
    """
    for words, sizes, first in _words(texts):
        unbroken = sizes > LONG_WORDS * words.counts
        found = _combine(words, num_words)
        if unbroken.any():
            rows = np.flatnonzero(unbroken)
            letters = _join([part for part, *_ in _words(_cut(texts.gather(first + rows)))])
            found = _merge(found, _combine(letters, CHARACTERS), rows)
        yield found


def long_shingles(texts: pl.Series, *, num_words: int, fewest: int) -> Iterator[Runs]:
    """Runs of many words as 64-bit hashes, in which no two differ by chance.

    Args:
        texts: Strings.
        num_words: Words of a run.
        fewest: Words of a shorter text that make one run; a text of fewer has none.
    """
    for words in hash_words(texts):
        counts = words.counts
        ends = np.cumsum(counts)
        sums = np.concatenate(
            [np.zeros(1, np.uint64), np.cumsum(words.hashes * _powers(len(words.hashes)))]
        )
        sizes = np.where(counts >= num_words, num_words, np.where(counts >= fewest, counts, 0))
        number = np.where(sizes > 0, counts - sizes + 1, 0)
        starts = ranges(ends - counts, number)
        lengths = np.repeat(sizes, number)
        found = (sums[starts + lengths] - sums[starts]) * _inverse_powers(len(words.hashes))[starts]
        yield Runs(mix(found), number)


def distinct(runs: Runs) -> Runs:
    """Each text's hashes (uint32) once, rising."""
    owners = np.repeat(np.arange(len(runs.counts), dtype=np.uint64), runs.counts)
    keys = np.sort(owners << np.uint64(32) | runs.hashes)
    fresh = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=fresh[1:])
    keys = keys[fresh]
    owned = (keys >> np.uint64(32)).astype(np.int64)
    counts = np.bincount(owned, minlength=len(runs.counts)).astype(np.int64)
    return Runs(keys.astype(np.uint32), counts)


def hash_words(texts: pl.Series) -> Iterator[Runs]:
    """The words of each text in their order, some texts at a time; hashes uint64."""
    for words, *_ in _words(texts):
        yield words


def _words(texts: pl.Series) -> Iterator[tuple[Runs, NDArray[np.int64], int]]:
    """Words of some texts at a time, the bytes that each text's have together, the first text's place."""
    data, ends = _bytes(texts)
    cuts = np.flatnonzero(np.diff(ends[:-1] // _SLICE_BYTES)) + 1
    for first, last in zip([0, *cuts.tolist()], [*cuts.tolist(), len(texts)], strict=True):
        low, high = int(ends[first]), int(ends[last])
        raw = np.zeros(high - low + 9, np.uint8)
        np.take(_LOWER, data[low:high], out=raw[1:-8], mode="clip")
        yield *_hash(raw, ends[first : last + 1] - low + 1), first


def _hash(raw: NDArray[np.uint8], bounds: NDArray[np.int64]) -> tuple[Runs, NDArray[np.int64]]:
    """Words of texts that begin at `bounds` (the end last), and the bytes of each text's words.

    Args:
        raw: Lower case, zeros for what is no word: one before the first text, eight after the last.
        bounds: Shape (texts + 1,).
    """
    inside = raw != 0
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, lengths = edges[::2] + 1, edges[1::2] - edges[::2]
    eights = np.ndarray((len(raw) - 7,), np.dtype("<u8"), buffer=raw, strides=(1,))
    found = mix(eights[starts] & _BYTE_MASKS[np.minimum(lengths, 8)])
    rows = np.flatnonzero(lengths > 8)
    at = 8
    while len(rows) and at < _LONG_WORD_BYTES:
        part = eights[starts[rows] + at] & _BYTE_MASKS[np.minimum(lengths[rows] - at, 8)]
        found[rows] = mix(found[rows] ^ part)
        at += 8
        rows = rows[lengths[rows] > at]
    places = np.searchsorted(starts, bounds)
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Runs(found, np.diff(places)), np.diff(before[places])


def _bytes(texts: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Texts as UTF-8 in one array, a line's end after each; and where each begins, the end last."""
    plain = texts.cast(pl.String).fill_null("")
    broad = plain.str.len_bytes() != plain.str.len_chars()
    if broad.any():
        tidy = plain.filter(broad).str.normalize("NFKC").str.to_lowercase()
        plain = plain.scatter(broad.arg_true(), tidy.str.replace_all(_NO_WORD, " "))
    array = pa.array(
        (plain + "\n").to_arrow(compat_level=pl.CompatLevel.oldest()), pa.large_string()
    )
    _, offset_buffer, data = array.buffers()
    ends = np.frombuffer(offset_buffer, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(b"" if data is None else data, np.uint8), ends


def _cut(texts: pl.Series) -> pl.Series:
    """Each letter as a word of its own."""
    return texts.cast(pl.String).str.normalize("NFKC").str.replace_all(r"([\p{L}\p{N}])", " $1")


def _combine(words: Runs, size: int) -> Runs:
    """Hashes of `size` words in a row; never across two texts."""
    counts = np.where(words.counts == 0, 0, np.maximum(words.counts - size + 1, 1))
    padded = np.concatenate([words.hashes, np.zeros(size - 1, np.uint64)])
    total = len(words.hashes)
    sums = np.zeros(total, np.uint64)
    for place in range(size):
        sums += padded[place : place + total] * (_FACTORS[place % 3] + np.uint64(2 * (place // 3)))
    ends = np.cumsum(words.counts)
    kept = np.ones(total, bool)
    for back in range(1, size):  # the last words of a text begin no shingle
        late = ends[words.counts > back] - back
        kept[late] = False
    for row in np.flatnonzero((words.counts > 0) & (words.counts < size)).tolist():
        first, last = int(ends[row] - words.counts[row]), int(ends[row])
        kept[first] = True
        sums[first] = words.hashes[first:last] @ _FACTORS[np.arange(last - first) % 3]
    hashes = (mix(sums[kept]) >> np.uint64(32)).astype(np.uint32)
    return Runs(hashes, counts)


def ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """start, start + 1 ... to as many as `counts` says, of each, one after another."""
    begins = np.cumsum(counts) - counts
    found: NDArray[np.int64] = np.repeat(starts - begins, counts)
    found += np.arange(len(found))
    return found


def _powers(number: int) -> Hashes:
    """The powers of an odd number, modulo 2^64."""
    found: Hashes = np.cumprod(np.full(number, _FACTORS[0]))
    return found


def _inverse_powers(number: int) -> Hashes:
    """What they are multiplied by to come to the first one."""
    inverse = np.uint64(pow(int(_FACTORS[0]), -1, 2**64))
    found: Hashes = np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(number, inverse)]))
    return found


def _join(parts: list[Runs]) -> Runs:
    """Texts of several parts as one."""
    hashes = np.concatenate([part.hashes for part in parts])
    return Runs(hashes, np.concatenate([part.counts for part in parts]))


def _merge(whole: Runs, part: Runs, rows: NDArray[np.int64]) -> Runs:
    """`whole` with what `part` says of some texts in place of its own."""
    counts = whole.counts.copy()
    owners = np.repeat(np.arange(len(counts)), counts)
    replaced = np.zeros(len(counts), bool)
    replaced[rows] = True
    kept = ~replaced[owners]
    counts[rows] = part.counts
    owners = np.concatenate([owners[kept], np.repeat(rows, part.counts)])
    hashes = np.concatenate([whole.hashes[kept], part.hashes])
    return Runs(hashes[np.argsort(owners, kind="stable")], counts)
