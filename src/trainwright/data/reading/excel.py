"""Excel workbooks: one sheet as a table, read row by row; dates are dates and formulas their stored values.

openpyxl's read-only mode streams: 26 MB whatever the sheet, 150,000 cells a second. calamine (fastexcel,
Polars) is eleven times as fast, but keeps a sheet whole and gives an error such as #DIV/0! as an empty text;
and a 6 KB file with two cells far apart ends the process, because its grid does not fit into memory.

The first row that is not empty names the columns, below those that `layout: {skip_lines: N}` says are none.
A merged cell has its text in its first column only, so merged headers have empty names and are refused. A
workbook is a zip archive of XML: it is refused when it unpacks to more than the limits, or when its XML
declares entities.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, Fault, TrainwrightError, nearest, shorten
from trainwright.data.findings import finding
from trainwright.data.reading.excel_marks import Marks, find_marks
from trainwright.data.reading.hashed import hash_whole
from trainwright.data.reading.header import name_faults, name_findings
from trainwright.data.reading.tables import RawBlock
from trainwright.data.reading.values import Value, series_of

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

LIMIT_RATIO = 200
LIMIT_BYTES = 4 << 30  # of all parts, unpacked; a sheet is read in parts
LIMIT_TEXTS_BYTES = 512 << 20  # of the table of shared texts, which is kept
_FREE_BYTES = 10 << 20
_ROWS = 16_384
_ERRORS = frozenset(
    f"#{name}"
    for name in (
        *("DIV/0!", "N/A", "NAME?", "NULL!", "NUM!", "REF!", "VALUE!"),
        *("GETTING_DATA", "SPILL!", "CALC!", "FIELD!", "BLOCKED!", "CONNECT!", "UNKNOWN!", "BUSY!"),
    )
)
_ROW = tuple[int, list[Value]]  # its number, and its cells


@dataclass(slots=True)
class Workbook:
    """One sheet of a workbook; its rows' numbers stand in for lines.

    Attributes:
        stream: The file, at its start; it can seek.
        name: For messages.
        sheet: The sheet that is read; None for the only one that holds data.
        dropped: Columns that the recipe leaves out; nameless ones may be among them.
        skip_lines: Rows of the sheet above the one that names the columns.
    """

    stream: BinaryIO
    name: str
    sheet: str | None = None
    dropped: tuple[str, ...] = ()
    skip_lines: int = 0
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    left_out: list[tuple[int, str]] = field(default_factory=list)
    sha256: str = ""
    bytes_read: int = 0
    _first: int = 0  # the column that the table begins with
    _errors: dict[str, int] = field(default_factory=dict)

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order, each column with the type of its cells (see `Reader`)."""
        self.sha256, self.bytes_read = hash_whole(self.stream, name=self.name)
        with _faults_of_the_file(self.name):
            _check_archive(self.stream, name=self.name)
            sheet = self._open()
            with sheet._get_source() as part:
                marks = find_marks(part)
            rows = self._below(self._rows(sheet))
            header = next(rows, None)
            if header is None:
                raise self._empty()
            block = list(islice(rows, _ROWS))
            self._take_names(header, block)
            while block:
                yield self._block(block)
                block = list(islice(rows, _ROWS))
        self._tell_errors()
        self._tell_marks(header, marks)

    def _open(self) -> ReadOnlyWorksheet:
        """The sheet that is asked for, or the only visible one that holds data."""
        from openpyxl import load_workbook

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about decoration that it does not keep
            book = load_workbook(self.stream, read_only=True, data_only=True, keep_links=False)
        sheets: dict[str, Any] = {sheet.title: sheet for sheet in book.worksheets}
        for sheet in sheets.values():
            sheet.reset_dimensions()  # what a file says of its size may be wrong
        if self.sheet is not None:
            if self.sheet not in sheets:
                raise self._no_sheet(list(sheets))
            return sheets[self.sheet]
        visible = [name for name, sheet in sheets.items() if sheet.sheet_state == "visible"]
        held = [name for name in visible if next(self._rows(sheets[name]), None)]
        if len(held) > 1:
            listed = ", ".join(shorten(name, 40) for name in held[:8])
            raise DataError(
                f"{len(held)} sheets hold data: {listed}",
                where=self.name,
                mend=f"data: {{sheet: {held[0]}}}",
            )
        if not held:
            raise self._empty()
        self.sheet = held[0]
        return sheets[held[0]]

    def _rows(self, sheet: ReadOnlyWorksheet) -> Iterator[_ROW]:
        """Rows that are not empty, with their numbers (from 1)."""
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            values = [None if value == "" else value for value in cells]
            while values and values[-1] is None:
                values.pop()
            if values:
                yield number, values

    def _below(self, rows: Iterator[_ROW]) -> Iterator[_ROW]:
        """Those below what is passed over."""
        for number, cells in rows:
            if number > self.skip_lines:
                yield number, cells
            else:
                self.left_out.append((number, "above the header, by skip_lines"))

    def _take_names(self, header: _ROW, block: list[_ROW]) -> None:
        """The columns' names; empty columns to the left of the table are no part of it."""
        number, cells = header
        self._first = next(i for i, cell in enumerate(cells) if cell is not None)
        if self._first and any(cell is not None for _, row in block for cell in row[: self._first]):
            self._first = 0
        names = tuple("" if cell is None else str(cell).strip() for cell in cells[self._first :])
        where = self._where(number)
        self._check_width(len(cells), block, where)
        faults = [
            fault
            for fault in name_faults(names, where=where, dropped=self.dropped)
            if not fault.what.startswith("no name")
        ]
        empty = [i + self._first + 1 for i, name in enumerate(names) if not name and i > 0]
        if empty and "" not in self.dropped:
            listed = ", ".join(_letters(position) for position in empty[:8])
            faults.insert(
                0,
                Fault(
                    f"no name for column {listed} in the row that names the columns",
                    where,
                    "unmerge the header's cells and name each column; remove a title above the header",
                ),
            )
        if faults:
            raise DataError.of(faults)
        self.names = names
        self.findings.extend(name_findings(names))

    def _check_width(self, width: int, block: list[_ROW], where: str) -> None:
        """Refuse (DataError) a first row that is narrower than those below: a title, or merged cells."""
        wider = [(number, cells) for number, cells in block if len(cells) > width]
        if len(wider) < max(2, len(block) / 2):
            return
        number, cells = wider[0]
        is_header = all(isinstance(cell, str) for cell in cells)
        raise DataError(
            f"the first row reaches to column {_letters(width)}, and {len(wider)} rows below it to column"
            f" {_letters(len(cells))}: it is a title, or a header with merged cells",
            where=where,
            mend=f"data: {{layout: {{skip_lines: {number - 1}}}}}"
            if is_header
            else "unmerge the header's cells and name each column;"
            " for N rows above the header: data: {layout: {skip_lines: N}}",
        )

    def _block(self, rows: list[_ROW]) -> RawBlock:
        width = len(self.names)
        faults = []
        columns: list[list[Value]] = [[] for _ in range(width)]
        for number, cells in rows:
            beyond = len(cells) - self._first - width
            if beyond > 0 or any(cell is not None for cell in cells[: self._first]):
                at = _letters(len(cells) if beyond > 0 else 1)
                faults.append(
                    Fault(
                        f"a value in column {at}, which has no name",
                        self._where(number),
                        "name the column, or empty the cell",
                    )
                )
                continue
            own = [*cells[self._first :], *[None] * -beyond]
            for column, value in zip(columns, own, strict=True):
                column.append(value)
        if faults:
            raise DataError.of(faults[:10])
        keyed = enumerate(zip(self.names, columns, strict=True))
        frame = pl.DataFrame(
            [series_of(str(i), self._without_errors(key, values)) for i, (key, values) in keyed]
        )
        first, last = rows[0][0], rows[-1][0]
        if last - first + 1 == len(rows):
            return RawBlock(frame, first)
        return RawBlock(frame, np.array([number for number, _ in rows], dtype=np.int64))

    def _without_errors(self, column: str, values: list[Value]) -> list[Value]:
        """With null in place of #DIV/0! and its like."""
        wrong = [i for i, value in enumerate(values) if isinstance(value, str) and value in _ERRORS]
        if wrong:
            self._errors[column] = self._errors.get(column, 0) + len(wrong)
            for i in wrong:
                values[i] = None
        return values

    def _tell_errors(self) -> None:
        for column, count in self._errors.items():
            said = f"{self.name}!{self.sheet}: {count} cells of {shorten(column)} hold an error of Excel's"
            self.findings.append(
                finding(
                    "missing",
                    "warning",
                    f"{said} such as #DIV/0!: taken as missing",
                    column=column,
                    count=count,
                    remedy="mend the formulas in the workbook",
                )
            )

    def _tell_marks(self, header: _ROW, marks: Marks) -> None:
        """Merged cells below the header, and formulas that no spreadsheet has computed."""
        below = [one for one in marks.merged if one.last_row > header[0]]
        if below:
            self.findings.append(
                finding(
                    "missing",
                    "warning",
                    f"{self.name}!{self.sheet}: cells are merged in {len(below)} places, the first"
                    f" {below[0]}: only the first cell of each holds the value, the others are missing",
                    count=len(below),
                    remedy="unmerge them in the workbook, and fill each cell",
                )
            )
        for letters, rows in self._unstored(header, marks):
            name = self.names[rows[0]]
            self.findings.append(
                finding(
                    "missing",
                    "warning",
                    f"{self.name}!{self.sheet}: {len(rows[1])} cells of {shorten(name)} hold a formula whose"
                    f" value was never stored, the first {letters}{rows[1][0]}: taken as missing",
                    column=name,
                    count=len(rows[1]),
                    remedy="open the workbook in a spreadsheet, and save it: that stores what formulas give",
                )
            )

    def _unstored(self, header: _ROW, marks: Marks) -> list[tuple[str, tuple[int, list[int]]]]:
        """By the letters of a column its place among the names, and the rows of formulas without values."""
        places = {_letters(at + self._first + 1): at for at in range(len(self.names))}
        found: dict[str, tuple[int, list[int]]] = {}
        for letters, row in marks.unstored:
            if letters in places and row > header[0]:
                found.setdefault(letters, (places[letters], []))[1].append(row)
        return list(found.items())

    def _where(self, number: int) -> str:
        return f"{self.name}!{self.sheet} row {number}"

    def _no_sheet(self, sheets: list[str]) -> DataError:
        near = nearest(self.sheet or "", sheets)
        listed = ", ".join(shorten(name, 40) for name in sheets[:8])
        return DataError(
            f"there is no sheet {shorten(self.sheet)}; there are {listed}",
            where=self.name,
            mend=f"data: {{sheet: {near or (sheets or ['NAME'])[0]}}}",
        )

    def _empty(self) -> DataError:
        at = self.name if self.sheet is None else f"{self.name}!{self.sheet}"
        return DataError("no sheet holds a row", where=at, mend="name a workbook that has rows")


