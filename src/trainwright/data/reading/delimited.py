"""CSV and TSV: every byte is checked by us and parsed by pyarrow, block by block.

A block is cut at the end of a record, so it can be checked and parsed by itself. pyarrow finds rows
of the wrong length; what it takes silently (a quote that is never closed, a carriage return as a
line end, bytes that are no UTF-8) our scans find first. Two blocks are worked on at a time, and
the next is read meanwhile; their order is kept. Cost: memory is the text of the rows, once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, Fault, TrainwrightError, shorten
from trainwright.data.reading.encoding import BLOCK_BYTES, Utf8Blocks, invalid_utf8
from trainwright.data.reading.header import (
    NAMES,
    Header,
    find_delimiter,
    name_faults,
    name_findings,
    read_header,
)
from trainwright.data.reading.opening import check_text
from trainwright.data.reading.scanning import (
    LIMIT_FIELD_BYTES,
    blemishes,
    count_fields,
    record_end,
)
from trainwright.data.reading.tables import RawBlock

LIMIT_RECORD_BYTES = 64 << 20
_THREADS = 2
_SAMPLE_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class _Work:
    """A block's bytes (whole records) and what is needed to parse them."""

    data: bytes
    first_line: int
    header: Header
    name: str


@dataclass(slots=True)
class Delimited:
    """One CSV or TSV file: `blocks()` once, then its header, findings and hash are known.

    Attributes:
        stream: The file, at its start.
        name: For messages.
        encoding: As the recipe says, or None.
        delimiter: As the recipe says, or None to find it.
        dropped: Columns that the recipe leaves out; a nameless one may be among them.
        block_bytes: Bytes a block.
    """

    stream: BinaryIO
    name: str
    encoding: str | None = None
    delimiter: str | None = None
    dropped: tuple[str, ...] = ()
    block_bytes: int = BLOCK_BYTES
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    _header: Header | None = None
    _text: Utf8Blocks | None = None

    @property
    def sha256(self) -> str:
        """Of the file's bytes, once they were read."""
        return self._text.sha256 if self._text else ""

    @property
    def bytes_read(self) -> int:
        """So far."""
        return self._text.bytes_read if self._text else 0

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order, all columns as text (see `Reader`)."""
        with ThreadPoolExecutor(_THREADS) as pool:
            waiting: deque[Future[RawBlock]] = deque()
            try:
                for work in self._works():
                    waiting.append(pool.submit(_parse, work))
                    if len(waiting) > _THREADS:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _works(self) -> Iterator[_Work]:
        """Blocks of whole records."""
        self._text = Utf8Blocks(
            self.stream, name=self.name, encoding=self.encoding, block_bytes=self.block_bytes
        )
        if not self._text.encoding.startswith("utf-16"):
            check_text(self._text.head, name=self.name)
        if self._text.encoding != "utf-8" and self.encoding is None:
            self._note("encoding", f"read as {self._text.encoding}")
        carry, line = b"", 1
        is_old_mac = b"\r" in self._text.head and b"\n" not in self._text.head
        if is_old_mac:
            self._note("schema", "lines end with a carriage return, as on an old Mac")
        for chunk in self._text:
            block = carry + (chunk.replace(b"\r", b"\n") if is_old_mac else chunk)
            end = record_end(block)
            carry = block[end:]
            if len(carry) > LIMIT_RECORD_BYTES:
                raise self._endless(carry, line + block.count(b"\n", 0, end))
            if end:
                yield from self._work(block[:end], line)
                line += block.count(b"\n", 0, end)
        if carry:
            self._note("schema", "the last line does not end with a newline: was it cut?")
            yield from self._work(carry + b"\n", line)
        if self._header is None:
            raise DataError(
                "the file is empty"
                if not self._text.bytes_read
                else "the file has no rows: only blank lines",
                where=self.name,
                mend="name a file that has a header and rows",
            )

    def _work(self, block: bytes, line: int) -> Iterator[_Work]:
        if self._header is None:
            if not block.strip(b"\r\n"):
                return
            self._header = self._read_header(block, line)
            line += self._header.num_lines
            block = block[self._header.num_bytes :]
        if block:
            yield _Work(block, line, self._header, self.name)

    def _read_header(self, block: bytes, line: int) -> Header:
        sample = block[: record_end(block[:_SAMPLE_BYTES])] or block
        if fault := invalid_utf8(sample, name=self.name, first_line=line):
            raise DataError.of([fault])
        delimiter = self.delimiter
        if delimiter is None:
            prefer = "\t" if self.name.lower().endswith(".tsv") else ","
            delimiter = find_delimiter(sample, prefer=prefer)
            if delimiter != prefer:
                self._note("schema", f"fields are separated by a {NAMES[delimiter]}")
        _raise_blemishes(_first_record(sample), delimiter.encode(), self.name, line)
        header = read_header(sample, delimiter=delimiter.encode())
        where = f"{self.name}:{line + header.num_lines - 1}"
        if faults := name_faults(header.names, where=where, dropped=self.dropped):
            raise DataError.of(faults)
        self.findings.extend(name_findings(header.names))
        self.names, self.semicolons = header.names, delimiter == ";"
        return header

    def _note(self, kind: str, message: str) -> None:
        self.findings.append(Finding(kind, "info", f"{self.name}: {message}"))

    def _endless(self, carry: bytes, line: int) -> DataError:
        return DataError(
            f"a record of more than {LIMIT_RECORD_BYTES >> 20} MiB begins here:"
            f" {shorten(carry[:40].decode(errors='replace'))}",
            where=f"{self.name}:{line}",
            mend="close the quote that is open there, or write one record a line",
        )


def _first_record(sample: bytes) -> bytes:
    """Up to the end of the first record that is not blank."""
    blank = len(sample) - len(sample.lstrip(b"\r\n"))
    end = sample.find(b"\n", blank) + 1
    while end and not record_end(sample[:end]):
        end = sample.find(b"\n", end) + 1
    return sample[:end] if end else sample


def _parse(work: _Work) -> RawBlock:
    """Check the bytes of a block, and parse them."""
    if fault := invalid_utf8(work.data, name=work.name, first_line=work.first_line):
        raise DataError.of([fault])
    delimiter = work.header.delimiter
    _raise_blemishes(work.data, delimiter, work.name, work.first_line)
    num_columns = len(work.header.names)
    if work.data[:2].strip(b"\r\n") == b"" and not work.data.strip(b"\r\n"):
        empty = pl.DataFrame({str(i): pl.Series([], dtype=pl.String) for i in range(num_columns)})
        return RawBlock(empty, np.zeros(0, np.int64))
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
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    _check_lengths(work, table)
    keeps_step = frame.height == work.data.count(b"\n")
    return RawBlock(frame, work.first_line if keeps_step else _lines_of(work))


def _lines_of(work: _Work) -> NDArray[np.int64]:
    """The line of each record."""
    _, starts = count_fields(work.data, delimiter=work.header.delimiter)
    newlines = np.flatnonzero(np.frombuffer(work.data, np.uint8) == 0x0A)
    return work.first_line + np.searchsorted(newlines, starts)


def _raise_blemishes(block: bytes, delimiter: bytes, name: str, first_line: int) -> None:
    faults = []
    for blemish in blemishes(block, delimiter=delimiter):
        line = first_line + block.count(b"\n", 0, blemish.at)
        column = blemish.at - block.rfind(b"\n", 0, blemish.at)
        faults.append(Fault(blemish.what, f"{name}:{line}:{column}", blemish.mend))
    if faults:
        raise DataError.of(faults)


def _ragged(work: _Work, reason: str) -> TrainwrightError:
    """Which records have the wrong number of fields, the first ten of them."""
    counts, _ = count_fields(work.data, delimiter=work.header.delimiter)
    expected = len(work.header.names)
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


def _all_ragged(work: _Work, got: int, line: int) -> DataError:
    """Every row has the same wrong number of fields."""
    expected = len(work.header.names)
    delimiter = work.header.delimiter
    rows = [row.rstrip(b"\r") for row in work.data.split(b"\n") if row.rstrip(b"\r")]
    if got == expected + 1 and all(row.endswith(delimiter) for row in rows):
        mark = NAMES[delimiter.decode()]
        mend = f"every row ends with a {mark}: remove it, or end the header with one too"
    elif expected == 1:
        mend = "is the first line a title? Remove it: the first line must name the columns"
    else:
        mend = "give each column a name in the header; we do not shift columns to make it fit"
    return DataError(
        f"every row has {_fields(got)}, but the header names {expected} columns",
        where=f"{work.name}:{line}",
        mend=mend,
    )


def _check_lengths(work: _Work, table: pa.Table) -> None:
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
                    mend="is a quote open there? Otherwise shorten the field",
                )
