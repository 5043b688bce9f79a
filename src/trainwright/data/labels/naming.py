"""How a row is named in files of labels: by its file and its position there, or by its position in all.

"mails.csv:17" stays true when files are added before it; a bare 17 is the row's place in the whole source,
as findings and the ledger have it. Both count from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate


def row_name(file: str, position: int) -> str:
    """What a row is called: "mails.csv:17"."""
    return f"{file}:{position}"


def positions_of(named: Iterable[str | None], files: Sequence[tuple[str, int]]) -> list[int | None]:
    """The positions of rows in the whole source; None for what names no row.

    Args:
        named: "mails.csv:17" or "17".
        files: Name and number of rows of each file of the source, in order.
    """
    firsts = accumulate((rows for _, rows in files), initial=0)
    places = {file: (first, rows) for (file, rows), first in zip(files, firsts, strict=False)}
    return [_position(name or "", places) for name in named]


def _position(name: str, places: dict[str, tuple[int, int]]) -> int | None:
    file, colon, digits = name.strip().rpartition(":")
    if not digits.isascii() or not digits.isdigit():
        return None
    if not colon:
        return int(digits)
    first, rows = places.get(file, (0, 0))
    return first + int(digits) if int(digits) < rows else None
