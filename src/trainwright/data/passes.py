"""The pass over all typed rows that several workers can share: hashes of the rows.

It takes blocks by where they are on disk, so that rows need not travel, and gives in row order what one
worker would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from trainwright.compute.workers import HERE, Workers
from trainwright.data.hashing import Hashes, RowHasher, hash_cells, mix
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import StoredBlock
from trainwright.data.staging.typed import TypedRows


@dataclass(frozen=True, slots=True)
class Rounds:
    """Goes round the rows of a table.

    Attributes:
        typed: The rows.
        arrays: Where long arrays live.
        folder: Where the rows are; workers must see it.
        workers: Do the work.
    """

    typed: TypedRows
    arrays: Arrays
    folder: Path
    workers: Workers = HERE

    def hashes(self, columns: Sequence[str], target: str) -> tuple[Hashes, Hashes]:
        """Of each row the hash of these columns, and that of these and the target. Shape (rows,) each."""
        num_rows = self.typed.num_rows
        found = self.arrays.empty(num_rows, np.uint64), self.arrays.empty(num_rows, np.uint64)
        blocks = self.typed.stored(_with(columns, target))
        work = partial(_hash, columns, target)
        start = 0
        for inputs, whole in self.workers.map(work, blocks, folder=self.folder):
            span = slice(start, start + len(inputs))
            found[0][span], found[1][span] = inputs, whole
            start = span.stop
            self.arrays.release()
        return found


def _hash(
    columns: Sequence[str], target: str, blocks: Iterable[StoredBlock]
) -> Iterator[tuple[Hashes, Hashes]]:
    """Hashes of each block's rows."""
    rows = RowHasher(columns)
    for block in blocks:
        frame = block.read(_with(columns, target))
        inputs = rows.hashes(frame)
        yield inputs, mix(inputs ^ mix(hash_cells(frame[target])))


def _with(columns: Sequence[str], target: str) -> list[str]:
    return list(dict.fromkeys([*columns, target]))
