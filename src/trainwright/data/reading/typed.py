"""Read a file by columns that are known: what batch scoring and monitoring do.

The values go through the same code as in training (`types.values`), block by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import path_text
from trainwright.core.errors import DataError, Fault, nearest, shorten
from trainwright.data.images.files import Place, image_column, labels_of, list_images, read_images
from trainwright.data.privacy.masking import told
from trainwright.data.reading.documents import holds_only_documents
from trainwright.data.reading.naming import Location
from trainwright.data.reading.source import open_table
from trainwright.data.reading.tables import LineMap, RawBlock, TypedBlock
from trainwright.data.types.values import FALSE_OF, parse_series
from trainwright.recipe.loading import IMAGE_LABEL

PATH = "path"  # the column that tells which image or document of a folder a row is
_NESTED = (ColumnType.WORDS, ColumnType.LABELS, ColumnType.IMAGE)
_IMAGE_ROWS = 256  # of a block that holds images


def read_typed(
    source: Location,
    columns: Sequence[Column],
    *,
    optional: Sequence[str] = (),
    ignored: Sequence[str] = (),
    block_rows: int = 65_536,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    table: str | None = None,
) -> Iterator[TypedBlock]:
    """Typed rows of a file of any kind that is read, of a folder, or of a database, block by block.

    Args:
        source: The file, or what stands elsewhere.
        columns: What to read, and how.
        optional: Names among them that the file may lack (the target).
        ignored: Names of further columns whose lists are no fault.
        block_rows: Rows a block, at most.
        encoding: Of a text file; found out when None.
        delimiter: Of a text file; found out when None.
        sheet: Of a workbook; the only one with data when None.
        table: Of a SQLite file; the only one when None.

    Raises:
        DataError: columns are missing (all are named), or values do not parse (each with its place;
            at most ten).
    """
    is_folder = isinstance(source, Path) and source.is_dir()
    if isinstance(source, Path) and is_folder and not holds_only_documents(source):
        yield from _folder_blocks(source, columns, optional=optional)
        return
    name = source.name
    roots = [source.parent if isinstance(source, Path) else Path()]
    if any(column.type is ColumnType.IMAGE for column in columns):
        block_rows = min(block_rows, _IMAGE_ROWS)
    first_row = 0
    listed = [c.name for c in columns if c.type in _NESTED]
    nested = (*listed, *ignored) if listed else ()
    wanted = tuple(column.name for column in columns)
    talks = tuple(c.name for c in columns if c.type is ColumnType.MESSAGES)
    with open_table(
        source,
        name=name,
        encoding=encoding,
        delimiter=delimiter,
        leaves_out=False,  # a row has an answer, or the file is refused
        nested=nested,
        labels=tuple(c.name for c in columns if c.type is ColumnType.LABELS),
        conversations=talks,
        wanted=wanted,
        sheet=sheet,
        table=table,
    ) as reader:
        for block in reader.blocks():
            present = _present(columns, optional, reader.names, name=name)
            extra = tuple(
                name for name in reader.names if name and name not in {c.name for c in columns}
            )
            for start in range(0, block.frame.height, block_rows):
                part = _part(block, start, block_rows)
                place = partial(_place, part, name=name, first_row=first_row)
                frame = _typed(part, present, reader.names, place=place, roots=roots)
                if is_folder and PATH not in frame.columns:  # which document a row is
                    told = part.frame[str(reader.names.index(PATH))]
                    frame = frame.with_columns(told.alias(PATH))
                yield TypedBlock(frame, first_row, extra)
                first_row += frame.height
        if not first_row:
            present = _present(columns, optional, reader.names, name=name)
            none = pl.DataFrame(
                {str(i): pl.Series([], dtype=pl.String) for i in range(len(reader.names))}
            )
            frame = _typed(RawBlock(none), present, reader.names, place=str, roots=roots)
            yield TypedBlock(frame, 0)


def _folder_blocks(
    folder: Path, columns: Sequence[Column], *, optional: Sequence[str]
) -> Iterator[TypedBlock]:
    """A folder of images, in the order of their paths, some hundred at a time, with `PATH`."""
    entries = list_images(folder)
    wanted = [column for column in columns if column.type is ColumnType.IMAGE]
    missing = [
        column.name for column in columns if column not in wanted and column.name not in optional
    ]
    if missing or not wanted or not entries:
        raise DataError(
            f"a folder of images has no column {shorten(missing[0])}"
            if missing
            else "the model reads no images"
            if not wanted
            else "the folder holds no images",
            where=folder.name,
            mend="name a table with the columns that the model was trained on"
            if missing or not wanted
            else "name a folder that holds images",
        )
    for start in range(0, len(entries), _IMAGE_ROWS):
        part = entries[start : start + _IMAGE_ROWS]
        places = [Place(entry, f"{folder.name}/{path_text(entry)}") for entry in part]
        files = read_images(places, roots=[folder])
        series = [pl.Series(column.name, files, dtype=pl.Binary) for column in wanted]
        series += [
            parse_series(column, pl.Series(column.name, labels_of(part), dtype=pl.String)).values
            for column in columns
            if column.name in optional and column.name == IMAGE_LABEL
        ]
        told = [path_text(entry) for entry in part]
        yield TypedBlock(pl.DataFrame([*series, pl.Series(PATH, told, dtype=pl.String)]), start)


def _part(block: RawBlock, start: int, num_rows: int) -> RawBlock:
    """Some rows of a block, with their lines."""
    lines = block.lines
    if isinstance(lines, int):
        lines += start
    elif lines is not None:
        lines = lines[start : start + num_rows]
    return RawBlock(block.frame[start : start + num_rows], lines)


def _present(
    columns: Sequence[Column], optional: Sequence[str], names: Sequence[str], *, name: str
) -> list[Column]:
    missing = [column.name for column in columns if column.name not in {*names, *optional}]
    if missing:
        faults = []
        for column in missing:
            near = nearest(column, names)
            hint = (
                f"rename the column {shorten(near)} to {shorten(column)}"
                if near
                else ("give the file every column that the model was trained on")
            )
            faults.append(Fault(f"column {shorten(column)} is missing", name, hint))
        raise DataError.of(faults)
    return [column for column in columns if column.name in names]


def _typed(
    block: RawBlock,
    columns: Sequence[Column],
    names: Sequence[str],
    *,
    place: Callable[[int], str],
    roots: Sequence[Path],
) -> pl.DataFrame:
    faults: list[Fault] = []
    series: list[pl.Series] = []
    for column in columns:
        raw = block.frame[str(names.index(column.name))]
        if column.type is ColumnType.IMAGE:
            series.append(image_column(raw.alias(column.name), roots=roots, place=place))
            continue
        parsed = parse_series(column, raw)
        series.append(parsed.values.alias(column.name))
        faults.extend(
            Fault(
                f"{told(column, raw[row])} in column {shorten(column.name)} is {_none_of(column)}",
                place(row),
                "mend the value, or leave the field empty where it is missing",
            )
            for row in parsed.misfits[:10]
        )
    if faults:
        raise DataError.of(faults[:10])
    return pl.DataFrame(series)


def _none_of(column: Column) -> str:
    """What a value that does not fit is not, in words."""
    if column.true:
        return (
            f"none of {', '.join(word for true in column.true for word in (true, FALSE_OF[true]))}"
        )
    if column.type is ColumnType.CATEGORY and column.integer:
        return "no whole number"
    return f"no {column.type.value}"


def _place(block: RawBlock, row: int, *, name: str, first_row: int) -> str:
    if block.lines is None:
        return f"{name} row {first_row + row}"
    return f"{name}:{LineMap((0,), (block.lines,)).line(row)}"
