"""Passages of many rows one after another, as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainwright.core.language import Passages, SpecialTokens

if TYPE_CHECKING:
    from trainwright.data.language.readers import Told

Parts = list[NDArray[np.int32]]


class Collected:
    """Rows so far.

    Args:
        num_rows: That will come.
        has_read: An encoder reads something of its own.
    """

    def __init__(self, num_rows: int, *, has_read: bool) -> None:
        self.lost = np.zeros(num_rows, np.int64)
        self._bytes = np.zeros(num_rows, np.float64)
        self._ids: Parts = []
        self._taught: list[NDArray[np.bool_]] = []
        self._read: Parts = []
        self._lengths: list[int] = []
        self._read_lengths: list[int] = []
        self._rows: list[int] = []
        self._next = 0
        self._has_read = has_read

    def add(self, block: Sequence[Told]) -> None:
        """The next rows."""
        ids: Parts = []
        read: Parts = []
        taught: list[NDArray[np.bool_]] = []
        for told in block:
            self.lost[self._next] = told.cut.lost
            self._bytes[self._next] = told.num_bytes
            for piece in told.cut.pieces:
                ids.append(piece.ids)
                taught.append(piece.taught)
                self._rows.append(self._next)
                if self._has_read:
                    assert piece.read is not None
                    read.append(piece.read)
            self._next += 1
        self._lengths += map(len, ids)
        self._read_lengths += map(len, read)
        self._ids.append(_joined(ids))
        self._taught.append(np.concatenate(taught) if taught else np.empty(0, np.bool_))
        self._read.append(_joined(read))

    def passages(self, *, vocabulary: int, special: SpecialTokens) -> Passages:
        """All of them."""
        return Passages(
            ids=_joined(self._ids),
            taught=np.concatenate(self._taught) if self._taught else np.empty(0, np.bool_),
            ends=np.cumsum(self._lengths, dtype=np.int64),
            rows=np.array(self._rows, np.int64),
            num_rows=len(self.lost),
            vocabulary=vocabulary,
            special=special,
            row_bytes=self._bytes,
            read_ids=_joined(self._read) if self._has_read else None,
            read_ends=np.cumsum(self._read_lengths, dtype=np.int64) if self._has_read else None,
            lost=self.lost if self.lost.any() else None,
        )


def _joined(parts: Parts) -> NDArray[np.int32]:
    return np.concatenate(parts) if parts else np.empty(0, np.int32)
