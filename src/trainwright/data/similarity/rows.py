"""Near-duplicate rows of a table: all inputs agree, but for one cell that looks like a slip.

Cells agree when they are the same but for case, blanks and punctuation, or numbers to six digits. Of two rows
at most one cell may differ, and then only as slips do: numbers by at most one per cent, words of five
letters or more by one letter put in, left out, changed or swapped, or a value that is missing in one row.
Rows that agree in all cells are duplicates, told elsewhere, unless they differ in case and the like.

A table of few short categories has many rows alike by chance. So the cells that agree must tell more than
chance could: each telling column (text, date-time, a number of more than 50 values) counts the bits
of its value's rarity, and together they must come to eight more than it takes to name a pair of rows. Three
telling columns at least are needed for that.

How: only rows are looked at that share one of two sets of columns with another row (see `partners`). Their
cells are hashed and added up; taking one column out again leaves a sum that is equal for rows that agree in
all others. One sort a column, of two million rows at a time: sums that are equal begin with the same bits.
Cost: 0.2 us a row where few rows are alike, about 0.3 us a cell where most are; then up to 128 MB in which
cells' hashes are kept for a second look, and 46 bytes a row of disk beyond a million rows.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.data.duplicates import CONTINUOUS
from trainwright.data.hashing import hash_cells
from trainwright.data.similarity.cells import hashed, plain
from trainwright.data.similarity.clusters import Clusters, Joins, Rows, none
from trainwright.data.similarity.compared import ComparedRows
from trainwright.data.similarity.partners import SAMPLE_ROWS
from trainwright.data.staging.arrays import Arrays
from trainwright.data.view import View

ALIKE = 0.01  # relative difference of two numbers that is a slip
WORD_LETTERS = 5
_SPARE_BITS = 8.0  # beyond those that name a pair of rows
_FEWEST_COLUMNS, _FEWEST_TELLING = 4, 3
_MOST_CHECKED = 200_000  # pairs of words that are compared letter by letter
_KINDS = (
    ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.BOOLEAN, ColumnType.DATETIME, ColumnType.TEXT,
)  # fmt: skip


def judged_columns(view: View) -> list[Column]:
    """The columns that rows are compared by; empty where they are too few."""
    found = [c for c in view.columns if c.name in view.inputs and c.type in _KINDS]
    return found if len(found) >= _FEWEST_COLUMNS else []


def near_rows(view: View, *, arrays: Arrays | None = None) -> Clusters:
    """Clusters of rows, by their place among those that are still in; likeness is the share of cells.

    Args:
        view: The rows.
        arrays: Where what has an entry a row is kept; None: files of the system's own folder for them.
    """
    columns = judged_columns(view)
    telling = _telling(view, columns) if view.num_rows > 1 else frozenset()
    if len(telling) < _FEWEST_TELLING:
        return none()
    table = ComparedRows.of(view, columns, telling, arrays or Arrays(Path(tempfile.gettempdir())))
    if table is None:
        return none()
    needed = 2 * np.log2(view.num_rows) + _SPARE_BITS
    joins = Joins(len(table.rows))
    left, right = table.neighbours(None)
    tell = table.bits[left] >= needed
    left, right = left[tell], right[tell]
    apart = _differ(table, left, right)
    joins.join(left[apart], right[apart], np.ones(int(apart.sum())))
    for column in columns:
        _join_without(column, table, joins, needed)
    members, first = joins.members()
    share = 1 - 1 / len(columns)
    likeness = np.where(table.sums[members] == table.sums[first], 1.0, share)
    lefts, rights, strengths = joins.links()
    members, first, lefts, rights = (table.rows[at] for at in (members, first, lefts, rights))
    return Clusters(members, first, likeness, lefts, rights, strengths)


def _telling(view: View, columns: Sequence[Column]) -> frozenset[str]:
    """Columns whose values may name a row: texts, moments, numbers of many values."""
    numbers = [column for column in columns if column.type is ColumnType.NUMBER]
    sample = view.sample([column.name for column in numbers], size=SAMPLE_ROWS)
    found = {c.name for c in columns if c.type in (ColumnType.TEXT, ColumnType.DATETIME)}
    for column in numbers:
        cells = np.unique(hashed(sample[column.name], column))
        if len(cells) <= CONTINUOUS and sample.height < view.num_rows:
            for block in view.blocks([column.name]):
                cells = np.union1d(cells, hashed(block[column.name].unique(), column))
                if len(cells) > CONTINUOUS:
                    break
        if len(cells) > CONTINUOUS:
            found.add(column.name)
    return frozenset(found)


def _differ(table: ComparedRows, left: Rows, right: Rows) -> NDArray[np.bool_]:
    """True where two rows are not the same to the letter: those are plain duplicates."""
    found = np.zeros(len(left), dtype=bool)
    for column in table.columns if len(left) else ():
        one, other = table.values(column.name, left, right)
        found |= hash_cells(one) != hash_cells(other)
    return found


def _join_without(column: Column, table: ComparedRows, joins: Joins, needed: float) -> None:
    """Join rows that agree in all columns but this one, where it looks like a slip."""
    if column.type in (ColumnType.DATETIME, ColumnType.BOOLEAN):
        return
    cells, bits = table.cells(column), table.bits
    left, right = table.neighbours(column)
    kept = (cells[left] != cells[right]) & (bits[left] >= needed) & joins.apart(left, right)
    left, right = left[kept], right[kept]
    if len(left) and (told := table.told(column, cells)) is not None:
        kept = bits[left] - told[left] >= needed
        left, right = left[kept], right[kept]
    if not len(left):
        return
    one, other = table.values(column.name, left, right)
    slips = (one.is_null() != other.is_null()).to_numpy()
    if column.type is ColumnType.NUMBER:
        first, second = (side.cast(pl.Float64).to_numpy() for side in (one, other))
        largest = np.maximum(np.abs(first), np.abs(second))
        slips |= np.nan_to_num(np.abs(first - second), nan=np.inf) <= ALIKE * largest
    elif len(left) <= _MOST_CHECKED:
        pairs = zip(plain(one), plain(other), strict=True)
        slips |= np.array([is_slip(a, b) for a, b in pairs], dtype=bool)
    share = 1 - 1 / len(table.columns)
    joins.join(left[slips], right[slips], np.full(int(slips.sum()), share))


def is_slip(one: str | None, other: str | None) -> bool:
    """True where one letter put in, left out, changed or swapped makes one word of the other."""
    if one is None or other is None or min(len(one), len(other)) < WORD_LETTERS:
        return False
    if abs(len(one) - len(other)) > 1 or re.sub(r"\D", "", one) != re.sub(r"\D", "", other):
        return False  # another figure is another thing: "room 12" and "room 13"
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None:
        return True
    rests = (
        (one[at + 1 :], other[at + 1 :]),
        (one[at + 1 :], other[at:]),
        (one[at:], other[at + 1 :]),
    )
    swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return swapped or any(a == b for a, b in rests)
