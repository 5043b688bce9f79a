"""Arrays with an entry a row: in memory while they are short, files that the system maps beyond.

A table of 10^8 rows has 0.8 GB of row hashes alone. Such an array is a file without a name (it is
gone with its process, however that ends), its blocks reserved beforehand, so that a full disk is an
error and not a crash. Code that goes through the rows in `spans` keeps a few megabytes of it
resident; everything else may treat it as the NumPy array that it is. Cost: the disk's, eight bytes a
row and array.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from trainwright.core.durable import disk_fault

IN_MEMORY = 1 << 20  # entries
SPAN_ROWS = 1 << 20
SORTED_ROWS = 1 << 21


class Arrays:
    """Makes arrays of one table, and says how many rows are worked on at a time.

    Args:
        folder: Where long ones are kept; None: all are in memory.
        in_memory: Entries up to which an array is no file.
        span_rows: Rows that `spans` goes on at a time.
        sorted_rows: Rows that are sorted at a time, about.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        in_memory: int = IN_MEMORY,
        span_rows: int = SPAN_ROWS,
        sorted_rows: int = SORTED_ROWS,
    ) -> None:
        self._folder = folder
        self._in_memory = in_memory
        self._span_rows = span_rows
        self.sorted_rows = sorted_rows
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()

    @property
    def folder(self) -> Path | None:
        """Where long arrays are kept."""
        return self._folder

    def empty(self, num_rows: int, dtype: DTypeLike) -> NDArray[Any]:
        """An array whose entries are still to be written; zeros where it is a file.

        Raises:
            EnvironmentFault: the disk is full.
        """
        if self._folder is None or num_rows <= self._in_memory:
            return np.empty(num_rows, dtype=dtype)
        return self._mapped(num_rows, np.dtype(dtype), self._folder)

    def full(self, num_rows: int, value: Any, dtype: DTypeLike) -> NDArray[Any]:  # noqa: ANN401
        """An array of one value."""
        found = self.empty(num_rows, dtype)
        for span in self.spans(num_rows):
            found[span] = value
        return found

    def of_file(self, path: Path, dtype: DTypeLike) -> NDArray[Any]:
        """The numbers that a file holds."""
        with path.open("rb") as file:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._maps.add(pages)
        return np.frombuffer(pages, dtype=dtype)

    def spans(self, num_rows: int) -> Iterator[slice]:
        """Slices of the rows, in order; what lies behind one leaves the memory."""
        for start in range(0, num_rows, self._span_rows):
            yield slice(start, min(start + self._span_rows, num_rows))
            self.release()

    def release(self) -> None:
        """Let the pages of all long arrays go; they come back from the file when asked for."""
        for pages in list(self._maps):
            pages.madvise(mmap.MADV_DONTNEED)

    def take(self, values: NDArray[Any], at: NDArray[np.int64]) -> NDArray[Any]:
        """The entries at these positions, in memory; pages of a few spans are resident at a time."""
        found = np.empty(len(at), dtype=values.dtype)
        for near in self._pieces(at, len(values)):
            found[near] = values[at[near]]
        return found

    def put(self, values: NDArray[Any], at: NDArray[np.int64], given: NDArray[Any]) -> None:
        """Write entries at these positions, in the same way."""
        for near in self._pieces(at, len(values)):
            values[at[near]] = given[near]

    def without(
        self, values: NDArray[Any], gone: NDArray[np.int64] | NDArray[np.bool_]
    ) -> NDArray[Any]:
        """The array without some entries, told by their positions (ascending) or by a mask."""
        is_mask = gone.dtype == np.bool_
        num_gone = (
            sum(int(gone[span].sum()) for span in self.spans(len(gone))) if is_mask else len(gone)
        )
        kept = self.empty(len(values) - num_gone, values.dtype)
        done = 0
        for span in self.spans(len(values)):
            if is_mask:
                part = values[span][~gone[span]]
            else:
                first, last = np.searchsorted(gone, [span.start, span.stop])
                part = np.delete(values[span], gone[first:last] - span.start)
            kept[done : done + len(part)] = part
            done += len(part)
        return kept

    def _pieces(self, at: NDArray[np.int64], num_rows: int) -> Iterator[slice | NDArray[np.int64]]:
        """Where positions of one span stand among others; what lies behind leaves the memory.

        The system maps sixteen pages around each that is read: some positions touch all of an array.
        """
        if self._folder is None or num_rows <= self._in_memory:
            yield slice(None)
            return
        order = None if bool((at[1:] >= at[:-1]).all()) else np.argsort(at, kind="stable")
        rising = at if order is None else at[order]
        cuts = np.searchsorted(rising, np.arange(0, num_rows + self._span_rows, self._span_rows))
        for start, stop in pairwise(cuts.tolist()):
            if start < stop:
                yield slice(start, stop) if order is None else order[start:stop]
                self.release()

    def _mapped(self, num_rows: int, dtype: np.dtype[Any], folder: Path) -> NDArray[Any]:
        num_bytes = num_rows * dtype.itemsize
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                os.posix_fallocate(file.fileno(), 0, num_bytes)
                pages = mmap.mmap(file.fileno(), num_bytes)
        except OSError as error:
            raise disk_fault(error, folder) from error
        self._maps.add(pages)
        return np.frombuffer(pages, dtype=dtype)
