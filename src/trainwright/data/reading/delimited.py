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
from trainwright.data.findings import finding
from trainwright.data.reading.encoding import BLOCK_BYTES, Utf8Blocks, invalid_utf8
from trainwright.data.reading.header import (
    NAMES,
    Header,
    find_delimiter,
    name_faults,
    name_findings,
    read_header,
)
from trainwright.data.reading.layout import (
    ends_empty,
    find_footer,
    find_title,
    find_totals,
    has_units,
    holds_values,
    last_record,
    rows_of,
)
from trainwright.data.reading.opening import check_text
from trainwright.data.reading.scanning import (
    LIMIT_FIELD_BYTES,
    blemishes,
    count_fields,
    record_end,
)
from trainwright.data.reading.tables import RawBlock
from trainwright.recipe.layout import LayoutSettings

LIMIT_RECORD_BYTES = 64 << 20
_THREADS = 2
_SAMPLE_BYTES = 1 << 18
_HEADLESS = 50  # rows that tell whether the header is one of them
_TAIL = 128  # a last block shorter than this part of a block is read with the one before


@dataclass(frozen=True, slots=True)
class _Work:
    """A block's bytes (whole records) and what is needed to parse them."""

    data: bytes
    first_line: int
    header: Header
    name: str
    text: bytes = b""  # of the header, to know it again


