"""The rows of a file that is read again when they are asked for, instead of waiting on disk.

The file must still be the one that was read: its bytes are hashed once more, and other ones are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.core.errors import DataError
from trainwright.data.reading.source import kept_columns, open_as


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """A block that is in memory, where others are on disk."""

    frame: pl.DataFrame

    @property
    def num_rows(self) -> int:
        """Rows."""
        return self.frame.height

    def read(self, names: Sequence[str]) -> pl.DataFrame:
        """The named columns."""
        return self.frame.select(names)


@dataclass(frozen=True, slots=True)
class FileRows:
    """Text columns of one local file, as a `BlockStore` would give them.

    Attributes:
        path: Where a store of them would be.
        source: The file.
        how: How it is read (`reading.source.how_read`).
        name: For messages.
        sha256: Of its bytes when it was read.
        columns: Names, in order.
        heights: Rows of each block.
    """

    path: Path
    source: Path
    how: Mapping[str, Any]
    name: str
    sha256: str
    columns: tuple[str, ...]
    heights: tuple[int, ...]

    @property
    def num_rows(self) -> int:
        """Rows."""
        return sum(self.heights)

    def kinds(self, name: str) -> list[pl.DataType]:
        """All is text."""
        assert name in self.columns
        return [pl.String()]

    def blocks(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The named columns, block by block, in order.

        Raises:
            DataError: the file changed since it was read.
        """
        heights = []
        with open_as(self.source, self.how, name=self.name) as reader:
            for block in reader.blocks():
                kept = kept_columns(reader.names)
                heights.append(block.frame.height)
                yield block.frame.select(list(kept)).rename(kept).select(names)
        if reader.sha256 != self.sha256 or tuple(heights) != self.heights:
            raise DataError(
                "the file changed while it was read",
                where=self.name,
                mend="run again when nothing writes to it, or read a copy",
            )

    def stored(self, names: Sequence[str]) -> Iterator[ReadBlock]:
        """The same as blocks to be read."""
        return map(ReadBlock, self.blocks(names))

    def remove(self) -> None:
        """Nothing of it waits on disk."""