@contextmanager
def _faults_of_the_file(name: str) -> Iterator[None]:
    """Whatever the parsers raise on a damaged workbook is a fault of the data."""
    try:
        yield
    except (TrainwrightError, MemoryError):
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:120] or type(error).__name__
        raise DataError(
            f"the workbook is damaged or cut, or no .xlsx: {reason}",
            where=name,
            mend="open it in a spreadsheet and save it again as .xlsx, or as CSV",
        ) from error


def _check_archive(stream: BinaryIO, *, name: str) -> None:
    """Refuse (DataError) what would unpack without end, and XML that declares a document type.

    The sizes are those that the archive declares: Python's zipfile gives no byte beyond them.
    """
    archive = zipfile.ZipFile(stream)
    parts = archive.infolist()
    total = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    texts = sum(part.file_size for part in parts if part.filename.endswith("sharedStrings.xml"))
    if (
        total > LIMIT_BYTES
        or texts > LIMIT_TEXTS_BYTES
        or (total > _FREE_BYTES and total > LIMIT_RATIO * packed)
    ):
        raise DataError(
            f"{packed} packed bytes would unpack to {total}, of which {texts} are texts",
            where=name,
            mend="save the sheet as CSV, if you trust the file",
        )
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as opened:
                head = opened.read(2048).replace(b"\0", b"").lower()  # UTF-16 too
            if b"<!doctype" in head or b"<!entity" in head:
                raise DataError(
                    f"the part {shorten(part.filename, 60)} declares a document type",
                    where=name,
                    mend="open it in a spreadsheet and save it again",
                )
    stream.seek(0)


def _letters(position: int) -> str:
    """Column 1 is A, 27 is AA."""
    text = ""
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text
