"""From `data.source` to rows on disk: every file is read once, block by block, and staged as it was read.

What stays in memory is what was noticed and where each row stands; the lines of rows, where rows and
lines do not keep step, are on disk as well. A file that changes while it is read is refused.
Cost: the disk holds the texts of the rows once, about as large as the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.durable import disk_fault
from trainwright.core.errors import DataError
from trainwright.core.protocols import Progress
from trainwright.data.images.files import image_column
from trainwright.data.reading.naming import Location, named_files, relative_name, size_of
from trainwright.data.reading.source import (
    RowIndex,
    check_agreement,
    common_kind,
    image_column_name,
    kept_columns,
    open_named,
)
from trainwright.data.reading.tables import LineMap, RawTable, SourceFile
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import BlockStore
from trainwright.recipe.data import DataSettings

IMAGE_ROWS = 256  # of a block that holds images


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file's rows.

    Attributes:
        store: Its columns by name.
        kinds: The type of each column over all of its blocks.
        file: What it is called, and where its rows stand.
        findings: What was noticed while reading.
        semicolons: Its fields are separated by semicolons.
    """

    store: BlockStore
    kinds: Mapping[str, pl.DataType]
    file: SourceFile
    findings: tuple[Finding, ...]
    semicolons: bool


@dataclass(frozen=True, slots=True)
class StagedSource:
    """All rows of all files, in order, before any value was interpreted.

    Attributes:
        files: What is on disk.
        schema: One type a column, over all files.
        images: The column that holds the bytes of image files, where there is one.
    """

    files: tuple[StagedFile, ...]
    schema: Mapping[str, pl.DataType]
    images: str | None

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
            tuple(finding for one in self.files for finding in one.findings),
            any(one.semicolons for one in self.files),
            self.images,
        )

    def blocks(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The named columns, block by block, in row order; a column has one type in all of them."""
        wanted = {name: self.schema[name] for name in names}
        for one in self.files:
            for block in one.store.blocks(names):
                yield block.cast(wanted) if block.schema != wanted else block  # type: ignore[arg-type]

    def remove(self) -> None:
        """The rows as read are not needed any more."""
        for one in self.files:
            one.store.remove()


def stage_source(
    settings: DataSettings, *, base: Path, folder: Path, arrays: Arrays, progress: Progress
) -> StagedSource:
    """Read every file that `data` names, and keep its rows in `folder`.

    Args:
        settings: `source`, `validation`, `test`, and how text is encoded and separated.
        base: The recipe's folder; relative paths start there, and file names are told from there.
        folder: Where rows are staged.
        arrays: Where long arrays live.
        progress: Told the bytes read so far.

    Raises:
        DataError: a file is missing, damaged, not a sound table, or changes while it is read; every
            fault has its line.
        EnvironmentFault: a file may not be read, or the disk is full.
    """
    named = named_files(settings, base)
    total = sum(size_of(location) for location, _ in named) or 1
    progress.stage("read")
    staged: list[StagedFile] = []
    done = num_rows = 0
    for number, (location, part) in enumerate(named):
        name = relative_name(location, base)
        store = BlockStore(folder / f"source-{number}.blocks")
        if isinstance(location, Path) and location.is_dir():
            one = _stage_folder(location, store, name=name, progress=progress)
        else:
            one = _stage_file(location, store, settings, name=name, arrays=arrays)
            one = _with_images(one, settings, base=base)
        if staged:
            check_agreement(staged[0].kinds, one.kinds, staged[0].file.name, name)
        staged.append(replace(one, file=replace(one.file, first_row=num_rows, part=part)))
        num_rows += one.file.num_rows
        done += one.file.bytes
        progress.advance(done, total, name)
    if not num_rows:
        raise DataError(
            "the file has a header but 0 data rows",
            where=staged[0].file.name,
            mend="name a file that has rows",
        )
    schema = {name: common_kind([one.kinds[name] for one in staged]) for name in staged[0].kinds}
    return StagedSource(tuple(staged), schema, image_column_name(settings, named))


def _stage_file(
    location: Location, store: BlockStore, settings: DataSettings, *, name: str, arrays: Arrays
) -> StagedFile:
    """Read a file to its end."""
    before = _stamp(location)
    lines = _Lines(store.path.with_suffix(".lines"), arrays)
    index: RowIndex | None = None
    num_rows = 0
    with open_named(location, settings, name=name) as reader:
        for block in reader.blocks():
            if index is None:
                index = RowIndex(reader.names, settings.drop, name=name)
            index.add(block.frame)
            lines.add(num_rows, block.lines, block.frame.height)
            kept = kept_columns(reader.names)
            frame = block.frame.select(list(kept)).rename(kept)
            num_rows += frame.height
            store.write(frame)
        if index is None:
            index = RowIndex(reader.names, settings.drop, name=name)
            store.write(
                pl.DataFrame(schema=dict.fromkeys(kept_columns(reader.names).values(), pl.String))
            )
    if _stamp(location) != before:
        raise DataError(
            "the file changed while it was read",
            where=name,
            mend="run again when nothing writes to it, or read a copy",
        )
    findings = (*reader.findings, *index.findings())
    file = SourceFile(
        name,
        location if isinstance(location, Path) else None,
        reader.sha256,
        reader.bytes_read,
        0,
        num_rows,
        lines=lines.close(),
        entries=() if isinstance(location, Path) else location.entries,
    )
    return StagedFile(store, _kinds(store), file, findings, reader.semicolons)


def _stage_folder(path: Path, store: BlockStore, *, name: str, progress: Progress) -> StagedFile:
    """A folder of images, whose bytes are all read before they are staged."""
    from trainwright.data.images.folder import read_folder

    frame, file, findings = read_folder(
        path, name=name, advance=lambda done: progress.advance(done, 0, f"{done} images")
    )
    for block in frame.iter_slices(IMAGE_ROWS):
        store.write(block)
    return StagedFile(store, _kinds(store), file, tuple(findings), semicolons=False)


def _with_images(one: StagedFile, settings: DataSettings, *, base: Path) -> StagedFile:
    """With the bytes of images in place of their paths, where the recipe names a column of them."""
    column = None if settings.inputs is None else settings.inputs.image
    if column is None or column not in one.kinds:
        return one
    store = BlockStore(one.store.path.with_suffix(".images"))
    roots = [base, one.file.path.parent] if one.file.path else [base]
    start = 0
    for block in one.store.blocks(one.store.columns):
        for part in block.iter_slices(IMAGE_ROWS):
            place = partial(_place, one.file, start)
            files = image_column(part[column], roots=roots, place=place)
            store.write(part.with_columns(files))
            start += part.height
    one.store.remove()
    return replace(one, store=store, kinds=_kinds(store))


def _place(file: SourceFile, first: int, row: int) -> str:
    return file.place(first + row)


def _kinds(store: BlockStore) -> dict[str, pl.DataType]:
    return {name: common_kind(store.kinds(name)) for name in store.columns}


def _stamp(location: Location) -> tuple[int, ...]:
    """What shows that a file was written to or replaced."""
    if not isinstance(location, Path):
        return ()
    try:
        found = location.stat()
    except OSError:
        return ()  # opening it says what is wrong
    return found.st_ino, found.st_size, found.st_mtime_ns


class _Lines:
    """On which lines rows begin; where rows and lines do not keep step, a number a row, on disk."""

    def __init__(self, path: Path, arrays: Arrays) -> None:
        self._path = path
        self._arrays = arrays
        self._rows: list[int] = []
        self._lines: list[int | slice] = []
        self._written = 0

    def add(self, first_row: int, lines: int | NDArray[np.int64] | None, num_rows: int) -> None:
        """The lines of the next rows, as a block of the reader tells them."""
        if lines is None or not num_rows:
            return
        self._rows.append(first_row)
        if isinstance(lines, int):
            self._lines.append(lines)
            return
        self._lines.append(slice(self._written, self._written + len(lines)))
        self._written += len(lines)
        try:
            with self._path.open("ab") as file:
                file.write(lines.astype(np.int64).tobytes())
        except OSError as error:
            raise disk_fault(error, self._path) from error

    def close(self) -> LineMap | None:
        """Where every row begins."""
        if not self._rows:
            return None
        numbers = self._arrays.of_file(self._path, np.int64) if self._written else None
        lines = (
            one if isinstance(one, int) or numbers is None else numbers[one] for one in self._lines
        )
        return LineMap(tuple(self._rows), tuple(lines))  # type: ignore[arg-type]
