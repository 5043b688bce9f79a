"""Numbers that a workbook shows with zeros before them: the ZIP code 37 that stands there as 00037.

A format of zeros alone, with signs between them or without (00000, 000-00-0000), is a way to write codes:
what people see, sort by and join on are the digits as shown. They are read as they are shown. All other
formats change how a number looks, and not what it is.

Source: ECMA-376 part 1, 18.8.31 (number formats). Formats with conditions are not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from trainwright.data.reading.values import Value

# Zeros, and signs that stand for themselves: as they are, behind a backslash, or in quotes.
_MASK = re.compile(r'(?:0|[-+()/: ]|\\.|"[^"]*")+')
_PIECE = re.compile(r'(0)|\\(.)|"([^"]*)"|([-+()/: ])')
_FEWEST = 2  # zeros: one shows 0 as 0


@cache
def mask_of(number_format: str) -> tuple[str, ...] | None:
    """The signs of a format of zeros: a zero is "0", any other text stands behind "="; None otherwise."""
    section = number_format.split(";")[0]
    if not _MASK.fullmatch(section):
        return None
    pieces = [(zero, next(filter(None, rest), "")) for zero, *rest in _PIECE.findall(section)]
    found = tuple("0" if zero else f"={text}" for zero, text in pieces)
    return found if found.count("0") >= _FEWEST else None


def shown(number: int, mask: tuple[str, ...]) -> str:
    """The digits of a number of 0 or more in a mask, from the right; those without room stand before."""
    digits = str(number).zfill(mask.count("0"))
    extra = len(digits) - mask.count("0")
    rest = iter(digits[extra:])
    told, is_first = "", True
    for piece in mask:
        if piece != "0":
            told += piece[1:]
            continue
        told += digits[:extra] if is_first else ""
        told += next(rest)
        is_first = False
    return told


@dataclass(slots=True)
class ShownNumbers:
    """Counts, by the place of the column from 0, cells that were read as shown, with the first of each."""

    counts: dict[int, int] = field(default_factory=dict)
    first: dict[int, tuple[int, str]] = field(default_factory=dict)

    def read(self, value: Value, number_format: str, column: int) -> Value:
        """The value as the format shows it, where that has zeros or signs that the number has not."""
        if type(value) is not int or value < 0:
            return value
        mask = mask_of(number_format)
        if mask is None:
            return value
        text = shown(value, mask)
        if text != str(value):
            self.counts[column] = self.counts.get(column, 0) + 1
            self.first.setdefault(column, (value, text))
        return text
