"""Excel workbooks: one sheet as a table, read row by row; dates are dates and formulas their stored values.

openpyxl's read-only mode streams: 26 MB whatever the sheet, 150,000 cells a second. calamine (fastexcel,
Polars) is eleven times as fast, but keeps a sheet whole and gives an error such as #DIV/0! as an empty text;
and a 6 KB file with two cells far apart ends the process, because its grid does not fit into memory.

The first row that is not empty names the columns, below a title (see `excel_layout`). A merged cell has its
text in its first column only, so merged headers have empty names and are refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, Fault, nearest, shorten
from trainwright.data.findings import finding
from trainwright.data.reading import shapes
from trainwright.data.reading.excel_archive import check_archive, faults_of_the_file
from trainwright.data.reading.excel_formats import ShownNumbers, mask_of
from trainwright.data.reading.excel_layout import SheetLayout
from trainwright.data.reading.excel_marks import Marks, find_marks
from trainwright.data.reading.excel_rows import Row, cells_of, in_blocks, letters_of
from trainwright.data.reading.hashed import hash_whole
from trainwright.data.reading.header import name_faults, name_findings
from trainwright.data.reading.tables import RawBlock
from trainwright.data.reading.values import Value, series_of
from trainwright.data.types.case import yaml_word
from trainwright.recipe.layout import LayoutSettings

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_ROWS = 16_384
_HEADLESS = 50  # rows that tell whether the header is one of them
_ERRORS = frozenset(
    f"#{name}"
    for name in (
        *("DIV/0!", "N/A", "NAME?", "NULL!", "NUM!", "REF!", "VALUE!"),
        *("GETTING_DATA", "SPILL!", "CALC!", "FIELD!", "BLOCKED!", "CONNECT!", "UNKNOWN!", "BUSY!"),
    )
)


@dataclass(slots=True)
class Workbook:
    """One sheet of a workbook; its rows' numbers stand in for lines.

    Attributes:
        stream: The file, at its start; it can seek.
        name: For messages.
        sheet: The sheet that is read; None for the only one that holds data.
        dropped: Columns that the recipe leaves out; nameless ones may be among them.
        layout: What the recipe says of titles, units, totals and footnotes.
        leaves_out: Rows of totals and repeated headers are left out; otherwise they are refused.
    """

    stream: BinaryIO
    name: str
    sheet: str | None = None
    dropped: tuple[str, ...] = ()
    layout: LayoutSettings = LayoutSettings()  # noqa: RUF009 - frozen
    leaves_out: bool = True
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    left_out: list[tuple[int, str]] = field(default_factory=list)
    sha256: str = ""
    bytes_read: int = 0
    _first: int = 0  # the column that the table begins with
    _errors: dict[str, int] = field(default_factory=dict)
    _shown: ShownNumbers = field(default_factory=ShownNumbers)

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order, each column with the type of its cells (see `Reader`)."""
        self.sha256, self.bytes_read = hash_whole(self.stream, name=self.name)
        with faults_of_the_file(self.name):
            check_archive(self.stream, name=self.name)
            sheet = self._open()
            with sheet._get_source() as part:
                marks = find_marks(part)
            layout = self._layout(marks)
            self._shown = ShownNumbers()  # without those of the look for the sheet
            header = None
            for block, is_last in in_blocks(
                layout.skipped(self._rows(sheet)), size=_ROWS, tail=layout.tail
            ):
                rows = block
                if header is None:
                    header, rows = self._take_header(rows, layout)
                if is_last:
                    rows = layout.above_footer(rows, first=self._first, width=len(self.names))
                rows = layout.without_headers(rows, header[1])
                if rows:
                    yield self._block(rows)
        layout.tell_repeated()
        self._tell_errors()
        self._tell_shown()
        self._tell_marks(header or (0, []), marks)

    def _layout(self, marks: Marks) -> SheetLayout:
        """What tells rows from what stands beside them; it shares our findings."""
        return SheetLayout(
            self.layout,
            f"{self.name}!{self.sheet}",
            self.leaves_out,
            marks,
            self.findings,
            self.left_out,
        )

    def _take_header(self, block: list[Row], layout: SheetLayout) -> tuple[Row, list[Row]]:
        """The row that names the columns, and those below it and its units."""
        if not block:
            raise self._empty()
        if not self.layout.header:
            width = max(len(cells) for _, cells in block)
            self._first = min(
                next(i for i, cell in enumerate(cells) if cell is not None) for _, cells in block
            )
            self.names = tuple(f"column_{at + 1}" for at in range(width - self._first))
            return (block[0][0] - 1, []), block
        header, *rows = layout.below_title(block)
        self._take_names(header, rows)
        return header, layout.below_units(rows, self.names, self._first)

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

    def _rows(self, sheet: ReadOnlyWorksheet) -> Iterator[Row]:
        """Rows that are not empty, with their numbers (from 1)."""
        for number, cells in enumerate(self._cells(sheet), start=1):
            values = [
                None if isinstance(value, str) and (not value or value.isspace()) else value
                for value in cells
            ]
            while values and values[-1] is None:
                values.pop()
            if values:
                yield number, values

    def _cells(self, sheet: ReadOnlyWorksheet) -> Iterator[Iterable[Value]]:
        """The values of every row; numbers that the workbook shows with zeros before them as shown."""
        if not any(map(mask_of, sheet.parent._number_formats)):
            yield from sheet.iter_rows(values_only=True)
            return
        for row in sheet.iter_rows():
            yield [
                self._shown.read(cell.value, cell.number_format, at) for at, cell in enumerate(row)
            ]

    def _take_names(self, header: Row, block: list[Row]) -> None:
        """The columns' names; empty columns to the left of the table are no part of it."""
        number, cells = header
        self._first = next(i for i, cell in enumerate(cells) if cell is not None)
        if self._first and any(_is_left_of(self._first, row) for _, row in block):
            self._first = 0
        names = tuple("" if cell is None else str(cell).strip() for cell in cells[self._first :])
        where = self._where(number)
        self._check_width(cells, block, where)
        faults = [
            fault
            for fault in name_faults(names, where=where, dropped=self.dropped)
            if not fault.what.startswith("no name")
        ]
        empty = [i + self._first + 1 for i, name in enumerate(names) if not name and i > 0]
        if empty and "" not in self.dropped:
            listed = ", ".join(letters_of(position) for position in empty[:8])
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
        sample = [
            cells_of(row, first=self._first, width=len(names)) for _, row in block[:_HEADLESS]
        ]
        if shapes.holds_values(names, sample):
            self.findings.append(
                finding(
                    "schema",
                    "warning",
                    f"{self.name}!{self.sheet}: the first row ({', '.join(names[:4])} ...) looks like one"
                    " of values, and was taken for the header",
                    remedy="data: {layout: {header: false}} calls the columns column_1, column_2 ...",
                )
            )

    def _check_width(self, header: list[Value], block: list[Row], where: str) -> None:
        """Refuse (DataError) a first row that is narrower than those below: a title, or merged cells."""
        width = len(header)
        wider = [(number, cells) for number, cells in block if len(cells) > width]
        if len(wider) < max(2, len(block) / 2):
            return
        number, cells = wider[0]
        is_title = sum(cell is not None for cell in header) == 1
        is_header = all(isinstance(cell, str) for cell in cells)
        raise DataError(
            f"the first row reaches to column {letters_of(width)}, and {len(wider)} rows below it to column"
            f" {letters_of(len(cells))}: it is a title, or a header with merged cells",
            where=where,
            mend=f"data: {{layout: {{skip_lines: {number - 1}}}}}"
            if is_header or is_title
            else "unmerge the header's cells and name each column;"
            " for N rows above the header: data: {layout: {skip_lines: N}}",
        )

    def _block(self, rows: list[Row]) -> RawBlock:
        width = len(self.names)
        faults = []
        columns: list[list[Value]] = [[] for _ in range(width)]
        for number, cells in rows:
            beyond = len(cells) - self._first - width
            if beyond > 0 or any(cell is not None for cell in cells[: self._first]):
                at = letters_of(len(cells) if beyond > 0 else 1)
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

    def _tell_shown(self) -> None:
        for at, (number, text) in self._shown.first.items():
            name = next(iter(self.names[at - self._first :]), "") if at >= self._first else ""
            self.findings.append(
                finding(
                    "type",
                    "info",
                    f"{self.name}!{self.sheet}: {self._shown.counts[at]} numbers of {shorten(name)} are shown"
                    f" in the form of a code ({number} as {text}): read as they are shown",
                    column=name,
                    count=self._shown.counts[at],
                    remedy=f"data: {{columns: {{{yaml_word(name)}: number}}}} where they are numbers"
                    if text.isdigit()
                    else "give the column the format General in the workbook where they are numbers",
                )
            )

    def _tell_marks(self, header: Row, marks: Marks) -> None:
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
        among = sorted(marks.sums - {number for number, _ in self.left_out})
        among = [number for number in among if number > header[0]]
        if among:
            self.findings.append(
                finding(
                    "schema",
                    "warning",
                    f"{self.name}!{self.sheet}: {len(among)} rows among the others add up the rows above"
                    f" them, the first is row {among[0]}: totals of parts are no examples",
                    count=len(among),
                    remedy="remove these rows in the workbook; a table of totals has a sheet of its own",
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

    def _unstored(self, header: Row, marks: Marks) -> list[tuple[str, tuple[int, list[int]]]]:
        """By the letters of a column its place among the names, and the rows of formulas without values."""
        places = {letters_of(at + self._first + 1): at for at in range(len(self.names))}
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


def _is_left_of(first: int, cells: list[Value]) -> bool:
    """Does the row begin left of that column, and is no note there?"""
    filled = [at for at, cell in enumerate(cells) if cell is not None]
    return filled[0] < first and (len(filled) > 1 or not isinstance(cells[filled[0]], str))
