"""All rows of all that `data.source` names, in order; all must have the same columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.errors import DataError, shorten
from trainwright.core.protocols import Progress, Silent
from trainwright.data.images.files import OnDamage, image_column
from trainwright.data.reading.databases import Rows
from trainwright.data.reading.documents import Documents, find_documents
from trainwright.data.reading.endings import is_database, is_delimited, is_text, is_workbook
from trainwright.data.reading.formats import How, reader_for
from trainwright.data.reading.naming import (
    Location,
    check_unchanged,
    named_files,
    relative_name,
    rows_of_file,
    size_of,
    stamp_of,
)
from trainwright.data.reading.opening import open_data
from trainwright.data.reading.tables import LineMap, RawTable, Reader, SourceFile
from trainwright.data.reading.values import are_words, as_kinds, common_kind
from trainwright.recipe.data import DataSettings
from trainwright.recipe.layout import LayoutSettings

_VIEW_BYTES = 16  # of a text or a word of fixed width


@dataclass(frozen=True, slots=True)
class _Read:
    """One file's rows, columns already named."""

    frame: pl.DataFrame
    file: SourceFile
    findings: tuple[Finding, ...]
    semicolons: bool


def read_source(
    settings: DataSettings,
    *,
    base: Path,
    progress: Progress = Silent(),  # noqa: B008 - stateless
    most_bytes: float = math.inf,
) -> RawTable:
    """Read every file that `data` names, whole, or as far as there is room for.

    Args:
        settings: `source`, `validation`, `test`, and how text is encoded and separated.
        base: The recipe's folder; relative paths start there, and file names are told from there.
        progress: Told the bytes read so far.
        most_bytes: Of rows in memory; what follows the block that reaches it is not read.

    Raises:
        DataError: a file is missing, damaged, or not a sound table; every fault has its line.
        EnvironmentFault: a file may not be read.
    """
    named = named_files(settings, base)
    total = sum(size_of(location) for location, _ in named) or 1
    progress.stage("read")
    reads: list[_Read] = []
    done = 0
    room = most_bytes
    for path, part in named:
        if room <= 0:
            break
        name = relative_name(path, base)
        if isinstance(path, Path) and path.is_dir():
            read = _read_folder(path, settings, name=name, progress=progress)
        else:
            rows = _read_file(path, settings, name=name, most_bytes=room)
            read = _with_images(rows, settings, base=base)
        if reads:
            read = _agree(reads[0], read)
        first = sum(one.file.num_rows for one in reads)
        reads.append(replace(read, file=replace(read.file, first_row=first, part=part)))
        room -= _size_of(read.frame)
        done += read.file.bytes
        progress.advance(done, total, read.file.name)
    frame = pl.concat(unify([read.frame for read in reads]), rechunk=False)
    if not frame.height:
        raise DataError(
            "the file has a header but 0 data rows",
            where=reads[0].file.name,
            mend="name a file that has rows",
        )
    return RawTable(
        frame,
        tuple(read.file for read in reads),
        tuple(finding for read in reads for finding in read.findings),
        any(read.semicolons for read in reads),
        image_column_name(settings, named),
        is_part=room <= 0,
    )


def image_column_name(
    settings: DataSettings, named: Sequence[tuple[Location, Split | None]]
) -> str | None:
    """The column of image bytes, where there is one."""
    if any(isinstance(path, Path) and path.is_dir() for path, _ in named):
        return "image"
    return None if settings.inputs is None else settings.inputs.image


@contextmanager
def open_table(
    location: Location,
    *,
    name: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    dropped: tuple[str, ...] = (),
    nested: tuple[str, ...] = (),
    sheet: str | None = None,
    table: str | None = None,
    wanted: tuple[str, ...] | None = None,
    layout: LayoutSettings | None = None,
    leaves_out: bool = True,
    conversations: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
) -> Iterator[Reader]:
    """A reader for a file, chosen by its ending, or for what is read in a way of its own.

    Args:
        location: What to read; a folder is one of documents.
        name: For messages.
        encoding: Of text; found out where None.
        delimiter: Of delimited text; found out where None.
        dropped: Columns that are left out, whose names or values may be odd.
        nested: Columns that may hold lists, or images with their paths, where the format has any.
        sheet: Of a workbook; the only one with data where None.
        table: Of a SQLite file; the only one where None.
        wanted: The columns that are asked for; None where all are.
        layout: What stands beside header and rows of text or a sheet; found out where not said.
        leaves_out: Rows of totals and repeated headers are left out; otherwise they are refused.
        conversations: Columns whose lists of objects are kept, as JSON.
        labels: Of `nested` those that may hold labels: a text among their lists is one.
    """
    how = How(
        encoding,
        delimiter,
        dropped,
        nested,
        sheet,
        wanted,
        layout or LayoutSettings(),
        leaves_out,
        conversations,
        labels,
    )
    if isinstance(location, Path) and is_database(location.name):
        location = rows_of_file(location, table=table)
    if isinstance(location, Path) and location.is_dir():
        location = find_documents(location, name=name) or location
    if isinstance(location, Path):
        with open_data(location, name=name) as stream:
            yield reader_for(stream, name, how)
    else:
        with location.open(how) as reader:
            yield reader


