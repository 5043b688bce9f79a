"""Which rows have equal hashes, for more rows than are sorted in memory.

The hashes are dealt out by their highest bits into parts of about a million rows, each a file
without a name, and every part is sorted by itself: equal hashes are always in one part, and the
parts come in the order of the hashes. Cost: linear; sixteen bytes a row are written and read once
where there is more than one part.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import disk_fault
from trainwright.data.hashing import Groups, Hashes, group_equal
from trainwright.data.staging.arrays import Arrays

_LOW_BITS = 16
_LOW = np.uint64((1 << _LOW_BITS) - 1)
_MOST_BITS = 8  # 256 open files
_RECORD = np.dtype([("key", np.uint64), ("at", np.int64)])


@dataclass(frozen=True, slots=True)
class Part:
    """All rows whose hashes lie in one range.

    Attributes:
        at: Positions of the rows, ascending; shape (rows,), int64.
        groups: Their groups; `first` and `inverse` count within the part.
    """

    at: NDArray[np.int64]
    groups: Groups

    @property
    def first(self) -> NDArray[np.int64]:
        """Position of the first row of each row's group; shape (rows,)."""
        return self.at[self.groups.first[self.groups.inverse]]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each row's group; shape (rows,)."""
        return self.groups.sizes[self.groups.inverse]


def grouped(hashes: Hashes, arrays: Arrays) -> Iterator[Part]:
    """The rows in parts that hold whole groups, in the order of the hashes.

    Args:
        hashes: Shape (rows,).
        arrays: Where long arrays live.

    Raises:
        EnvironmentFault: the disk is full.
    """
    for at, keys in _dealt(hashes, arrays):
        yield Part(at, group_equal(keys))


def repeated(hashes: Hashes, arrays: Arrays) -> Iterator[tuple[Part, int]]:
    """The rows whose hash another row has, in such parts, and how many rows stand alone in each.

    Most tables have few copies: keys alone are sorted, and then the rows of those that repeat are found.

    Args:
        hashes: Shape (rows,).
        arrays: Where long arrays live.

    Raises:
        EnvironmentFault: the disk is full.
    """
    for at, keys in _dealt(hashes, arrays):
        ordered = np.sort(keys)
        copied = ordered[1:][ordered[1:] == ordered[:-1]]
        near = np.zeros(1 << _LOW_BITS, dtype=np.bool_)
        near[copied & _LOW] = True
        mine = np.flatnonzero(near[keys & _LOW])
        mine = mine[np.isin(keys[mine], copied)]
        yield Part(at[mine], group_equal(keys[mine])), len(at) - len(mine)


def _dealt(hashes: Hashes, arrays: Arrays) -> Iterator[tuple[NDArray[np.int64], Hashes]]:
    """Positions of the rows, ascending, and their hashes, part by part."""
    bits = max(0, (len(hashes) - 1).bit_length() - (arrays.sorted_rows - 1).bit_length())
    bits = min(bits, _MOST_BITS)
    if not bits:
        yield np.arange(len(hashes), dtype=np.int64), np.asarray(hashes)
        return
    with ExitStack() as files:
        try:
            parts = [
                files.enter_context(tempfile.TemporaryFile(dir=arrays.folder))
                for _ in range(1 << bits)
            ]
            for span in arrays.spans(len(hashes)):
                records = np.empty(span.stop - span.start, dtype=_RECORD)
                records["key"], records["at"] = hashes[span], np.arange(span.start, span.stop)
                place = (records["key"] >> np.uint64(64 - bits)).astype(np.uint16)
                dealt = records[np.argsort(place, kind="stable")]
                ends = np.cumsum(np.bincount(place, minlength=len(parts)))
                for file, mine in zip(parts, np.split(dealt, ends[:-1]), strict=True):
                    file.write(mine.tobytes())
        except OSError as error:
            assert arrays.folder is not None
            raise disk_fault(error, arrays.folder) from error
        for file in parts:
            file.seek(0)
            records = np.frombuffer(file.read(), dtype=_RECORD)
            file.close()
            if len(records):
                yield records["at"].copy(), records["key"].copy()
            arrays.release()
