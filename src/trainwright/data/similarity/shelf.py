"""The shingles of all texts, kept for the exact check; on disk once they are many.

A candidate is checked by counting: the hashes that both texts have, over those that either has.
That is exact but for two shingles with one 32-bit hash, which for texts of a thousand words moves a
Jaccard index by one count in a thousand once in ten thousand pairs.

Up to 64 MB stay in memory; more goes to a file without a name, which goes with the process. Cost: 4 bytes a
shingle of disk, and about 20 ns a shingle of each pair that is checked.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import disk_fault
from trainwright.data.similarity.shingles import Runs, ranges

_IN_MEMORY_BYTES = 64 << 20
_GAP_BYTES = 32 << 10  # between two texts, below which what lies between is read as well
_BATCH_SHINGLES = 1 << 17
_WIDTH = 4  # bytes of a hash

Rows = NDArray[np.int64]


class Shelf:
    """Sets of shingles by the number of their text, in the order in which they were put there.

    Args:
        folder: Where the file lies once there is one.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by `close`
            max_size=_IN_MEMORY_BYTES, dir=None if folder is None else str(folder)
        )
        self._counts: list[Rows] = []
        self._ends: Rows | None = None

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, sets: Runs) -> None:
        """Put further texts behind those that are there; no shingle stands twice in one.

        Raises:
            EnvironmentFault: the disk is full.
        """
        try:
            self._file.write(sets.hashes.tobytes())
        except OSError as error:
            raise disk_fault(error, self._folder or Path(tempfile.gettempdir())) from error
        self._counts.append(sets.counts)
        self._ends = None

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
        texts, places = np.unique(np.concatenate([left, right]), return_inverse=True)
        sets = self._read(texts)
        first, second = places[: len(left)], places[len(left) :]
        pairs = np.arange(len(left), dtype=np.uint64)
        keys = np.sort(np.concatenate([_keyed(sets, first, pairs), _keyed(sets, second, pairs)]))
        twice = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)
        shared = np.bincount(twice.astype(np.int64), minlength=len(left))
        union = sets.counts[first] + sets.counts[second] - shared
        found: NDArray[np.float64] = shared / np.maximum(union, 1)
        return found

    def _bounds(self) -> Rows:
        if self._ends is None:
            counts = np.concatenate([np.zeros(1, np.int64), *self._counts])
            self._counts = [counts[1:]]
            self._ends = np.cumsum(counts)
        return self._ends

    def _read(self, texts: Rows) -> Runs:
        """The shingles of texts in rising order, in few reads."""
        ends = self._bounds()
        starts, stops = ends[texts], ends[texts + 1]
        fresh = np.ones(len(texts), dtype=bool)
        fresh[1:] = (starts[1:] - stops[:-1]) * _WIDTH > _GAP_BYTES
        lows = starts[fresh]
        highs = stops[np.append(fresh[1:], True)]
        parts = []
        for low, high in zip((lows * _WIDTH).tolist(), (highs * _WIDTH).tolist(), strict=True):
            self._file.seek(low)
            parts.append(self._file.read(high - low))
        data = np.frombuffer(b"".join(parts), np.uint32)
        lengths = highs - lows
        shift = (lows - np.cumsum(lengths) + lengths)[np.cumsum(fresh) - 1]
        return Runs(data[ranges(starts - shift, stops - starts)], stops - starts)


def _keyed(sets: Runs, texts: Rows, names: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hashes of some texts, each with a number above it."""
    starts = np.cumsum(sets.counts) - sets.counts
    counts = sets.counts[texts]
    keys: NDArray[np.uint64] = np.repeat(names << np.uint64(32), counts)
    keys |= sets.hashes[ranges(starts[texts], counts)]
    return keys
