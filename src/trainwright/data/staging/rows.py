"""Typed rows as those who go through them see them: named columns, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.staging.arrays import Arrays

BLOCK_ROWS = 65_536


class Rows(Protocol):
    """Rows that may be more than memory holds."""

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The type of each column."""
        ...

    @property
    def num_rows(self) -> int: ...

    def blocks(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The named columns, block by block, in row order."""
        ...

    def gather(self, names: Sequence[str], at: NDArray[np.int64]) -> pl.DataFrame:
        """The rows at these positions, ascending."""
        ...


@dataclass(frozen=True, slots=True)
class FrameRows:
    """Rows that are in memory, such as a row for each series."""

    frame: pl.DataFrame

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The type of each column."""
        return self.frame.schema

    @property
    def num_rows(self) -> int:
        """Rows."""
        return self.frame.height

    def blocks(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The named columns, some rows at a time."""
        yield from self.frame.select(names).iter_slices(BLOCK_ROWS)

    def gather(self, names: Sequence[str], at: NDArray[np.int64]) -> pl.DataFrame:
        """The rows at these positions, ascending."""
        return self.frame.select(names)[at]


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Some rows of others.

    Attributes:
        rows: Those.
        row: Positions in them that are kept, ascending; shape (kept,), int64.
        arrays: Where such arrays live; what lies behind leaves the memory.
    """

    rows: Rows
    row: NDArray[np.int64]
    arrays: Arrays

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The type of each column."""
        return self.rows.schema

    @property
    def num_rows(self) -> int:
        """Rows that are kept."""
        return len(self.row)

    def blocks(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The named columns, block by block, in row order."""
        start = done = 0
        for block in self.rows.blocks(names):
            near = self.row[done : done + block.height]
            mine = near[: int(np.searchsorted(near, start + block.height))] - start
            if len(mine):
                yield block if len(mine) == block.height else block[mine]
            start, done = start + block.height, done + len(mine)
            self.arrays.release()

    def gather(self, names: Sequence[str], at: NDArray[np.int64]) -> pl.DataFrame:
        """The rows at these positions, ascending."""
        return self.rows.gather(names, self.arrays.take(self.row, at))
