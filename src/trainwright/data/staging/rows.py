"""Typed rows as those who go through them see them: named columns, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

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
