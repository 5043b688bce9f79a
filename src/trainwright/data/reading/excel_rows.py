"""Rows of a sheet: their numbers, the letters of their columns, and their cells as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from trainwright.data.reading.values import Value, text_of

Row = tuple[int, list[Value]]  # its number in the sheet, and its cells up to the last filled one


def in_blocks(rows: Iterator[Row], *, size: int, tail: int) -> Iterator[tuple[list[Row], bool]]:
    """Blocks of `size` rows, each with whether it is the last, which has `tail` rows more at most.

    It has at least `tail` where the sheet has so many, so that what stands below the rows is in it whole.
    """
    held = list(islice(rows, size + tail))
    while len(held) == size + tail:
        yield held[:size], False
        held = held[size:] + list(islice(rows, size))
    yield held, True


def cells_of(values: Sequence[Value], *, first: int = 0, width: int = 0) -> list[str]:
    """Cells from column `first` on as stripped texts, `width` of them at least; an empty one is ""."""
    texts = ["" if value is None else str(text_of(value)).strip() for value in values[first:]]
    return texts + [""] * (width - len(texts))


def letters_of(position: int) -> str:
    """Column 1 is A, 27 is AA."""
    text = ""
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text
