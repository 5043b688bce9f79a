"""What stands in a text table beside header and rows: titles, units, totals, footnotes, repeated headers.

Each is looked for by its shape (see `shapes`), and left out only where that leaves no doubt: a title is one
field above a full header and rows as wide as it, or several where delimiters stand in it as in prose (", "),
or where no header could be so short; units are units, and stand above numbers; a footnote is a sentence below
the last row; totals call themselves so. What is left out is told with its line, and `data: {layout: ...}`
decides where a file is meant otherwise. Only the first 256 KiB and the last block of a file are looked at.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainwright.data.reading import shapes
from trainwright.data.reading.header import DELIMITERS
from trainwright.data.reading.scanning import count_fields
from trainwright.data.reading.shapes import MOST_FOOTERS, MOST_TITLES, MOST_TOTALS, TELLING


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a sample.

    Attributes:
        start: Its first byte.
        end: Past its last.
        cells: Its fields, stripped.
    """

    start: int
    end: int
    cells: tuple[str, ...]

    @property
    def filled(self) -> list[str]:
        """The fields that are not empty."""
        return [cell for cell in self.cells if cell]


def find_title(sample: bytes, *, delimiter: str | None) -> tuple[int, str | None]:
    """Bytes above the header, and the delimiter by which that is so; (0, None) where there is no title.

    Args:
        sample: Whole records from the start of the file.
        delimiter: As the recipe says, or None to try them all.
    """
    for mark in DELIMITERS if delimiter is None else (delimiter,):
        counts, starts = count_fields(sample, delimiter=mark.encode())
        if len(counts) < TELLING + 2:
            continue
        width = Counter(counts.tolist()).most_common(1)[0][0]
        first = int(np.argmax(counts == width))
        records = list(_records(sample, mark, counts, starts, limit=MOST_TITLES + TELLING + 1))
        if first == 0 and width >= TELLING:  # a title may be padded with delimiters
            first = next(
                (at for at, record in enumerate(records) if len(record.filled) > 1), len(records)
            )
        if first == 0 and _is_prose_above(records, sample, mark):
            first = 1
        body = counts[first:]
        if not 0 < first <= MOST_TITLES or width < 2 or np.mean(body == width) < 0.8:
            continue
        above, rest = records[:first], records[first : first + TELLING + 1]
        plain = not _is_prose(rest[0], sample, mark) if rest else False
        alone = all(
            len(record.filled) == 1
            or (plain and _is_prose(record, sample, mark))
            or len(record.cells) < width - (len(above) == 1)
            for record in above
        )
        even = len(rest) > TELLING and all(len(record.cells) == width for record in rest)
        if (
            alone
            and even
            and shapes.are_names(rest[0].cells)
            and any(shapes.has_value(record.cells) for record in rest[1:])
        ):
            return rest[0].start, mark
    return 0, None


def _is_prose_above(records: Sequence[Record], sample: bytes, mark: str) -> bool:
    """Is the first record a title as wide as the header that stands below it?"""
    if len(records) < TELLING:
        return False
    title, header = records[:2]
    if _is_prose(header, sample, mark) or not _is_prose(title, sample, mark):
        return False
    return shapes.are_names(header.cells) and not shapes.are_names(title.cells)


def _is_prose(record: Record, sample: bytes, mark: str) -> bool:
    """Does a blank follow every delimiter, as in a sentence?"""
    text = sample[record.start : record.end].strip()
    return 0 < text.count(mark.encode()) == text.count(f"{mark} ".encode())


def has_units(rows: Sequence[Record]) -> bool:
    """Is the first of these records a row of units? The others are the rows below."""
    return shapes.has_units([row.cells for row in rows])


def holds_values(names: Sequence[str], rows: Sequence[Record]) -> bool:
    """Do the names of the columns look like a row? See `shapes.holds_values`."""
    return shapes.holds_values(names, [row.cells for row in rows])


def rows_of(sample: bytes, *, delimiter: bytes, limit: int) -> list[Record]:
    """The first records of a sample that begins with one."""
    counts, starts = count_fields(sample, delimiter=delimiter)
    return list(_records(sample, delimiter.decode(), counts, starts, limit=limit))


def find_footer(data: bytes, *, delimiter: bytes, width: int) -> tuple[int, list[Record]]:
    """Where the rows end, and the records of notes below them.

    Args:
        data: The last block, whole records.
        delimiter: Of fields.
        width: Fields of a row.
    """
    counts, starts = count_fields(data, delimiter=delimiter)
    tail = max(len(counts) - MOST_FOOTERS - 1, 0)
    records = list(
        _records(data, delimiter.decode(), counts[tail:], starts[tail:], limit=MOST_FOOTERS + 1)
    )
    notes: list[Record] = []
    while len(records) > 1 and width > 1 and _is_note(records[-1], width):
        notes.insert(0, records.pop())
    end = notes[0].start if notes else len(data)
    return end, notes


def find_totals(data: bytes, *, delimiter: bytes, width: int) -> list[Record]:
    """The last records of a block, as far as they hold totals: a sum, and an average below it."""
    counts, starts = count_fields(data, delimiter=delimiter)
    tail = max(len(counts) - MOST_TOTALS, TELLING)
    records = _records(data, delimiter.decode(), counts[tail:], starts[tail:], limit=MOST_TOTALS)
    totals: list[Record] = []
    for record in reversed(records):
        if len(record.cells) != width or not shapes.is_total(record.cells):
            break
        totals.insert(0, record)
    return totals


def last_record(data: bytes, *, delimiter: bytes) -> Record:
    """The last record of a block that has one."""
    counts, starts = count_fields(data, delimiter=delimiter)
    return next(iter(_records(data, delimiter.decode(), counts[-1:], starts[-1:], limit=1)))


def ends_empty(sample: bytes, *, delimiter: bytes, width: int) -> bool:
    """Do all rows of the sample have one field more than the header, or as many, the last one empty?"""
    rows = [row.rstrip(b"\r") for row in sample.split(b"\n") if row.rstrip(b"\r")]
    counts, _ = count_fields(sample, delimiter=delimiter)
    return (
        bool(len(rows))
        and bool((counts == width).all())
        and all(row.endswith(delimiter) for row in rows)
    )


def _records(
    sample: bytes, delimiter: str, counts: np.ndarray, starts: np.ndarray, *, limit: int
) -> Sequence[Record]:
    found = []
    for at in range(min(len(counts), limit)):
        start = int(starts[at])
        end = int(starts[at + 1]) if at + 1 < len(starts) else len(sample)
        text = sample[start:end].decode(errors="replace")
        try:
            row = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            row = text.split(delimiter)
        found.append(Record(start, end, tuple(cell.strip() for cell in row)))
    return found


def _is_note(record: Record, width: int) -> bool:
    if len(record.filled) != 1 or (len(record.cells) != 1 and len(record.cells) != width):
        return False
    text = record.filled[0]
    if shapes.is_number(text) or not record.cells[0]:
        return False
    if len(record.cells) == 1 and width > 1:
        return shapes.opens_as_note(text) or len(text.split()) >= TELLING
    return width >= TELLING and shapes.opens_as_note(text)
