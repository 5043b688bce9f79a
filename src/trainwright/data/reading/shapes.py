"""What a row of a table is by the shape of its cells: names, units, values, totals, a note.

The same rules for lines of text and for rows of a sheet; who reads them says where a row begins. A rule
takes a row for something else than values only where that leaves no doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from trainwright.data.types.units import UNITS, as_unit

MOST_TITLES = 10
MOST_FOOTERS = 20
MOST_TOTALS = 5  # one below the other
TELLING = 3  # rows that make a table
_NUMBER = re.compile(r"\(?[-+]?[$€£¥]?\s?\d[\d.,'  ]*([eE][+-]?\d+)?\s?[%$€£¥]?\)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}\S*)?")
_TOTAL = re.compile(
    r"(grand |sub)?totals?\b.{0,20}|(overall )?sum\b.{0,12}|summe|gesamt|insgesamt|average|mean",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(\*|#|†|©|\(c\)|(note|source|quelle|copyright|generated|exported|created|last updated|footnote|remark|"
    r"end of|as of|prepared|printed|report|reported)s?\b)",
    re.IGNORECASE,
)
_Cells = Sequence[str]  # stripped; an empty one is ""


def is_number(cell: str) -> bool:
    """Does the cell hold a number, maybe with a currency or per cent?"""
    return _NUMBER.fullmatch(cell) is not None


def has_value(cells: _Cells) -> bool:
    """Does a cell hold a number, or a day?"""
    return any(is_number(cell) or _DAY.fullmatch(cell) for cell in cells)


def are_names(cells: _Cells) -> bool:
    """Are all cells but one at most filled with different words, none of them a number?"""
    filled = [cell for cell in cells if cell]
    named = len(filled) >= len(cells) - 1 and len(set(filled)) == len(filled)
    return named and not any(map(is_number, filled))


def has_units(rows: Sequence[_Cells]) -> bool:
    """Is the first of these rows one of units? The others are the rows below."""
    if len(rows) <= TELLING:
        return False
    units, *below = rows
    known = [at for at, cell in enumerate(units) if _is_unit(cell)]
    plain = [cell for at, cell in enumerate(units) if at not in known and cell not in ("", "-")]
    if not known or plain:
        return False
    return all(
        at < len(row) and (not row[at] or is_number(row[at])) for row in below for at in known
    )


def holds_values(names: _Cells, rows: Sequence[_Cells]) -> bool:
    """Do the names of the columns look like a row: numbers above numbers, words that occur below?"""
    if len(rows) < TELLING or len(names) < 2:
        return False
    below = [[row[at] for row in rows if at < len(row)] for at in range(len(names))]
    told = [is_number(name) for name in names]
    numbers = [sum(map(is_number, cells)) >= 0.8 * len(cells) and bool(cells) for cells in below]
    if not any(told) or all(told) or told != numbers:
        return False
    words = [name in cells for name, cells, n in zip(names, below, told, strict=True) if not n]
    return not words or any(words)


def opens_as_note(text: str) -> bool:
    """Does a text begin as notes do: with a star, with "Source"?"""
    return _NOTE.match(text) is not None


def is_total(cells: _Cells) -> bool:
    """Does the row call itself totals, and hold nothing but numbers besides?"""
    label, *others = [cell for cell in cells if cell] or [""]
    return bool(others) and all(map(is_number, others)) and is_total_label(label)


def is_total_label(text: str) -> bool:
    """Is a text what totals are called?"""
    return _TOTAL.fullmatch(text) is not None


def _is_unit(cell: str) -> bool:
    bare = re.fullmatch(r"[\[(](.{1,15})[\])]", cell)
    word = bare[1].strip() if bare else cell
    if is_number(word) or not word:
        return False
    if bare:
        return True
    return word in UNITS or as_unit(word, with_magnitudes=False) is not None
