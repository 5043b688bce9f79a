"""On which lines rows begin: where rows and lines do not keep step, a number a row, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import disk_fault
from trainwright.data.reading.tables import LineMap
from trainwright.data.staging.arrays import Arrays

Lines = list[list[int]]
"""[first row, line] where they keep step, [first row, start, stop] in the file where they do not."""


class LineBook:
    """The lines of a file's rows while it is read.

    Args:
        path: Where numbers are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0
        self.said: Lines = []

    def add(self, first_row: int, lines: int | NDArray[np.int64] | None, num_rows: int) -> None:
        """The lines of the next rows, as a block of the reader tells them."""
        if lines is None or not num_rows:
            return
        if isinstance(lines, int):
            self.said.append([first_row, lines])
            return
        self.said.append([first_row, self._written, self._written + len(lines)])
        self._written += len(lines)
        try:
            with self._path.open("ab") as file:
                file.write(lines.astype(np.int64).tobytes())
        except OSError as error:
            raise disk_fault(error, self._path) from error


def open_lines(said: Sequence[Sequence[int]], path: Path, arrays: Arrays) -> LineMap | None:
    """Where every row begins; `said` is that of a `LineBook`, `path` where it kept numbers."""
    if not said:
        return None
    numbers = arrays.of_file(path, np.int64) if any(len(one) == 3 for one in said) else None
    lines = [
        one[1] if len(one) == 2 or numbers is None else numbers[one[1] : one[2]] for one in said
    ]
    return LineMap(tuple(one[0] for one in said), tuple(lines))