@contextmanager
def open_as(location: Location, how: Mapping[str, Any], *, name: str) -> Iterator[Reader]:
    """A reader for what a recipe names; `how` is of `how_read`."""
    layout = LayoutSettings(**how["layout"]) if how["layout"] else None
    with open_table(location, name=name, **{**how, "layout": layout}) as reader:
        yield reader


def how_read(location: Location, settings: DataSettings, *, name: str) -> dict[str, Any]:
    """How a recipe wants something read, as JSON values; a setting that it cannot use is left unread."""
    text = is_text(name) and not isinstance(location, Rows)
    table = text and not isinstance(location, Documents) and is_delimited(name)
    layout = LayoutSettings.model_fields if table or is_workbook(name) else ()
    return {
        "encoding": settings.encoding if text else None,
        "delimiter": settings.delimiter if table else None,
        "dropped": settings.drop,
        "nested": _nested(settings),
        "conversations": _conversations(settings),
        "labels": (settings.target,),
        "sheet": settings.sheet if is_workbook(name) else None,
        "layout": {key: getattr(settings.layout, key) for key in layout} if layout else None,
    }


def _read_file(
    location: Location, settings: DataSettings, *, name: str, most_bytes: float = math.inf
) -> _Read:
    frames: list[pl.DataFrame] = []
    num_bytes = 0
    rows: list[int] = []
    lines: list[int | NDArray[np.int64]] = []
    num_rows = 0
    before = stamp_of(location)
    with open_as(location, how_read(location, settings, name=name), name=name) as reader:
        for block in reader.blocks():
            frames.append(block.frame)
            if block.lines is not None and block.frame.height:
                rows.append(num_rows)
                lines.append(block.lines)
            num_rows += block.frame.height
            num_bytes += _size_of(block.frame)
            if num_bytes >= most_bytes:
                break
    check_unchanged(location, before, name=name)
    if not frames:
        frames = [
            pl.DataFrame({str(i): pl.Series([], dtype=pl.String) for i in range(len(reader.names))})
        ]
    frame = pl.concat(unify(frames), rechunk=False)
    frame, findings = _name_columns(frame, reader.names, settings.drop, name=name)
    map_ = LineMap(tuple(rows), tuple(lines)) if lines else None
    file = SourceFile(
        name,
        location if isinstance(location, Path) else None,
        reader.sha256,
        reader.bytes_read,
        0,
        num_rows,
        lines=map_,
        entries=() if isinstance(location, Path) else location.entries,
        left_out=tuple(sorted(reader.left_out)),
    )
    return _Read(frame, file, (*reader.findings, *findings), reader.semicolons)


def _size_of(frame: pl.DataFrame) -> int:
    """Bytes in memory, about: of texts Polars does not count the sixteen that each takes."""
    return int(frame.estimated_size()) + frame.height * frame.width * _VIEW_BYTES


def _read_folder(path: Path, settings: DataSettings, *, name: str, progress: Progress) -> _Read:
    """A folder of images."""
    from trainwright.data.images.folder import read_folder

    frame, file, findings = read_folder(
        path,
        name=name,
        advance=lambda done: progress.advance(done, 0, f"{done} images"),
        damaged=on_damage(settings),
    )
    return _Read(frame, file, tuple(findings), semicolons=False)


def _with_images(read: _Read, settings: DataSettings, *, base: Path) -> _Read:
    """With the bytes of images in place of their paths, where the recipe names a column of them."""
    column = None if settings.inputs is None else settings.inputs.image
    if column is None or column not in read.frame.columns:
        return read
    roots = [base, read.file.path.parent] if read.file.path else [base]
    files = image_column(
        read.frame[column], roots=roots, place=read.file.place, damaged=on_damage(settings)
    )
    return replace(read, frame=read.frame.with_columns(files))


