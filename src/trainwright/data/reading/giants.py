"""How large a text may be: a document of 16 MiB, whether it is a file, a line of JSON or a cell of Parquet.

A corpus holds books, and each is one row; what is larger by far is a whole corpus in one cell, or no text.
Fields of delimited text have a limit of their own (`scanning`), since there a quote that was left open
makes one field of many rows. Cost: nothing for a block that is smaller than one such text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import polars as pl

from trainwright.core.errors import DataError, Fault, shorten

LIMIT_DOCUMENT_BYTES = 16 << 20
MEND = "cut it into parts, a row each"


def check_giants(
    frame: pl.DataFrame,
    names: Sequence[str],
    is_looked_at: Callable[[str], bool],
    *,
    place: Callable[[int], str],
) -> None:
    """Refuse texts that are larger than a document may be.

    Args:
        frame: A block of rows, its columns named by position.
        names: Of its columns.
        is_looked_at: Of a column: does anyone read it?
        place: Of a row of the block.

    Raises:
        DataError: names the first row of each column.
    """
    if frame.estimated_size() <= LIMIT_DOCUMENT_BYTES:
        return
    faults = []
    for name, values in zip(names, frame.get_columns(), strict=True):
        if values.dtype != pl.String or not is_looked_at(name):
            continue
        sizes = values.str.len_bytes()
        rows = (sizes > LIMIT_DOCUMENT_BYTES).arg_true()
        if len(rows):
            row = int(rows[0])
            told = f"column {shorten(name)} holds a text of {sizes[row]} bytes, more than the"
            told += f" {LIMIT_DOCUMENT_BYTES >> 20} MiB of a document"
            drop = json.dumps([name], ensure_ascii=False)
            faults.append(Fault(told, place(row), f"{MEND}; or data: {{drop: {drop}}}"))
    if faults:
        raise DataError.of(faults[:10])


def place_of(name: str, first_row: int) -> Callable[[int], str]:
    """Places in a file without lines, for a block of its rows."""
    return lambda row: f"{name} row {first_row + row}"
