"""Texts as Arrow keeps them in memory: what can be told of each from sixteen bytes, without a look at it.

A view is two words of eight bytes: the length and the first four bytes of the text, and the eight bytes
thereafter where it has at most twelve (else where it stands). What is missing has a view of any kind.

Source: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

SHORT_BYTES = 12
_LENGTH = np.uint64(0xFFFF_FFFF)
_BYTE = np.uint64(0xFF)
_WORD, _HALF = np.uint64(64), np.uint64(32)


@dataclass(frozen=True, slots=True)
class Views:
    """Of a block of texts.

    Attributes:
        begin: Length, and the first four bytes above it; shape (rows,), uint64.
        rest: The eight bytes that follow, zeros where there are none; shape (rows,), uint64.
    """

    begin: NDArray[np.uint64]
    rest: NDArray[np.uint64]

    @classmethod
    def of(cls, texts: pl.Series) -> Views:
        """Of a String series that is one chunk; nothing is copied."""
        arrow = texts.to_arrow(compat_level=pl.CompatLevel.newest())
        words = np.frombuffer(arrow.buffers()[1], np.uint64).reshape(-1, 2)
        begin, rest = words[arrow.offset : arrow.offset + len(texts)].T
        return cls(begin, rest)

    @property
    def lengths(self) -> NDArray[np.uint64]:
        """Bytes of each text; shape (rows,)."""
        return self.begin & _LENGTH

    @property
    def first(self) -> NDArray[np.uint8]:
        """The first byte of each text, 0 of an empty one; shape (rows,)."""
        return (self.begin >> _HALF).astype(np.uint8)

    @property
    def last(self) -> NDArray[np.uint8]:
        """The last byte of each text of at most twelve bytes; shape (rows,). Of others anything."""
        bits = self.lengths << np.uint64(3)
        in_begin = self.begin >> (bits + np.uint64(24) & np.uint64(63))
        in_rest = self.rest >> (bits - np.uint64(40) & np.uint64(63))
        return np.where(bits <= _HALF, in_begin, in_rest).astype(np.uint8)
