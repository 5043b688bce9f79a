"""A block of whole records: its bytes are checked by us and parsed by pyarrow.

pyarrow finds rows of the wrong length; what it takes silently (a quote that is never closed, a carriage
return as a line end, bytes that are no UTF-8) our scans find first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from trainwright.core.errors import DataError, Fault, TrainwrightError, shorten
from trainwright.data.reading.encoding import invalid_utf8
from trainwright.data.reading.header import NAMES, Header
from trainwright.data.reading.scanning import LIMIT_FIELD_BYTES, blemishes, count_fields
from trainwright.data.reading.tables import RawBlock


@dataclass(frozen=True, slots=True)
class Work:
    """A block's bytes (whole records) and what is needed to parse them."""

    data: bytes
    first_line: int
    num_lines: int
    header: Header
    name: str
    text: bytes = b""  # of the header, to know it again


_MARK = "\ufeff"  # with which a file begins that was put behind another


@dataclass(frozen=True, slots=True)
class Rows:
    """A parsed block, and the lines on which the header stood once more."""

    block: RawBlock
    repeated: tuple[int, ...] = ()


def parse_records(work: Work) -> Rows:
    """Check the bytes of a block, and parse them."""
    if fault := invalid_utf8(work.data, name=work.name, first_line=work.first_line):
        raise DataError.of([fault])
    delimiter = work.header.delimiter
    raise_blemishes(work.data, delimiter, work.name, work.first_line)
    num_columns = work.header.num_fields
    if work.data[:2].strip(b"\r\n") == b"" and not work.data.strip(b"\r\n"):
        empty = pl.DataFrame({str(i): pl.Series([], dtype=pl.String) for i in range(num_columns)})
        return Rows(_without_last(RawBlock(empty, np.zeros(0, np.int64)), work))
    positions = [str(index) for index in range(num_columns)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(work.data),
            read_options=arrow_csv.ReadOptions(
                column_names=positions, block_size=len(work.data) + 1, use_threads=False
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter.decode(), newlines_in_values=b'"' in work.data
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(positions, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise _ragged(work, str(error)) from error
    _check_lengths(work, table)
    views = [column.cast(pa.string_view()) for column in table.columns]  # in pages that pyarrow has
    frame = pl.from_arrow(pa.table(views, names=positions))
    assert isinstance(frame, pl.DataFrame)
    keeps_step = frame.height == work.num_lines
    block = RawBlock(frame, work.first_line if keeps_step else _lines_of(work))
    return _without_headers(_without_last(block, work), work)


def _without_last(block: RawBlock, work: Work) -> RawBlock:
    """Without the empty column that a separator at the end of each line makes.

    Raises:
        DataError: something stands there after all.
    """
    if not work.header.trailing:
        return block
    last = block.frame.to_series(work.header.num_fields - 1)
    filled = (last.str.strip_chars() != "").arg_true()
    if len(filled):
        row = int(filled[0])
        line = block.lines + row if isinstance(block.lines, int) else int(_lines_of(work)[row])
        raise DataError(
            f"{shorten(last[row])} stands beyond the last column, where the rows before end empty",
            where=f"{work.name}:{line}",
            mend="give this column a name in the header, or mend the row",
        )
    return RawBlock(block.frame.drop(last.name), block.lines)


def _without_headers(block: RawBlock, work: Work) -> Rows:
    """Without rows that are the header once more, as where files were put together."""
    if len(work.header.names) < 2 or not work.text or work.text not in work.data:
        return Rows(block)
    columns = [block.frame.to_series(at) for at in range(block.frame.width)]
    equal = np.ones(block.frame.height, bool)
    for column, name in zip(columns, work.header.names, strict=True):
        bare = column.str.strip_prefix(_MARK) if column is columns[0] else column
        equal &= (bare.str.strip_chars() == name).to_numpy()
    rows = np.flatnonzero(equal)
    if not len(rows):
        return Rows(block)
    lines = block.lines
    if lines is None or isinstance(lines, int):
        lines = np.arange(block.frame.height) + (lines or 0)
    kept = RawBlock(block.frame.filter(pl.Series(~equal)), lines[~equal])
    return Rows(kept, tuple(lines[rows].tolist()))


def _lines_of(work: Work) -> NDArray[np.int64]:
    """The line of each record."""
    _, starts = count_fields(work.data, delimiter=work.header.delimiter)
    newlines = np.flatnonzero(np.frombuffer(work.data, np.uint8) == 0x0A)
    return work.first_line + np.searchsorted(newlines, starts)


def raise_blemishes(block: bytes, delimiter: bytes, name: str, first_line: int) -> None:
    """Refuse (DataError) faults of the bytes themselves, each with its line and column."""
    faults = []
    for blemish in blemishes(block, delimiter=delimiter):
        line = first_line + block.count(b"\n", 0, blemish.at)
        column = blemish.at - block.rfind(b"\n", 0, blemish.at)
        faults.append(Fault(blemish.what, f"{name}:{line}:{column}", blemish.mend))
    if faults:
        raise DataError.of(faults)


def _ragged(work: Work, reason: str) -> TrainwrightError:
    """Which records have the wrong number of fields, the first ten of them."""
    counts, _ = count_fields(work.data, delimiter=work.header.delimiter)
    expected = work.header.num_fields
    wrong = np.flatnonzero(counts != expected)
    if not len(wrong):
        return DataError(f"the rows cannot be parsed: {reason[:160]}", where=work.name)
    lines = _lines_of(work)
    if len(wrong) == len(counts) > 1 and len(set(counts.tolist())) == 1:
        return _all_ragged(work, int(counts[0]), int(lines[0]))
    return DataError.of(
        [
            Fault(
                f"this row has {_fields(counts[row])}, expected {expected}",
                f"{work.name}:{lines[row]}",
                "quote a field that holds the delimiter, or mend the row",
            )
            for row in wrong[:10].tolist()
        ]
    )


def _fields(number: int) -> str:
    return "1 field" if number == 1 else f"{number} fields"


def _all_ragged(work: Work, got: int, line: int) -> DataError:
    """Every row has the same wrong number of fields."""
    expected = len(work.header.names)
    delimiter = work.header.delimiter
    rows = [row.rstrip(b"\r") for row in work.data.split(b"\n") if row.rstrip(b"\r")]
    if got == expected + 1 and all(row.endswith(delimiter) for row in rows):
        mark = NAMES[delimiter.decode()]
        mend = f"every row ends with a {mark}: remove it, or end the header with one too"
    elif expected == 1:
        mend = "is the first line a title? data: {layout: {skip_lines: 1}}"
    else:
        mend = (
            "give each column a name in the header; we do not shift columns to make it fit. Where the"
            " first line is a title: data: {layout: {skip_lines: 1}}"
        )
    return DataError(
        f"every row has {_fields(got)}, but the header names {expected} columns",
        where=f"{work.name}:{line}",
        mend=mend,
    )


def _check_lengths(work: Work, table: pa.Table) -> None:
    """Refuse a field of more than 1 MiB; only a block that long can hold one."""
    if len(work.data) <= LIMIT_FIELD_BYTES:
        return
    for position, column in enumerate(table.columns):
        for chunk in column.chunks:
            offsets = np.frombuffer(chunk.buffers()[1], np.int32)[: len(chunk) + 1]
            lengths = np.diff(offsets)
            if len(lengths) and lengths.max() > LIMIT_FIELD_BYTES:
                line = _lines_of(work)[int(lengths.argmax())]
                raise DataError(
                    f"a field of {lengths.max()} bytes in column"
                    f" {shorten(work.header.names[position])}, over the limit of 1 MiB",
                    where=f"{work.name}:{line}",
                    mend="is a quote open there? Otherwise shorten the field, or write JSON lines",
                )
