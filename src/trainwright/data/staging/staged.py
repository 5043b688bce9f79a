"""Rows as they were read, on disk: of one file, and of all files of a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.data.reading.tables import RawTable, SourceFile
from trainwright.data.reading.values import as_kinds, common_kind
from trainwright.data.staging.again import FileRows, ReadBlock
from trainwright.data.staging.blocks import BlockStore, StoredBlock
from trainwright.data.staging.first import FirstPass
from trainwright.data.staging.lines import Lines
from trainwright.data.staging.partitions import partition_findings

ROWS_FILE = "rows.blocks"
LINES_FILE = "lines"


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file's rows.

    Attributes:
        store: Its columns by name.
        file: What it is called, and where its rows stand.
        findings: What was noticed while reading.
        semicolons: Its fields are separated by semicolons.
        lines: On which lines rows begin, as `staging.lines` notes it.
        how: How it was read, where its rows may be kept for the next time; else None.
    """

    store: BlockStore | FileRows
    file: SourceFile
    findings: tuple[Finding, ...]
    semicolons: bool
    lines: Lines = field(default_factory=list, repr=False, compare=False)
    how: Mapping[str, Any] | None = None

    @property
    def kinds(self) -> dict[str, pl.DataType]:
        """The type of each column over all of its blocks."""
        return {name: common_kind(self.store.kinds(name)) for name in self.store.columns}


@dataclass(frozen=True, slots=True)
class RawBlock:
    """A block of the source's rows, for whoever sees the disk.

    Attributes:
        first_row: Global position of its first row.
        block: The columns as read.
        kinds: The type that each column has in all blocks.
        settled: Columns that stand in place of those that were read, or beside them.
    """

    first_row: int
    block: StoredBlock | ReadBlock
    kinds: Mapping[str, pl.DataType]
    settled: pl.DataFrame | None = None

    def read(self, names: Sequence[str]) -> pl.DataFrame:
        """The named columns; a column has one type in all blocks."""
        if self.settled is None:
            return self.as_read(names)
        read = [name for name in names if name not in self.settled.columns]
        return (self.as_read(read).hstack(self.settled) if read else self.settled).select(names)

    def as_read(self, names: Sequence[str]) -> pl.DataFrame:
        """The same, with nothing settled."""
        wanted = {name: self.kinds[name] for name in names}
        return as_kinds(self.block.read(names), wanted)


@dataclass(frozen=True, slots=True)
class StagedSource:
    """All rows of all files, in order, before any value was interpreted.

    Attributes:
        files: What is on disk.
        read: One type a column that was read, over all files.
        images: The column that holds the bytes of image files, where there is one.
        settled: A column that stands in place of the one that was read, or beside those: labels that
            come from several hands.
        first: What was done with the rows when they were read, where that may be all.
    """

    files: tuple[StagedFile, ...]
    read: Mapping[str, pl.DataType]
    images: str | None
    settled: pl.DataFrame | None = None
    first: FirstPass | None = None

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """One type a column, over all files."""
        return {**self.read, **(self.settled.schema if self.settled is not None else {})}

    @property
    def num_rows(self) -> int:
        """Rows of all files."""
        return sum(one.file.num_rows for one in self.files)

    @property
    def table(self) -> RawTable:
        """The table without its rows: names, types, files, and what was noticed."""
        return RawTable(
            pl.DataFrame(schema=dict(self.schema)),
            tuple(one.file for one in self.files),
            (
                *(finding for one in self.files for finding in one.findings),
                *partition_findings([one.file.name for one in self.files], self.schema),
            ),
            any(one.semicolons for one in self.files),
            self.images,
        )

    def blocks(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The named columns, block by block, in row order; a column has one type in all of them."""
        if self.settled is None:
            yield from self.blocks_as_read(names)
            return
        read = [name for name in names if name not in self.settled.columns]
        blocks = self.blocks_as_read(read) if read else repeat(None)
        start = 0
        for height in (height for one in self.files for height in one.store.heights):
            made = self.settled[start : start + height]
            start += height
            block = next(blocks)
            yield (made if block is None else block.hstack(made)).select(names)

    def blocks_as_read(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The same, with nothing settled."""
        wanted = {name: self.read[name] for name in names}
        for one in self.files:
            for block in one.store.blocks(names):
                yield as_kinds(block, wanted)

    def raw_blocks(self) -> Iterator[RawBlock]:
        """All blocks, in row order, each to be read by whoever sees the disk."""
        start = 0
        for one in self.files:
            for block in one.store.stored(list(self.read)):
                made = (
                    None if self.settled is None else self.settled[start : start + block.num_rows]
                )
                yield RawBlock(start, block, self.read, made)
                start += block.num_rows

    def remove(self) -> None:
        """The rows as read are not needed any more, but for those that may be kept."""
        for one in self.files:
            if one.how is None:
                one.store.remove()
