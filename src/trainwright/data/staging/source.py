"""From `data.source` to rows on disk: every file is read once, block by block, and staged as it was read.

What stays in memory is what was noticed and where each row stands. A file that changes while it is read
is refused; one that was read before, by a source that has further files now, is not read again
(`staging.keeping`). Cost: the disk holds the texts of the rows once, about twice as large as the files.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from trainwright.core.errors import DataError
from trainwright.core.protocols import Progress
from trainwright.data.images.files import image_column
from trainwright.data.reading.endings import is_database
from trainwright.data.reading.naming import Location, named_files, relative_name, size_of
from trainwright.data.reading.source import (
    RowIndex,
    check_agreement,
    common_kind,
    how_read,
    image_column_name,
    kept_columns,
    on_damage,
    open_named,
)
from trainwright.data.reading.tables import SourceFile
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import BlockStore
from trainwright.data.staging.keeping import Keeper
from trainwright.data.staging.lines import LineBook, open_lines
from trainwright.data.staging.staged import LINES_FILE, ROWS_FILE, StagedFile, StagedSource
from trainwright.recipe.data import DataSettings

IMAGE_ROWS = 256  # of a block that holds images


def stage_source(
    settings: DataSettings,
    *,
    base: Path,
    folder: Path,
    arrays: Arrays,
    keeper: Keeper,
    progress: Progress,
) -> StagedSource:
    """Read every file that `data` names, and keep its rows in `folder`.

    Args:
        settings: `source`, `validation`, `test`, and how text is encoded and separated.
        base: The recipe's folder; relative paths start there, and file names are told from there.
        folder: Where rows are staged.
        arrays: Where long arrays live.
        keeper: Has the rows of files that were read before.
        progress: Told the bytes read so far.

    Raises:
        DataError: a file is missing, damaged, not a sound table, or changes while it is read; every
            fault has its line.
        EnvironmentFault: a file may not be read, or the disk is full.
    """
    named = named_files(settings, base)
    total = sum(size_of(location) for location, _ in named) or 1
    images = image_column_name(settings, named)
    progress.stage("read")
    staged: list[StagedFile] = []
    done = num_rows = 0
    for number, (location, part) in enumerate(named):
        name = relative_name(location, base)
        into = folder / f"source-{number}"
        if isinstance(location, Path) and location.is_dir():
            one = _stage_folder(location, into, settings, name=name, progress=progress)
        else:
            how = how_read(location, settings, name=name)
            kept = None
            may_keep = len(named) > 1 and images is None
            if may_keep and isinstance(location, Path) and not is_database(location.name):
                kept = keeper.take(location, name, how, into, arrays)
            else:
                may_keep = False
            one = kept or _stage_file(location, into, settings, name=name, arrays=arrays)
            one = _with_images(one, settings, base=base)
            one = replace(one, how=how if may_keep else None)
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
    kinds = [one.kinds for one in staged]
    schema = {name: common_kind([kind[name] for kind in kinds]) for name in kinds[0]}
    return StagedSource(tuple(staged), schema, images)


def _stage_file(
    location: Location, into: Path, settings: DataSettings, *, name: str, arrays: Arrays
) -> StagedFile:
    """Read a file to its end."""
    before = _stamp(location)
    into.mkdir()
    store, lines = BlockStore(into / ROWS_FILE), LineBook(into / LINES_FILE)
    index: RowIndex | None = None
    num_rows = 0
    with open_named(location, settings, name=name) as reader:
        for block in reader.blocks():
            index = index or RowIndex(reader.names, settings.drop, name=name)
            index.add(block.frame)
            lines.add(num_rows, block.lines, block.frame.height)
            kept = kept_columns(reader.names)
            store.write(block.frame.select(list(kept)).rename(kept))
            num_rows += block.frame.height
        if index is None:
            index = RowIndex(reader.names, settings.drop, name=name)
            names = kept_columns(reader.names).values()
            store.write(pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
    if _stamp(location) != before:
        raise DataError(
            "the file changed while it was read",
            where=name,
            mend="run again when nothing writes to it, or read a copy",
        )
    file = SourceFile(
        name,
        location if isinstance(location, Path) else None,
        reader.sha256,
        reader.bytes_read,
        0,
        num_rows,
        lines=open_lines(lines.said, into / LINES_FILE, arrays),
        entries=() if isinstance(location, Path) else location.entries,
    )
    findings = (*reader.findings, *index.findings())
    return StagedFile(store, file, findings, reader.semicolons, lines.said)


def _stage_folder(
    path: Path, into: Path, settings: DataSettings, *, name: str, progress: Progress
) -> StagedFile:
    """A folder of images, whose bytes are all read before they are staged."""
    from trainwright.data.images.folder import read_folder

    frame, file, findings = read_folder(
        path,
        name=name,
        advance=lambda done: progress.advance(done, 0, f"{done} images"),
        damaged=on_damage(settings),
    )
    into.mkdir()
    store = BlockStore(into / ROWS_FILE)
    for block in frame.iter_slices(IMAGE_ROWS):
        store.write(block)
    return StagedFile(store, file, tuple(findings), semicolons=False)


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
            files = image_column(
                part[column], roots=roots, place=place, damaged=on_damage(settings)
            )
            store.write(part.with_columns(files))
            start += part.height
    one.store.remove()
    return replace(one, store=store)


def _place(file: SourceFile, first: int, row: int) -> str:
    return file.place(first + row)


def _stamp(location: Location) -> tuple[int, ...]:
    """What shows that a file was written to or replaced."""
    if not isinstance(location, Path):
        return ()
    try:
        found = location.stat()
    except OSError:
        return ()  # opening it says what is wrong
    return found.st_ino, found.st_size, found.st_mtime_ns
