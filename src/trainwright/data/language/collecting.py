"""Passages of many rows one after another, as they come: into memory, or into files."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainwright.core.language import Passages, SpecialTokens

if TYPE_CHECKING:
    from trainwright.data.language.readers import Told

DTYPES = {"ids": np.int32, "taught": np.bool_, "read_ids": np.int32}


class Store(Protocol):
    """Where tokens go, block by block."""

    def append(self, name: str, values: NDArray[Any]) -> None:
        """More of an array of `DTYPES`."""
        ...

    def close(self) -> dict[str, NDArray[Any]]:
        """The whole arrays."""
        ...


class Memory:
    """In memory."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in DTYPES}

    def append(self, name: str, values: NDArray[Any]) -> None:
        self._parts[name].append(values)

    def close(self) -> dict[str, NDArray[Any]]:
        return {
            name: np.concatenate(parts) if parts else np.empty(0, DTYPES[name])
            for name, parts in self._parts.items()
        }


class Collected:
    """Rows so far.

    Args:
        num_rows: That will come.
        store: Where their tokens go.
        has_read: An encoder reads something of its own.
    """

    def __init__(self, num_rows: int, store: Store, *, has_read: bool) -> None:
        self.lost = np.zeros(num_rows, np.int64)
        self._bytes = np.zeros(num_rows, np.float64)
        self._store = store
        self._lengths = array("q")
        self._read_lengths = array("q")
        self._rows = array("q")
        self._next = 0
        self._has_read = has_read

    def add(self, block: Sequence[Told]) -> None:
        """The next rows."""
        ids: list[NDArray[np.int32]] = []
        read: list[NDArray[np.int32]] = []
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
        self._lengths.extend(map(len, ids))
        self._read_lengths.extend(map(len, read))
        for name, parts in (("ids", ids), ("taught", taught), ("read_ids", read)):
            if parts:
                self._store.append(name, np.concatenate(parts))

    def passages(self, *, vocabulary: int, special: SpecialTokens) -> Passages:
        """All of them."""
        tokens = self._store.close()
        return Passages(
            ids=tokens["ids"],
            taught=tokens["taught"],
            ends=_ends(self._lengths),
            rows=np.array(self._rows, np.int64),
            num_rows=len(self.lost),
            vocabulary=vocabulary,
            special=special,
            row_bytes=self._bytes,
            read_ids=tokens["read_ids"] if self._has_read else None,
            read_ends=_ends(self._read_lengths) if self._has_read else None,
            lost=self.lost if self.lost.any() else None,
        )


def _ends(lengths: array[int]) -> NDArray[np.int64]:
    return np.cumsum(np.array(lengths, np.int64), dtype=np.int64)
