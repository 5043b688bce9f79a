"""The shingles of all texts, kept for the exact check; on disk once they are many.

A candidate is checked by counting: the hashes that both texts have, over those that either has.
That is exact but for two shingles with one 32-bit hash, which for texts of a thousand words moves a
Jaccard index by one count in a thousand once in ten thousand pairs.

Up to 64 MB stay in memory; more goes to a file without a name, which goes with the process. Cost: 4 bytes a
shingle of disk; of each pair that is checked about 10 ns a shingle, and two reads of 1 us each.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import disk_fault
from trainwright.data.similarity.shingles import Runs, ranges

_IN_MEMORY_BYTES = 64 << 20
_BATCH_SHINGLES = 1 << 15
_WIDTH = 4  # bytes of a hash

Rows = NDArray[np.int64]


class Shelf:
    """Sets of shingles by the number of their text, in the order in which they were put there.

    Args:
        folder: Where the file lies once there is one.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._parts: list[NDArray[np.uint32]] = []
        self._held_bytes = 0
        self._file: IO[bytes] | None = None
        self._held: NDArray[np.uint32] | None = None
        self._counts: list[Rows] = []
        self._ends: Rows | None = None

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, sets: Runs) -> None:
        """Put further texts behind those that are there; no shingle stands twice in one.

        Raises:
            EnvironmentFault: the disk is full.
        """
        hashes = sets.hashes.astype(np.uint32, copy=False)
        self._parts.append(hashes)
        self._held_bytes += hashes.nbytes
        if self._file is not None or self._held_bytes > _IN_MEMORY_BYTES:
            self._lay_down()
        self._counts.append(sets.counts)
        self._ends = self._held = None

    def _lay_down(self) -> None:
        """What is in memory goes to the file."""
        try:
            if self._file is None:
                folder = None if self._folder is None else str(self._folder)
                self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed on leaving
            for part in self._parts:
                self._file.write(part.tobytes())
            self._file.flush()
        except OSError as error:
            raise disk_fault(error, self._folder or Path(tempfile.gettempdir())) from error
        self._parts, self._held_bytes = [], 0

    def jaccard(self, left: Rows, right: Rows) -> NDArray[np.float64]:
        """The Jaccard index of each pair of texts; 0 for two without shingles.

        Args:
            left: Numbers of texts; shape (pairs,).
            right: Likewise.

        Returns:
            Shape (pairs,), in [0, 1].
        """
        ends = self._bounds()
        sizes = np.diff(ends)
        load = np.cumsum(sizes[left] + sizes[right])
        found = np.empty(len(left))
        at = 0
        while at < len(left):
            before = int(load[at - 1]) if at else 0
            to = max(at + 1, int(np.searchsorted(load, before + _BATCH_SHINGLES)))
            found[at:to] = self._jaccard(left[at:to], right[at:to])
            at = to
        return found

    def _jaccard(self, left: Rows, right: Rows) -> NDArray[np.float64]:
        ends = self._bounds()
        texts, inverse = np.unique(np.concatenate([left, right]), return_inverse=True)
        counts = ends[texts + 1] - ends[texts]
        read = self._read(ends[texts], counts)  # a text that stands in several pairs is read once
        sizes = counts[inverse]
        numbers = np.arange(len(left), dtype=np.uint64) << np.uint64(32)
        keys = np.repeat(np.concatenate([numbers, numbers]), sizes)
        keys |= read[ranges((np.cumsum(counts) - counts)[inverse], sizes)]
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)
        shared = np.bincount(twice.astype(np.int64), minlength=len(left))
        union = sizes[: len(left)] + sizes[len(left) :] - shared
        found: NDArray[np.float64] = shared / np.maximum(union, 1)
        return found

    def _read(self, starts: Rows, sizes: Rows) -> NDArray[np.uint32]:
        """The shingles of some texts, one after another."""
        if self._file is None:
            if self._held is None:
                self._held = np.concatenate([np.zeros(0, np.uint32), *self._parts])
                self._parts = [self._held]
            return self._held[ranges(starts, sizes)]
        number, wide = self._file.fileno(), (starts * _WIDTH).tolist()
        lengths = (sizes * _WIDTH).tolist()
        parts = [os.pread(number, *part) for part in zip(lengths, wide, strict=True)]
        return np.frombuffer(b"".join(parts), np.uint32)

    def _bounds(self) -> Rows:
        if self._ends is None:
            counts = np.concatenate([np.zeros(1, np.int64), *self._counts])
            self._counts = [counts[1:]]
            self._ends = np.cumsum(counts)
        return self._ends
