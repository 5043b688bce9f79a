"""CSV and TSV: every byte is checked by us and parsed by pyarrow, block by block.

A block is cut at the end of a record, so it can be checked and parsed by itself. pyarrow finds rows
of the wrong length; what it takes silently (a quote that is never closed, a carriage return as a
line end, bytes that are no UTF-8) our scans find first. Two blocks are worked on at a time, and
the next is read meanwhile; their order is kept. Cost: memory is the text of the rows, once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import BinaryIO

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, shorten
from trainwright.core.threads import num_threads, thread_pool
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
from trainwright.data.reading.opening import check_no_json, check_text
from trainwright.data.reading.records import Rows, Work, parse_records, raise_blemishes
from trainwright.data.reading.scanning import count_newlines, record_end, whole_records
from trainwright.data.reading.tables import RawBlock
from trainwright.recipe.layout import LayoutSettings

LIMIT_RECORD_BYTES = 64 << 20
_SAMPLE_BYTES = 1 << 18
_HEADLESS = 50  # rows that tell whether the header is one of them
_TAIL = 128  # a last block shorter than this part of a block is read with the one before


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
        left_out: Lines that are no rows, each with what it is; known at the end. Blank ones are not told.
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
        ahead = num_threads() if num_threads() > 1 else 0
        with thread_pool() as pool:
            waiting: deque[Future[Rows]] = deque()
            try:
                for work in self._works():
                    waiting.append(pool.submit(parse_records, work))
                    del work  # its bytes, before more are read; so do those below
                    if len(waiting) > ahead:
                        yield self._noted(waiting.popleft().result())
                while waiting:
                    yield self._noted(waiting.popleft().result())
            finally:
                for future in waiting:
                    future.cancel()

    def _works(self) -> Iterator[Work]:
        """Blocks of whole records."""
        self._text = Utf8Blocks(
            self.stream, name=self.name, encoding=self.encoding, block_bytes=self.block_bytes
        )
        if not self._text.encoding.startswith("utf-16"):
            check_text(self._text.head, name=self.name)
            check_no_json(self._text.head, name=self.name)
        if self._text.encoding != "utf-8" and self.encoding is None:
            self._note("encoding", f"read as {self._text.encoding}")
        is_old_mac = b"\r" in self._text.head and b"\n" not in self._text.head
        if is_old_mac:
            self._note("schema", "lines end with a carriage return, as on an old Mac")
        held = b""  # the last block is held back: what is below the rows is found at its end
        first_line = next_line = 1
        for block, num_lines in self._records(old_mac=is_old_mac):
            if held and len(block) * _TAIL >= self.block_bytes:
                yield from self._work(held, first_line, next_line)
                held, first_line = b"", next_line
            held += block
            next_line += num_lines
        if held:
            yield from self._work(held, first_line, next_line, is_last=True)
        if self._header is None:
            raise DataError(
                "the file is empty"
                if not self._text.bytes_read
                else "the file has no rows: only blank lines",
                where=self.name,
                mend="name a file that has a header and rows",
            )

    def _records(self, *, old_mac: bool) -> Iterator[tuple[bytes, int]]:
        """The text in blocks of whole records, each with the number of its lines."""
        assert self._text is not None
        carry, line = b"", 1
        for chunk in self._text:
            text = chunk.replace(b"\r", b"\n") if old_mac else chunk
            block, carry = whole_records(carry, text)
            del chunk, text
            if len(carry) > LIMIT_RECORD_BYTES:
                raise self._endless(carry, line + count_newlines(block))
            if block:
                num_lines = count_newlines(block)
                line += num_lines
                yield block, num_lines
        if carry:
            self._note("schema", "the last line does not end with a newline: was it cut?")
            yield carry + b"\n", carry.count(b"\n") + 1

    def _work(
        self, block: bytes, line: int, next_line: int, *, is_last: bool = False
    ) -> Iterator[Work]:
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
            rows = self._without_footer(block, line)
            next_line -= block.count(b"\n", len(rows))
            block = rows
        if block:
            text = self._header_text if self.layout.header else b""
            yield Work(block, line, next_line - line, self._header, self.name, text)

    def _skipped(self, block: bytes, line: int) -> int:
        """Bytes above the header."""
        said = self.layout.skip_lines
        if said is not None:
            at = 0
            for _ in range(said):
                at = block.find(b"\n", at) + 1 or len(block)
            self._note_lines(block[:at], line, "above the header, by skip_lines")
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
            self._note_lines(block[:at], line, "a title above the header")
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
        self.left_out.append((at, "units below the header"))
        return rows[0].end

    def _without_footer(self, block: bytes, line: int) -> bytes:
        """The last block without notes and totals below its rows."""
        assert self._header is not None
        mark, width = self._header.delimiter, self._header.num_fields
        said = self.layout.footer_lines
        if said is not None:
            lines = block.splitlines(keepends=True)
            kept = len(lines) - said
            below = line + kept
            self._note_lines(b"".join(lines[kept:]), below, "below the rows, by footer_lines")
            block = b"".join(lines[:kept])
        elif block.strip(b"\r\n"):
            end, notes = find_footer(block, delimiter=mark, width=width)
            if notes:
                at = line + block.count(b"\n", 0, end)
                last = line + block.count(b"\n", 0, notes[-1].start)
                told = f"below the rows stands {shorten(notes[0].filled[0], 60)}"
                self._leave_out(at, last, told, "footer_lines: 0")
                self._note_lines(block[end:], at, "a note below the rows")
                block = block[:end]
        if self.layout.totals_row is False or not block.strip(b"\r\n"):
            return block
        totals = find_totals(block, delimiter=mark, width=width)
        if self.layout.totals_row and not totals:
            totals = [last_record(block, delimiter=mark)]
        for record in reversed(totals):
            at = line + block.count(b"\n", 0, record.start)
            label = next(iter(record.filled), "")
            self._refuse_where_rows_count(at, f"this row holds totals ({label!r})")
            self._leave_out(at, at, f"the last row holds totals ({label!r})", "totals_row: false")
            self.left_out.append((at, "a row of totals"))
        return block[: totals[0].start] if totals else block

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

    def _note_lines(self, text: bytes, first: int, what: str) -> None:
        """Each line that is not blank, for the ledger."""
        for number, one in enumerate(text.splitlines(), start=first):
            if one.strip():
                self.left_out.append((number, what))

    def _refuse_where_rows_count(self, line: int, told: str) -> None:
        if not self.leaves_out:
            where = f"{self.name}:{line}"
            raise DataError(f"{told}, not an example", where=where, mend="remove the row")

    def _noted(self, rows: Rows) -> RawBlock:
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
        raise_blemishes(_first_record(sample), mark, self.name, line)
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
