"""What stands in a sheet beside header and rows: a title, units, totals, footnotes, the header once more.

The shapes are those of text tables (`shapes`), and so are settings, findings and the ledger's lines. A
sheet tells more, and other things: a cell has a type, so that a header is text above values; an empty row
parts what lies below the table from it; a sum is a formula over the rows above. It cannot say that a row
ends early, so a lone text in the last rows is a note only behind an empty row, or where it reads as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, shorten
from trainwright.data.findings import finding
from trainwright.data.reading import shapes
from trainwright.data.reading.excel_marks import Marks
from trainwright.data.reading.excel_rows import Row, cells_of
from trainwright.data.reading.shapes import MOST_FOOTERS, MOST_TITLES, MOST_TOTALS, TELLING
from trainwright.data.reading.values import Value
from trainwright.recipe.layout import LayoutSettings

_LOOKED_AT = 200  # rows that tell what the first ones are


@dataclass(slots=True)
class SheetLayout:
    """The layout of one sheet: what is no row is taken off, noted and told.

    Attributes:
        said: What the recipe says of it.
        place: File and sheet, for messages.
        leaves_out: Rows of totals and repeated headers are left out; otherwise they are refused.
        marks: What the sheet's XML says besides.
        left_out: Rows of the sheet that are none of the table, each with what it is.
    """

    said: LayoutSettings
    place: str
    leaves_out: bool
    marks: Marks
    findings: list[Finding] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)
    _repeated: list[int] = field(default_factory=list)

    @property
    def tail(self) -> int:
        """How many of the last rows have to be seen at once."""
        return max(MOST_FOOTERS + MOST_TOTALS + TELLING, (self.said.footer_lines or 0) + 1)

    def skipped(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Those below what the recipe passes over."""
        for number, cells in rows:
            if number > (self.said.skip_lines or 0):
                yield number, cells
            else:
                self.left_out.append((number, "above the header, by skip_lines"))

    def below_title(self, rows: list[Row]) -> list[Row]:
        """The rows from the header on."""
        if self.said.skip_lines is not None or not self.said.header:
            return rows
        num_titles = _num_titles(rows[:_LOOKED_AT])
        if num_titles:
            titles = rows[:num_titles]
            text = next(filter(None, cells_of(titles[0][1])))
            told = f"above the header stands {shorten(text, 60)}"
            self._leave_out(titles[0][0], titles[-1][0], told, "skip_lines: 0")
            self.left_out += [(number, "a title above the header") for number, _ in titles]
        return rows[num_titles:]

    def below_units(self, rows: list[Row], names: Sequence[str], first: int) -> list[Row]:
        """The rows without one of units below the header; `first` is the column of the first name."""
        said = self.said.units_row
        if said is False or not rows or not self.said.header:
            return rows
        sample = [cells_of(cells, first=first, width=len(names)) for _, cells in rows[:20]]
        if not (said or shapes.has_units(sample)):
            return rows
        pairs = zip(names, sample[0], strict=False)
        told = ", ".join(f"{name} in {unit}" for name, unit in pairs if unit and unit != "-")
        number = rows[0][0]
        said_so = f"units stand below the header: {shorten(told, 120)}"
        self._leave_out(number, number, said_so, "units_row: false")
        self.left_out.append((number, "units below the header"))
        return rows[1:]

    def above_footer(self, rows: list[Row], *, first: int, width: int) -> list[Row]:
        """The last rows without notes and totals below them."""
        rows = self._above_notes(rows, first, width)
        if self.said.totals_row is False:
            return rows
        num_totals = self._num_totals(rows)
        if self.said.totals_row and rows and not num_totals:
            num_totals = 1
        kept = len(rows) - num_totals
        for number, cells in reversed(rows[kept:]):
            label = next(filter(None, cells_of(cells)))
            self._refuse_where_rows_count(number, f"this row holds totals ({label!r})")
            told = f"the last row holds totals ({label!r})"
            self._leave_out(number, number, told, "totals_row: false")
            self.left_out.append((number, "a row of totals"))
        return rows[:kept]

    def without_headers(self, rows: list[Row], header: Sequence[Value]) -> list[Row]:
        """The rows without those that are the header once more."""
        if not self.said.header or len(header) < 2:
            return rows
        repeated = [number for number, cells in rows if cells == header]
        if not repeated:
            return rows
        self._refuse_where_rows_count(repeated[0], "this row is the header once more")
        self._repeated += repeated
        return [row for row in rows if row[1] != header]

    def tell_repeated(self) -> None:
        """One finding for all headers that stood among the rows."""
        rows = self._repeated
        if not rows:
            return
        self.left_out += [(number, "the header once more") for number in rows]
        shown = ", ".join(map(str, rows[:5]))
        self.findings.append(
            finding(
                "schema",
                "warning",
                f"{self.place}: the header stands once more among the rows: left out, row {shown}",
                count=len(rows),
                remedy="were sheets put together? Leave out all headers but the first",
            )
        )

    def _above_notes(self, rows: list[Row], first: int, width: int) -> list[Row]:
        said = self.said.footer_lines
        if said is not None:
            last = rows[-1][0] - said if rows else 0
            below = [number for number, _ in rows if number > last]
            self.left_out += [(number, "below the rows, by footer_lines") for number in below]
            return rows[: len(rows) - len(below)]
        num_notes = _num_notes(rows, first, width)
        if num_notes:
            notes = rows[-num_notes:]
            text = next(filter(None, cells_of(notes[0][1])))
            told = f"below the rows stands {shorten(text, 60)}"
            self._leave_out(notes[0][0], notes[-1][0], told, "footer_lines: 0")
            self.left_out += [(number, "a note below the rows") for number, _ in notes]
        return rows[: len(rows) - num_notes]

    def _num_totals(self, rows: Sequence[Row]) -> int:
        """How many of the last rows hold totals."""
        count = 0
        while count < min(MOST_TOTALS, len(rows) - TELLING) and self._is_total(rows[-1 - count]):
            count += 1
        is_sum = len(rows) > count + 1 and rows[-2 - count][0] in self.marks.sums
        return 0 if is_sum else count  # sums in every row are a column of their own

    def _is_total(self, row: Row) -> bool:
        number, values = row
        cells = [cell for cell in cells_of(values) if cell]
        if number in self.marks.sums:
            return sum(isinstance(value, str) for value in values) <= 1
        unstored = len(cells) == 1 and any(at == number for _, at in self.marks.unstored)
        return shapes.is_total(cells) or (unstored and shapes.is_total_label(cells[0]))

    def _refuse_where_rows_count(self, number: int, told: str) -> None:
        if not self.leaves_out:
            where = f"{self.place} row {number}"
            raise DataError(f"{told}, not an example", where=where, mend="remove the row")

    def _leave_out(self, first: int, last: int, told: str, keeps: str) -> None:
        """Say which rows of the sheet are none of the table, and how they would be."""
        rows = f"row {first}" if first == last else f"rows {first} to {last}"
        self.findings.append(
            finding(
                "schema",
                "warning",
                f"{self.place}: {told}: {rows} left out",
                count=last - first + 1,
                remedy=f"data: {{layout: {{{keeps}}}}} reads it as it stands",
            )
        )


