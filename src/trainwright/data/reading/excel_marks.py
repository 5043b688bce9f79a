"""What a sheet's XML says that its cells do not: merged cells, formulas without a stored value, sums.

Of merged cells only the first holds the value. A formula has a value once a spreadsheet has computed and
stored it; what a program wrote and no spreadsheet has opened since has none. Read without a word, both would
be missing values. Cost: the sheet is unpacked once more, and looked at by two patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 4 << 20
_OVERLAP = 16 << 10  # a formula is of at most 8,192 characters
_MOST = 1_000_000
_MERGED = re.compile(
    rb'<mergeCell [^>]{0,200}?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"'
)
_UNSTORED = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]{0,200}><f(?:\s[^>]{0,2000})?(?:/>|>[^<]{0,12000}</f>)\s{0,9}'
    rb"(?:<v\s?/>|<v></v>)?\s{0,9}</c>"
)
_FORMULA = re.compile(rb"<f[ />]")
_SUM = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]{0,200}><f(?:\s[^>]{0,200})?>(?:SUM|AVERAGE|SUBTOTAL|AGGREGATE)\('
    rb"(?:[0-9]{1,3},){0,2}\$?([A-Z]{1,3})\$?([0-9]{1,7}):\$?([A-Z]{1,3})\$?([0-9]{1,7})\)</f>"
)
_FEWEST_SUMMED = 3
_FARTHEST_ABOVE = 3  # rows between a sum and the last row that it adds up


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells that are one; columns by their letters, rows from 1."""

    first_column: str
    first_row: int
    last_column: str
    last_row: int

    def __str__(self) -> str:
        return f"{self.first_column}{self.first_row}:{self.last_column}{self.last_row}"


@dataclass(frozen=True, slots=True)
class Marks:
    """What was found, in the order of the file, a million of each at most.

    Attributes:
        merged: Ranges of cells.
        unstored: Column and row of formulas that have no value.
        sums: Rows in which a formula adds up three or more cells right above it in its own column.
    """

    merged: tuple[Merged, ...] = ()
    unstored: tuple[tuple[str, int], ...] = ()
    sums: frozenset[int] = frozenset()


def find_marks(part: BinaryIO) -> Marks:
    """Look through the XML of a sheet.

    Args:
        part: At its start.
    """
    merged: dict[Merged, None] = {}
    unstored: dict[tuple[str, int], None] = {}
    sums: set[int] = set()
    for text in _pieces(part):
        for found in _MERGED.finditer(text) if len(merged) < _MOST else ():
            first, top, last, bottom = (group.decode() for group in found.groups())
            merged[Merged(first, int(top), last, int(bottom))] = None
        if len(unstored) < _MOST and _FORMULA.search(text):
            unstored |= {(f[1].decode(), int(f[2])): None for f in _UNSTORED.finditer(text)}
            sums |= {int(f[2]) for f in _SUM.finditer(text) if _is_of_rows_above(f)}
    return Marks(tuple(merged), tuple(unstored), frozenset(sums))


def _is_of_rows_above(found: re.Match[bytes]) -> bool:
    column, row, first_column, first, last_column, last = found.groups()
    num_between = int(row) - int(last) - 1
    return (
        column == first_column == last_column
        and int(last) - int(first) + 1 >= _FEWEST_SUMMED
        and 0 <= num_between <= _FARTHEST_ABOVE
    )


def _pieces(part: BinaryIO) -> Iterator[bytes]:
    """The bytes in pieces, each begun with the end of the one before: what is short stands whole in one."""
    end = b""
    while chunk := part.read(_CHUNK):
        yield end + chunk
        end = (end + chunk)[-_OVERLAP:]
