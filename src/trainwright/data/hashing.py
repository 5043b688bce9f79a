"""Hashes of rows that are the same on every machine, for ever: what decides a row's split.

Each cell becomes 64 bits: numbers by their bits (-0 as 0, NaN and null as one), words by BLAKE2b of
each distinct value. Cells are mixed with their column's name and added up, so that neither the
order of columns nor the chunks of a frame matter. Library hashes are not used: they may change with
a version. Cost: about 5 ns a number, and one BLAKE2b a distinct word. Of a million rows two differing
ones collide with a chance of 3e-8.

Source of the mixing function: Steele, Lea & Flood 2014 (OOPSLA), SplitMix64's finaliser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_NULL = np.uint64(0x6E756C6C6E756C6C)


def hash_rows(frame: pl.DataFrame, columns: Sequence[str]) -> Hashes:
    """One hash a row over these columns, whatever their order. Shape (rows,), uint64."""
    total = np.zeros(frame.height, dtype=np.uint64)
    for name in columns:
        total += mix(hash_cells(frame[name]) ^ hash_text(name))
    return mix(total)


def hash_cells(values: pl.Series) -> Hashes:
    """One hash a cell. Equal values of one type are equal; so are NaN and null."""
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        return _hash_numbers(values)
    if values.dtype.is_temporal():
        found = mix(values.to_physical().cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64))
        found[values.is_null().to_numpy()] = _NULL
        return found
    return _hash_words(values.cast(pl.String))


def hash_text(text: str) -> np.uint64:
    """64 bits of BLAKE2b."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def mix(bits: Hashes) -> Hashes:
    """Spread 64 bits so that every input bit moves every output bit (SplitMix64)."""
    mixed: Hashes = bits + _STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))


def positions(hashes: Hashes, *names: str | int) -> NDArray[np.float64]:
    """Where each hash falls in [0, 1) for the use that `names` spell: a seed, a purpose."""
    salted = mix(hashes ^ hash_text("\x1f".join(map(str, names))))
    return (salted >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _hash_numbers(values: pl.Series) -> Hashes:
    numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy() + 0.0  # -0 becomes 0
    found = mix(np.ascontiguousarray(numbers).view(np.uint64))
    found[np.isnan(numbers)] = _NULL
    return found


def _hash_words(values: pl.Series) -> Hashes:
    words = values.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    encoded = pa.array(words, type=pa.large_string()).dictionary_encode()
    table = [hash_text(word) for word in encoded.dictionary.to_pylist()]
    table.append(_NULL)
    codes = encoded.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)
    found: Hashes = np.array(table, dtype=np.uint64)[codes]
    return found
