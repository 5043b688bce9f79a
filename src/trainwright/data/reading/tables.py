"""What reading hands on: raw rows with the files that they came from, or typed blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split

_MOST_BREAKS = 65_536


@dataclass(frozen=True, slots=True)
class RawBlock:
    """Rows of one block of a file, before any value was interpreted.

    Attributes:
        frame: Columns named by position: "0", "1" ...; an empty field of a text file is "".
        lines: Line of the first row where rows and lines keep step, else one for each row; None
            where the file has no lines.
    """

    frame: pl.DataFrame
    lines: int | NDArray[np.int64] | None = None


class Reader(Protocol):
    """One open file of some format; all but `blocks` is known once the blocks were read.

    Attributes:
        names: Column names, once the first block was read; the first may be empty (a row index).
        findings: What was noticed.
        semicolons: Fields are separated by semicolons.
        left_out: Lines that are no rows, each with what it is.
    """

    names: tuple[str, ...]
    findings: list[Finding]
    semicolons: bool
    left_out: list[tuple[int, str]]

    @property
    def sha256(self) -> str: ...

    @property
    def bytes_read(self) -> int: ...

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order.

        Raises:
            DataError: with the line of each fault of the first block that has any (at most ten).
        """
        ...


@dataclass(frozen=True, slots=True)
class LineMap:
    """Which line of a text file a row begins on.

    Row and line part ways at blank lines and at quoted newlines only, so a block of rows without
    them is one pair of numbers; other blocks keep a line for each row.

    Attributes:
        rows: First row of each block, counted within the file from 0.
        lines: Line (from 1) of that row, or of every row of the block.
    """

    rows: tuple[int, ...] = ()
    lines: tuple[int | NDArray[np.int64], ...] = ()

    def line(self, row: int) -> int:
        """The line (from 1) on which the file's row `row` (from 0) begins."""
        if not self.rows:
            return row + 1
        block = int(np.searchsorted(self.rows, row, side="right")) - 1
        lines, offset = self.lines[block], row - self.rows[block]
        return lines + offset if isinstance(lines, int) else int(lines[offset])

    def spans(self) -> list[tuple[int, int | None]]:
        """The first row of each run of rows that keep step with the lines, and its line.

        None stands in place of a line for a block in which they part ways more than 65,536 times.
        """
        found: list[tuple[int, int | None]] = []
        for row, lines in zip(self.rows, self.lines, strict=True):
            for span in _runs(row, lines):
                if not (found and _line_at(found[-1], span[0]) == span[1]):
                    found.append(span)
        return found


def _runs(row: int, lines: int | NDArray[np.int64]) -> list[tuple[int, int | None]]:
    """The same of one block, which begins with this row."""
    if isinstance(lines, int):
        return [(row, lines)]
    breaks = np.flatnonzero(np.diff(lines) != 1) + 1
    if len(breaks) > _MOST_BREAKS:
        return [(row, None)]
    return [(row + at, int(lines[at])) for at in (0, *breaks.tolist()) if at < len(lines)]


def _line_at(span: tuple[int, int | None], row: int) -> int | None:
    first, line = span
    return None if line is None else line + row - first


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the source.

    Attributes:
        name: Its path relative to the recipe: the first half of every row id.
        path: Where it was read; None where it is no file of this machine.
        sha256: Of its bytes.
        bytes: Their number.
        first_row: Global position of its first row.
        num_rows: Rows, without the header.
        part: Where the file itself says so: the split that its rows belong to.
        lines: Line of each row, in text files.
        entries: Of a folder of images or documents: the path of each row within it.
        left_out: Lines that are no rows, each with what it is: a title, units, totals.
    """

    name: str
    path: Path | None
    sha256: str
    bytes: int
    first_row: int
    num_rows: int
    part: Split | None = None
    lines: LineMap | None = field(default=None, repr=False, compare=False)
    entries: tuple[str, ...] = field(default=(), repr=False, compare=False)
    left_out: tuple[tuple[int, str], ...] = ()

    def place(self, row: int) -> str:
        """FILE:LINE of a row given by its global position, or "FILE row N" where there are no lines."""
        local = row - self.first_row
        if self.entries:
            return f"{self.name}/{self.entries[local]}"
        return f"{self.name}:{self.lines.line(local)}" if self.lines else f"{self.name} row {local}"


@dataclass(frozen=True, slots=True)
class RawTable:
    """All rows of all files, in order, before any value was interpreted.

    Attributes:
        frame: Columns as read: text from CSV and TSV, native types from Parquet and JSON lines. A
            row's position in it is its global position.
        files: The files, in order.
        findings: What was noticed while reading.
        semicolons: A file's fields are separated by semicolons, so a decimal comma is likely.
        images: The column that holds the bytes of image files, where there is one.
        is_part: There may be rows behind these, which were not read.
    """

    frame: pl.DataFrame
    files: tuple[SourceFile, ...]
    findings: tuple[Finding, ...] = ()
    semicolons: bool = False
    images: str | None = None
    is_part: bool = False

    def place(self, row: int) -> str:
        """FILE:LINE of the row at global position `row`."""
        for file in reversed(self.files):
            if row >= file.first_row and file.num_rows:
                return file.place(row)
        return f"row {row}"


@dataclass(frozen=True, slots=True)
class TypedBlock:
    """A block of typed rows.

    Attributes:
        frame: The asked columns that the file has, typed.
        first_row: Position of the first row in the file.
        extra: Columns of the file that nobody asked for.
    """

    frame: pl.DataFrame
    first_row: int
    extra: tuple[str, ...] = ()