def _num_titles(rows: Sequence[Row]) -> int:
    """How many of the first rows stand above the header; 0 where the first one may be the header."""
    for at in range(1, min(MOST_TITLES, len(rows) - TELLING) + 1):
        above, header, below = rows[:at], rows[at][1], [cells for _, cells in rows[at + 1 :]]
        first = next(i for i, cell in enumerate(header) if cell is not None)
        is_wide = sum(cell is not None for cell in header) > 1
        alone = all(_is_narrow(cells, len(header), alone=at == 1) for _, cells in above)
        if is_wide and alone and _is_above_values(header, below, first):
            return at
    return 0


def _is_narrow(cells: Sequence[Value], width: int, *, alone: bool) -> bool:
    """One filled cell; or some without gaps, too few to name the columns."""
    filled = [i for i, cell in enumerate(cells) if cell is not None]
    if len(filled) == 1:
        return True
    has_gaps = filled[-1] - filled[0] >= len(filled)
    return not has_gaps and len(cells) < width - alone


def _is_above_values(header: Sequence[Value], below: Sequence[list[Value]], first: int) -> bool:
    """Is it a row of names, and are the cells below one of them values, as it is none?"""
    if not all(cell is None or isinstance(cell, str) for cell in header):
        return False
    if not shapes.are_names(cells_of(header, first=first)):
        return False
    if sum(len(cells) > len(header) for cells in below) * 2 > len(below):
        return False
    for at, name in enumerate(header):
        cells = [row[at] for row in below if at < len(row) and row[at] is not None]
        values = sum(not isinstance(cell, str) or shapes.has_value([cell]) for cell in cells)
        if name is not None and len(cells) >= TELLING and values >= 0.9 * len(cells):
            return True
    return False


def _num_notes(rows: Sequence[Row], first: int, width: int) -> int:
    """How many of the last rows are notes: lone texts at the left, parted from the rows or read as notes."""
    num_notes = 0
    for back in range(1, min(MOST_FOOTERS, len(rows) - 1) + 1):
        number, values = rows[-back]
        text = values[-1]
        is_lone = len(values) <= first + 1 and not any(v is not None for v in values[:-1])
        if width < 2 or not is_lone or not isinstance(text, str) or shapes.is_number(text.strip()):
            break
        num_words = len(text.split())
        parted = number - rows[-back - 1][0] > 1
        reads_so = shapes.opens_as_note(text.strip()) and (width >= TELLING or num_words >= TELLING)
        is_sentence = num_words >= TELLING and text.rstrip().endswith((".", ":", ")"))
        if reads_so or is_sentence or (parted and (width >= TELLING or num_words >= TELLING)):
            num_notes = back
    return num_notes
