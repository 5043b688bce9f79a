"""Texts as Arrow keeps them in memory: what can be told of each from sixteen bytes, without a look at it.

A view is two words of eight bytes: the length and the first four bytes of the text, and the eight bytes
thereafter where it has at most twelve (else where it stands). What is missing has a view of any kind.

Source: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

SHORT_BYTES = 12
_BEFORE = 4  # bytes of a view in front of the text
_NEWEST = pl.CompatLevel.newest()  # each call of it looks at the environment


@dataclass(frozen=True, slots=True)
class Views:
    """Of a block of texts.

    Attributes:
        words: Length, and the first four bytes above it; the eight bytes that follow, zeros where there
            are none; shape (rows, 2), uint64.
        data: Where long texts stand.
    """

    words: NDArray[np.uint64]
    data: tuple[pa.Buffer, ...] = ()

    def __getitem__(self, rows: slice) -> Views:
        """Of some of the texts; nothing is copied."""
        return Views(self.words[rows], self.data)

    @property
    def begin(self) -> NDArray[np.uint64]:
        """The first word of each; shape (rows,)."""
        return self.words[:, 0]

    @property
    def rest(self) -> NDArray[np.uint64]:
        """The second word of each; shape (rows,)."""
        return self.words[:, 1]

    @classmethod
    def of(cls, texts: pl.Series) -> Views:
        """Of a String series that is one chunk; nothing is copied."""
        arrow = texts.to_arrow(compat_level=_NEWEST)
        _, views, *data = arrow.buffers()
        words = np.frombuffer(views, np.uint64).reshape(-1, 2)
        return cls(words[arrow.offset : arrow.offset + len(texts)], tuple(data))

    @property
    def lengths(self) -> NDArray[np.uint32]:
        """Bytes of each text; shape (rows,)."""
        return self.words.view(np.uint32)[:, 0]

    @property
    def first(self) -> NDArray[np.uint8]:
        """The first byte of each text, 0 of an empty one; shape (rows,)."""
        return self.words.view(np.uint8)[:, _BEFORE]

    @property
    def last(self) -> NDArray[np.uint8]:
        """The last byte of each text of at most twelve bytes; shape (rows,). Of others anything."""
        data, lengths = self.words.view(np.uint8), self.lengths
        least, most = int(lengths.min(initial=SHORT_BYTES)), int(lengths.max(initial=0))
        if least == most <= SHORT_BYTES:  # codes, mostly
            return data[:, _BEFORE - 1 + most]
        ends = np.minimum(lengths, SHORT_BYTES) + np.arange(_BEFORE - 1, data.size, data.shape[1])
        return data.ravel().take(ends)


def first_word(text: str) -> np.uint64:
    """The first word of a text's view: its length, and its first four bytes above it."""
    data = text.encode()
    return np.uint64(len(data) | int.from_bytes(data[:_BEFORE], "little") << 32)
