"""From `data.source` to rows on disk: every file is read once, block by block, and staged as it was read.

What stays in memory is what was noticed and where each row stands. A file that changes while it is read
is refused; one that was read before, by a source that has further files now, is not read again
(`staging.keeping`). A lone local text file whose rows are typed as they pass (`staging.first`) is not staged.
Cost: otherwise the disk holds the texts of the rows once, two to three times as large as the files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.compute.workers import HERE, Workers
from trainwright.core.errors import DataError
from trainwright.core.protocols import Progress
from trainwright.data.images.files import image_column
from trainwright.data.reading.endings import is_database, is_delimited
from trainwright.data.reading.naming import (
    Location,
    check_unchanged,
    named_files,
    relative_name,
    size_of,
    stamp_of,
)
from trainwright.data.reading.source import (
    RowIndex,
    check_agreement,
    how_read,
    image_column_name,
    kept_columns,
    on_damage,
    open_as,
)
from trainwright.data.reading.tables import SourceFile
from trainwright.data.reading.values import common_kind
from trainwright.data.staging.again import FileRows
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import BlockStore
from trainwright.data.staging.first import FirstPass
from trainwright.data.staging.keeping import Keeper
from trainwright.data.staging.lines import LineBook, open_lines
from trainwright.data.staging.staged import LINES_FILE, ROWS_FILE, StagedFile, StagedSource
from trainwright.recipe.data import DataSettings

IMAGE_ROWS = 256  # of a block that holds images


@dataclass(frozen=True, slots=True)
class _Order:
    """One thing to read, with all that whoever reads it must know.

    Attributes:
        location: What.
        name: For messages.
        folder: Where rows are staged; who reads makes a folder of its own there.
        how: How the recipe wants it read (`reading.source.how_read`); nothing where it is a folder.
    """

    location: Location
    name: str
    folder: Path
    how: Mapping[str, Any]

    @property
    def is_file(self) -> bool:
        """Is it a file of its own, which others can read, and whose bytes it is known by?"""
        location = self.location
        return isinstance(location, Path) and not is_database(location.name) and location.is_file()

    @property
    def can_be_read_again(self) -> bool:
        """Is it a text file of this machine, whose rows need not be staged?"""
        return self.is_file and is_delimited(self.name)


def stage_source(
    settings: DataSettings,
    *,
    base: Path,
    folder: Path,
    arrays: Arrays,
    keeper: Keeper,
    progress: Progress,
    workers: Workers = HERE,
    first: FirstPass | None = None,
) -> StagedSource:
    """Read every file that `data` names, and keep its rows in `folder`.

    Args:
        settings: `source`, `validation`, `test`, and how text is encoded and separated.
        base: The recipe's folder; relative paths start there, and file names are told from there.
        folder: Where rows are staged.
        arrays: Where long arrays live.
        keeper: Has the rows of files that were read before.
        progress: Told the bytes read so far.
        workers: Read files; what is no file, a database or a store, is read here.
        first: What is done with the rows while they are read; a lone local text file then stays
            where it is, and is read again where the first time was not enough.

    Raises:
        DataError: a file is missing, damaged, not a sound table, or changes while it is read; every
            fault has its line.
        EnvironmentFault: a file may not be read, or the disk is full.
    """
    named = named_files(settings, base)
    total = sum(size_of(location) for location, _ in named) or 1
    images = image_column_name(settings, named)
    progress.stage("read")
    orders = [
        _order(location, settings, name=relative_name(location, base), folder=folder)
        for location, _ in named
    ]
    if len(orders) > 1 or not orders[0].can_be_read_again:
        first = None
    may_keep = len(named) > 1 and images is None
    kept = _taken(orders, keeper, arrays) if may_keep else {}
    staged: list[StagedFile] = []
    done = num_rows = 0
    for order, part, read in zip(
        orders, (part for _, part in named), _reads(orders, kept, workers, first), strict=True
    ):
        if read is None:
            one = _stage_folder(order, settings, progress=progress)
        else:
            one = _with_images(_with_lines(read, arrays), settings, base=base)
            one = replace(one, how=order.how if may_keep and order.is_file else None)
        if staged:
            check_agreement(staged[0].kinds, one.kinds, staged[0].file.name, order.name)
        staged.append(replace(one, file=replace(one.file, first_row=num_rows, part=part)))
        num_rows += one.file.num_rows
        done += one.file.bytes
        progress.advance(done, total, order.name)
    if not num_rows:
        raise DataError(
            "the file has a header but 0 data rows",
            where=staged[0].file.name,
            mend="name a file that has rows",
        )
    kinds = [one.kinds for one in staged]
    schema = {name: common_kind([kind[name] for kind in kinds]) for name in kinds[0]}
    return StagedSource(tuple(staged), schema, images, first=first)


def _order(location: Location, settings: DataSettings, *, name: str, folder: Path) -> _Order:
    whole = isinstance(location, Path) and location.is_dir()
    how = {} if whole else how_read(location, settings, name=name)
    return _Order(location, name, folder, how)


def _taken(orders: Sequence[_Order], keeper: Keeper, arrays: Arrays) -> dict[int, StagedFile]:
    """What was read before, by its place among the orders."""
    found = {}
    for number, order in enumerate(orders):
        if order.is_file:
            assert isinstance(order.location, Path)
            into = order.folder / f"kept-{number}"
            one = keeper.take(order.location, order.name, order.how, into, arrays)
            if one is not None:
                found[number] = one
    return found


def _reads(
    orders: Sequence[_Order],
    kept: Mapping[int, StagedFile],
    workers: Workers,
    first: FirstPass | None,
) -> Iterator[StagedFile | None]:
    """The rows of each order, in order; None where it is a folder of images."""
    if first is not None:
        yield _read_file(orders[0], first)
        return
    far = [n for n, order in enumerate(orders) if n not in kept and order.is_file]
    found = workers.map(_read_files, [orders[n] for n in far], folder=orders[0].folder)
    for number, order in enumerate(orders):
        if number in kept:
            yield kept[number]
        elif number in far:
            yield next(found)
        elif isinstance(order.location, Path) and order.location.is_dir():
            yield None
        else:
            yield _read_file(order)
    assert next(found, None) is None


def _read_files(orders: Iterable[_Order]) -> Iterator[StagedFile]:
    """One after another."""
    for order in orders:
        yield _read_file(order)


def _read_file(order: _Order, first: FirstPass | None = None) -> StagedFile:
    """Read a file to its end; its rows' lines are noted, but not yet opened."""
    before = stamp_of(order.location)
    into = Path(tempfile.mkdtemp(prefix="source-", dir=order.folder))
    store, lines = BlockStore(into / ROWS_FILE), LineBook(into / LINES_FILE)
    dropped = order.how["dropped"]
    index: RowIndex | None = None
    heights: list[int] = []
    num_rows = 0
    with open_as(order.location, order.how, name=order.name) as reader:
        for block in reader.blocks():
            index = index or RowIndex(reader.names, dropped, name=order.name)
            index.add(block.frame)
            lines.add(num_rows, block.lines, block.frame.height)
            kept = kept_columns(reader.names)
            rows = block.frame.select(list(kept)).rename(kept)
            if first is None:
                store.write(rows)
            else:
                first.add(rows, semicolons=reader.semicolons)
            heights.append(rows.height)
            num_rows += rows.height
            del block, rows  # before the next is read
        names = tuple(kept_columns(reader.names).values())
        if index is None:
            index = RowIndex(reader.names, dropped, name=order.name)
            store.write(pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
    location = order.location
    check_unchanged(location, before, name=order.name)
    file = SourceFile(
        order.name,
        location if isinstance(location, Path) else None,
        reader.sha256,
        reader.bytes_read,
        0,
        num_rows,
        entries=() if isinstance(location, Path) else location.entries,
        left_out=tuple(sorted(reader.left_out)),
    )
    findings = (*reader.findings, *index.findings())
    kept_in: BlockStore | FileRows = store
    if first is not None and isinstance(location, Path):
        kept_in = FileRows(
            store.path, location, order.how, order.name, reader.sha256, names, tuple(heights)
        )
    return StagedFile(kept_in, file, findings, reader.semicolons, lines.said)


def _with_lines(one: StagedFile, arrays: Arrays) -> StagedFile:
    """With the line of each row at hand."""
    lines = open_lines(one.lines, one.store.path.with_name(LINES_FILE), arrays)
    return replace(one, file=replace(one.file, lines=lines))


def _stage_folder(order: _Order, settings: DataSettings, *, progress: Progress) -> StagedFile:
    """A folder of images, whose bytes are all read before they are staged."""
    from trainwright.data.images.folder import read_folder

    assert isinstance(order.location, Path)
    frame, file, findings = read_folder(
        order.location,
        name=order.name,
        advance=lambda done: progress.advance(done, 0, f"{done} images"),
        damaged=on_damage(settings),
    )
    store = BlockStore(order.folder / ROWS_FILE)
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
