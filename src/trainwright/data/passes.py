"""Passes over all typed rows that several workers can share: hashes of the rows, the profile of train.

Each takes blocks by where they are on disk, so that rows need not travel, and gives what merges in row
order to the same as one worker would give. Sums of floats depend on how they are cut: numbers are
summarised in groups of 65,536 train rows, whatever the blocks; all else block by block, because images
and texts are long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.compute.workers import HERE, Workers
from trainwright.core.columns import Column, ColumnType
from trainwright.data.hashing import Hashes, RowHasher, hash_cells, mix
from trainwright.data.privacy.hiding import without_pieces
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import StoredBlock
from trainwright.data.staging.typed import TypedRows
from trainwright.summaries.columns import ColumnProfile
from trainwright.summaries.moments import BLOCK_ROWS
from trainwright.summaries.profile import Profile, profile_frame


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

    def profile(
        self,
        columns: Sequence[Column],
        row: NDArray[np.int64],
        chosen: NDArray[np.bool_],
        *,
        hidden: frozenset[str] = frozenset(),
    ) -> Profile:
        """What is known of some rows without any of them.

        Args:
            columns: What is summarised.
            row: Global positions, ascending; shape (rows,).
            chosen: Those of them that count, at least one; shape (rows,).
            hidden: Columns of which the profile sees what `privacy.hiding` leaves.
        """
        parts: dict[str, ColumnProfile] = {}
        portions = self._portions(columns, row, chosen, hidden)
        for found in self.workers.map(_summarise, portions, folder=self.folder):
            for name, part in found.items():
                known = parts.get(name)
                parts[name] = part if known is None else known.merge(part)
        return Profile({column.name: parts[column.name] for column in columns})

    def _portions(
        self,
        columns: Sequence[Column],
        row: NDArray[np.int64],
        chosen: NDArray[np.bool_],
        hidden: frozenset[str],
    ) -> Iterator[_Portion]:
        """The rows cut for numbers, and for all else."""
        numbers = tuple(column for column in columns if column.type is ColumnType.NUMBER)
        others = tuple(column for column in columns if column.type is not ColumnType.NUMBER)
        blocks = self.typed.stored([column.name for column in columns])
        if others:
            for block, at in _by_block(blocks, self._spans(row, chosen)):
                yield _Portion(others, 0, (_Some.of(block, at),), hidden)
        if numbers:
            groups = _even(_by_block(blocks, self._spans(row, chosen)), BLOCK_ROWS)
            for number, group in enumerate(groups):
                some = tuple(_Some.of(block, at) for block, at in group)
                yield _Portion(numbers, number, some, hidden)

    def _spans(
        self, row: NDArray[np.int64], chosen: NDArray[np.bool_]
    ) -> Iterator[NDArray[np.int64]]:
        """The chosen rows, some at a time."""
        for span in self.arrays.spans(len(row)):
            yield row[span][chosen[span]]


@dataclass(frozen=True, slots=True)
class _Some:
    """Some rows of a block; `mask` has a bit a row."""

    block: StoredBlock
    mask: NDArray[np.uint8]

    @classmethod
    def of(cls, block: StoredBlock, at: NDArray[np.int64]) -> _Some:
        """Those at these positions in the block."""
        mask = np.zeros(block.num_rows, dtype=bool)
        mask[at] = True
        return cls(block, np.packbits(mask))

    def read(self, names: Sequence[str]) -> pl.DataFrame:
        """The named columns."""
        mask = np.unpackbits(self.mask, count=self.block.num_rows).astype(bool)
        return self.block.read(names).filter(pl.Series(mask))


@dataclass(frozen=True, slots=True)
class _Portion:
    """Rows of which some columns are summarised; `number` is that of a group of numbers."""

    columns: tuple[Column, ...]
    number: int
    rows: tuple[_Some, ...]
    hidden: frozenset[str]


_Rows = tuple[StoredBlock, NDArray[np.int64]]  # positions within the block


def _by_block(blocks: Sequence[StoredBlock], spans: Iterable[NDArray[np.int64]]) -> Iterator[_Rows]:
    """Rows given by their global positions, ascending, by the block that they are in."""
    left, done = np.empty(0, dtype=np.int64), False
    coming = iter(spans)
    start = 0
    for block in blocks:
        stop = start + block.num_rows
        while not done and (not len(left) or left[-1] < stop):
            span = next(coming, None)
            done = span is None
            left = left if span is None else np.concatenate([left, span])
        mine = int(np.searchsorted(left, stop))
        if mine:
            yield block, left[:mine] - start
        left, start = left[mine:], stop


def _even(rows: Iterable[_Rows], size: int) -> Iterator[list[_Rows]]:
    """The same rows in groups of `size`; the last may be smaller."""
    group: list[_Rows] = []
    room = size
    for block, at in rows:
        while len(at):
            group.append((block, at[:room]))
            at, room = at[room:], room - min(room, len(at))
            if not room:
                yield group
                group, room = [], size
    if group:
        yield group


def _hash(
    columns: Sequence[str], target: str, blocks: Iterable[StoredBlock]
) -> Iterator[tuple[Hashes, Hashes]]:
    """Hashes of each block's rows."""
    rows = RowHasher(columns)
    for block in blocks:
        frame = block.read(_with(columns, target))
        inputs = rows.hashes(frame)
        yield inputs, mix(inputs ^ mix(hash_cells(frame[target])))


def _summarise(portions: Iterable[_Portion]) -> Iterator[Profile]:
    """The profile of each portion: merged one by one, since of very many values not all are held."""
    for portion in portions:
        names = [column.name for column in portion.columns]
        frame = pl.concat([some.read(names) for some in portion.rows])
        masked = [column for column in portion.columns if column.name in portion.hidden]
        frame = without_pieces(frame, masked)
        yield profile_frame(frame, portion.columns, first_block=portion.number)


def _with(columns: Sequence[str], target: str) -> list[str]:
    return list(dict.fromkeys([*columns, target]))