def on_damage(settings: DataSettings) -> OnDamage:
    """What becomes of an image that cannot be decoded."""
    return "mark" if settings.unreadable.quarantine else "refuse"


def _conversations(settings: DataSettings) -> tuple[str, ...]:
    inputs = settings.inputs
    return (inputs.messages,) if inputs is not None and inputs.messages else ()


def _nested(settings: DataSettings) -> tuple[str, ...]:
    """Columns that may hold a list a row: words, and their tags; labels; or images with their paths."""
    inputs = settings.inputs
    named = (inputs.text, inputs.image) if inputs is not None else ()
    return (*filter(None, named), settings.target)


def _name_columns(
    frame: pl.DataFrame, names: tuple[str, ...], dropped: tuple[str, ...], *, name: str
) -> tuple[pl.DataFrame, list[Finding]]:
    """The frame with its columns' names, without a nameless row index."""
    index = RowIndex(names, dropped, name=name)
    index.add(frame)
    kept = kept_columns(names)
    return frame.select(list(kept)).rename(kept), index.findings()


def kept_columns(names: Sequence[str]) -> dict[str, str]:
    """Position -> name of the columns that are kept.

    Of equal names, which only a recipe that drops them may have, the first stays to be dropped.
    """
    return {str(i): column for i, column in enumerate(names) if names.index(column) == i and column}


class RowIndex:
    """Is a first column without a name a row index, which is left out?

    Args:
        names: Of the file's columns.
        dropped: Those that the recipe leaves out; an empty one may be among them.
        name: The file's, for messages.
    """

    def __init__(self, names: Sequence[str], dropped: Sequence[str], *, name: str) -> None:
        self._asked = "" in names and "" not in dropped
        self._name = name
        self._next: int | None = None
        self._counts = True

    def add(self, frame: pl.DataFrame) -> None:
        """The next rows; columns are named by position."""
        if not self._asked or not self._counts or not frame.height:
            return
        numbers = frame.to_series(0).cast(pl.Int64, strict=False)
        start = numbers[0] if self._next is None else self._next
        if self._next is None and start not in (0, 1):
            self._counts = False
            return
        self._next = start + len(numbers)
        wanted = pl.int_range(start, self._next, eager=True)
        self._counts = bool((numbers == wanted).fill_null(value=False).all())

    def findings(self) -> list[Finding]:
        """A warning that it is left out.

        Raises:
            DataError: it does not count the rows from 0 or 1.
        """
        if not self._asked:
            return []
        if not self._counts:
            raise DataError(
                "column 1 has no name and is no row index",
                where=f"{self._name}:1",
                mend='name it in the header, or data: {drop: [""]}',
            )
        return [
            Finding(
                "schema",
                "warning",
                f"{self._name}: the first column has no name and counts the rows: it was left out",
                remedy='write the file without its row index, or say so: data: {drop: [""]}',
            )
        ]


def unify(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Give each column one type in all frames; where numbers and words mix, as text."""
    schemas = [frame.schema for frame in frames]
    casts = {name: common_kind([schema[name] for schema in schemas]) for name in schemas[0]}
    return [as_kinds(frame, casts) for frame in frames]


def _agree(first: _Read, read: _Read) -> _Read:
    """`read` with its columns in the order of the first file (see `check_agreement`)."""
    check_agreement(first.frame.schema, read.frame.schema, first.file.name, read.file.name)
    return replace(read, frame=read.frame.select(first.frame.columns))


def check_agreement(
    ours: Mapping[str, pl.DataType], theirs: Mapping[str, pl.DataType], first: str, name: str
) -> None:
    """Refuse (DataError) a file with other columns, or other types, than the first; names both files."""
    if set(ours) != set(theirs):
        lacking = [shorten(column) for column in ours if column not in theirs][:5]
        further = [shorten(column) for column in theirs if column not in ours][:5]
        said = [f"lacks {', '.join(lacking)}"] if lacking else []
        said += [f"has {', '.join(further)} besides"] if further else []
        raise DataError(
            f"the files have different columns: {name} {' and '.join(said)}",
            where=f"{first} and {name}",
            mend="give every file the same columns, or name only those that belong together",
        )
    for column in ours:
        kinds = ours[column], theirs[column]
        alike = (
            kinds[0] == kinds[1]
            or all(kind.is_numeric() for kind in kinds)
            or all(map(are_words, kinds))
        )
        if not alike and pl.Null not in kinds:
            raise DataError(
                f"column {shorten(column)} is {kinds[0]} in one file and {kinds[1]} in the other",
                where=f"{first} and {name}",
                mend="write the column with one type in every file",
            )