@dataclass(slots=True)
class Delimited:
    """One CSV or TSV file: `blocks()` once, then its header, findings and hash are known.

    Attributes:
        stream: The file, at its start.
        name: For messages.
        encoding: As the recipe says, or None.
        delimiter: As the recipe says, or None to find it.
        dropped: Columns that the recipe leaves out; a nameless one may be among them.
        layout: What the recipe says of titles, units, totals and footnotes.
        leaves_out: Rows of totals and repeated headers are left out; otherwise they are refused.
        block_bytes: Bytes a block.
        left_out: Lines that would be rows, with the reason why they are none; known at the end.
    """

    stream: BinaryIO
    name: str
    encoding: str | None = None
    delimiter: str | None = None
    dropped: tuple[str, ...] = ()
    layout: LayoutSettings = LayoutSettings()  # noqa: RUF009 - frozen
    leaves_out: bool = True
    block_bytes: int = BLOCK_BYTES
    left_out: list[tuple[int, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    _header: Header | None = None
    _header_text: bytes = b""
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
            waiting: deque[Future[_Rows]] = deque()
            try:
                for work in self._works():
                    waiting.append(pool.submit(_parse, work))
                    if len(waiting) > _THREADS:
                        yield self._noted(waiting.popleft().result())
                while waiting:
                    yield self._noted(waiting.popleft().result())
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
        is_old_mac = b"\r" in self._text.head and b"\n" not in self._text.head
        if is_old_mac:
            self._note("schema", "lines end with a carriage return, as on an old Mac")
        held = b""  # the last block is held back: what is below the rows is found at its end
        line = 1
        for block in self._records(old_mac=is_old_mac):
            if held and len(block) * _TAIL >= self.block_bytes:
                yield from self._work(held, line)
                line += held.count(b"\n")
                held = b""
            held += block
        if held:
            yield from self._work(held, line, is_last=True)
        if self._header is None:
            raise DataError(
                "the file is empty"
                if not self._text.bytes_read
                else "the file has no rows: only blank lines",
                where=self.name,
                mend="name a file that has a header and rows",
            )

    def _records(self, *, old_mac: bool) -> Iterator[bytes]:
        """The text in blocks of whole records."""
        assert self._text is not None
        carry, line = b"", 1
        for chunk in self._text:
            block = carry + (chunk.replace(b"\r", b"\n") if old_mac else chunk)
            end = record_end(block)
            carry = block[end:]
            if len(carry) > LIMIT_RECORD_BYTES:
                raise self._endless(carry, line + block.count(b"\n", 0, end))
            if end:
                line += block.count(b"\n", 0, end)
                yield block[:end]
        if carry:
            self._note("schema", "the last line does not end with a newline: was it cut?")
            yield carry + b"\n"

    def _work(self, block: bytes, line: int, *, is_last: bool = False) -> Iterator[_Work]:
        if self._header is None:
            if not block.strip(b"\r\n"):
                return
            skipped = self._skipped(block, line)
            line += block.count(b"\n", 0, skipped)
            block = block[skipped:]
            self._header = self._read_header(block, line)
            self._header_text = block[: self._header.num_bytes].strip(b"\r\n")
            line += self._header.num_lines
            block = block[self._header.num_bytes :]
            units = self._units(block, line)
            line += block.count(b"\n", 0, units)
            block = block[units:]
        if is_last:
            block = self._without_footer(block, line)
        if block:
            text = self._header_text if self.layout.header else b""
            yield _Work(block, line, self._header, self.name, text)

    def _skipped(self, block: bytes, line: int) -> int:
        """Bytes above the header."""
        said = self.layout.skip_lines
        if said is not None:
            at = 0
            for _ in range(said):
                at = block.find(b"\n", at) + 1 or len(block)
            return at
        if not self.layout.header:
            return 0
        at, _ = find_title(self._sample(block), delimiter=self.delimiter)
        if at:
            text = block[:at].decode(errors="replace").split("\n")[0].strip().strip(",;|\t")
            last = line + block.count(b"\n", 0, at) - 1
            self._leave_out(
                line, last, f"above the header stands {shorten(text, 60)}", "skip_lines: 0"
            )
        return at

    def _units(self, block: bytes, line: int) -> int:
        """Bytes of a row of units below the header."""
        said = self.layout.units_row
        assert self._header is not None
        if said is False or not block.strip(b"\r\n") or not self.layout.header:
            return 0
        rows = rows_of(self._sample(block), delimiter=self._header.delimiter, limit=20)
        if not (said or has_units(rows)):
            return 0
        pairs = zip(self._header.names, rows[0].cells, strict=False)
        told = ", ".join(f"{name} in {unit}" for name, unit in pairs if unit and unit != "-")
        at = line + block.count(b"\n", 0, rows[0].start)
        self._leave_out(
            at, at, f"units stand below the header: {shorten(told, 120)}", "units_row: false"
        )
        return rows[0].end

    def _without_footer(self, block: bytes, line: int) -> bytes:
        """The last block without notes and totals below its rows."""
        assert self._header is not None
        mark, width = self._header.delimiter, self._header.num_fields
        said = self.layout.footer_lines
        if said is not None:
            lines = block.splitlines(keepends=True)
            block = b"".join(lines[: len(lines) - said])
        elif block.strip(b"\r\n"):
            end, notes = find_footer(block, delimiter=mark, width=width)
            if notes:
                at = line + block.count(b"\n", 0, end)
                last = line + block.count(b"\n", 0, notes[-1].start)
                told = f"below the rows stands {shorten(notes[0].filled[0], 60)}"
                self._leave_out(at, last, told, "footer_lines: 0")
                block = block[:end]
        if self.layout.totals_row is False or not block.strip(b"\r\n"):
            return block
        totals = find_totals(block, delimiter=mark, width=width)
        if self.layout.totals_row and totals is None:
            totals = last_record(block, delimiter=mark)
        if totals is None:
            return block
        at = line + block.count(b"\n", 0, totals.start)
        self._refuse_where_rows_count(at, f"this row holds totals ({totals.filled[0]!r})")
        self._leave_out(
            at, at, f"the last row holds totals ({totals.filled[0]!r})", "totals_row: false"
        )
        self.left_out.append((at, "a row of totals"))
        return block[: totals.start]

    def _leave_out(self, first: int, last: int, told: str, keeps: str) -> None:
        """Say which lines are no rows, and how they would be."""
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        self.findings.append(
            finding(
                "schema",
                "warning",
                f"{self.name}: {told}: {lines} left out",
                count=last - first + 1,
                remedy=f"data: {{layout: {{{keeps}}}}} reads it as it stands",
            )
        )

    def _refuse_where_rows_count(self, line: int, told: str) -> None:
        if not self.leaves_out:
            where = f"{self.name}:{line}"
            raise DataError(f"{told}, not an example", where=where, mend="remove the row")

    def _noted(self, rows: _Rows) -> RawBlock:
        """A block, with what was left out of it told."""
        for line in rows.repeated:
            self._refuse_where_rows_count(line, "this row is the header once more")
            self.left_out.append((line, "the header once more"))
        if rows.repeated:
            shown = ", ".join(map(str, rows.repeated[:5]))
            self.findings.append(
                finding(
                    "schema",
                    "warning",
                    f"{self.name}: the header stands once more among the rows: left out, line {shown}",
                    count=len(rows.repeated),
                    remedy="were files put together? Leave out all headers but the first",
                )
            )
        return rows.block

    def _sample(self, block: bytes) -> bytes:
        return block[: record_end(block[:_SAMPLE_BYTES])] or block

    def _read_header(self, block: bytes, line: int) -> Header:
        sample = self._sample(block)
        if fault := invalid_utf8(sample, name=self.name, first_line=line):
            raise DataError.of([fault])
        delimiter = self.delimiter
        if delimiter is None:
            prefer = "\t" if self.name.lower().endswith(".tsv") else ","
            delimiter = find_delimiter(sample, prefer=prefer)
            if delimiter != prefer:
                self._note("schema", f"fields are separated by a {NAMES[delimiter]}")
        mark = delimiter.encode()
        _raise_blemishes(_first_record(sample), mark, self.name, line)
        header = read_header(sample, delimiter=mark)
        rows = sample[header.num_bytes :]
        if not self.layout.header:
            names = tuple(f"column_{at + 1}" for at in range(len(header.names)))
            header, rows = Header(names, mark, 0, 0), sample
        elif holds_values(header.names, rows_of(rows, delimiter=mark, limit=_HEADLESS)):
            self.findings.append(
                finding(
                    "schema",
                    "warning",
                    f"{self.name}: the first line ({', '.join(header.names[:4])} ...) looks like a row,"
                    " and was taken for the header",
                    remedy="data: {layout: {header: false}} calls the columns column_1, column_2 ...",
                )
            )
        header = self._without_trailing(header, rows, line)
        where = f"{self.name}:{line + max(header.num_lines, 1) - 1}"
        if faults := name_faults(header.names, where=where, dropped=self.dropped):
            raise DataError.of(faults)
        self.findings.extend(name_findings(header.names))
        self.names, self.semicolons = header.names, delimiter == ";"
        return header

    def _without_trailing(self, header: Header, rows: bytes, line: int) -> Header:
        """A header whose rows end with a separator has no column there."""
        names = header.names
        named = len(names) > 1 and names[-1] == ""
        width = len(names) + (not named)
        if "" in self.dropped or not ends_empty(rows, delimiter=header.delimiter, width=width):
            return header
        mark = NAMES[header.delimiter.decode()]
        self.findings.append(
            finding(
                "schema",
                "info",
                f"{self.name}: every row ends with a {mark}: no column is made of it",
                remedy=f"remove the {mark} at the end of each line from {line} on",
            )
        )
        kept = names[:-1] if named else names
        return Header(kept, header.delimiter, header.num_bytes, header.num_lines, trailing=True)

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


@dataclass(frozen=True, slots=True)
class _Rows:
    """A parsed block, and the lines on which the header stood once more."""

    block: RawBlock
    repeated: tuple[int, ...] = ()


def _parse(work: _Work) -> _Rows:
    """Check the bytes of a block, and parse them."""
    if fault := invalid_utf8(work.data, name=work.name, first_line=work.first_line):
        raise DataError.of([fault])
    delimiter = work.header.delimiter
    _raise_blemishes(work.data, delimiter, work.name, work.first_line)
    num_columns = work.header.num_fields
    if work.data[:2].strip(b"\r\n") == b"" and not work.data.strip(b"\r\n"):
        empty = pl.DataFrame({str(i): pl.Series([], dtype=pl.String) for i in range(num_columns)})
        return _Rows(_without_last(RawBlock(empty, np.zeros(0, np.int64)), work))
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
    block = RawBlock(frame, work.first_line if keeps_step else _lines_of(work))
    return _without_headers(_without_last(block, work), work)


def _without_last(block: RawBlock, work: _Work) -> RawBlock:
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


def _without_headers(block: RawBlock, work: _Work) -> _Rows:
    """Without rows that are the header once more, as where files were put together."""
    if len(work.header.names) < 2 or not work.text or work.text not in work.data:
        return _Rows(block)
    columns = [block.frame.to_series(at) for at in range(block.frame.width)]
    equal = np.ones(block.frame.height, bool)
    for column, name in zip(columns, work.header.names, strict=True):
        equal &= (column.str.strip_chars() == name).to_numpy()
    rows = np.flatnonzero(equal)
    if not len(rows):
        return _Rows(block)
    lines = block.lines
    if lines is None or isinstance(lines, int):
        lines = np.arange(block.frame.height) + (lines or 0)
    kept = RawBlock(block.frame.filter(pl.Series(~equal)), lines[~equal])
    return _Rows(kept, tuple(lines[rows].tolist()))


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


def _all_ragged(work: _Work, got: int, line: int) -> DataError:
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
