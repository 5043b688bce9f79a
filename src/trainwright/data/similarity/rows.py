"""Near-duplicate rows of a table: all inputs agree, but for one cell that looks like a slip.

Cells agree when they are the same but for case, blanks and punctuation, or numbers to six digits. Of two rows
at most one cell may differ, and then only as slips do: numbers by at most one per cent, words of five
letters or more by one letter put in, left out, changed or swapped, or a value that is missing in one row.
Rows that agree in all cells are duplicates, told elsewhere, unless they differ in case and the like.

A table of few short categories has many rows alike by chance. So the cells that agree must tell more than
chance could: each telling column (text, date-time, a number of more than 50 values) counts the bits
of its value's rarity, and together they must come to eight more than it takes to name a pair of rows. Three
telling columns at least are needed for that.

How: a row's cells are hashed and added up; taking one column out again leaves a sum that is equal for rows
that agree in all others. One sort a column. Cost: about 0.15 us a cell, 40 bytes of memory a row, and up to
128 MB in which cells' hashes are kept for the second look.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.data.duplicates import CONTINUOUS
from trainwright.data.hashing import Hashes, group_equal, hash_cells, hash_text, mix
from trainwright.data.similarity.clusters import Clusters, Joins, Rows
from trainwright.data.types.repeats import each_once
from trainwright.data.view import View

DIGITS = 6  # of a number that must agree
ALIKE = 0.01  # relative difference of two numbers that is a slip
WORD_LETTERS = 5
_SPARE_BITS = 8.0  # beyond those that name a pair of rows
_FEWEST_COLUMNS = 4
_MOST_CHECKED = 200_000  # pairs of words that are compared letter by letter
_KEPT_CELLS = 1 << 24
_KINDS = (
    ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.BOOLEAN, ColumnType.DATETIME, ColumnType.TEXT,
)  # fmt: skip


def judged_columns(view: View) -> list[Column]:
    """The columns that rows are compared by; empty where they are too few."""
    found = [c for c in view.columns if c.name in view.inputs and c.type in _KINDS]
    return found if len(found) >= _FEWEST_COLUMNS else []


def near_rows(view: View) -> Clusters:
    """Clusters of rows, by their place among those that are still in; likeness is the share of cells."""
    columns = judged_columns(view)
    joins = Joins(view.num_rows)
    if columns:
        table = _Table(view, keeps=view.num_rows * len(columns) <= _KEPT_CELLS)
        sums, bits = _sums(table, columns)
        needed = 2 * np.log2(max(2, view.num_rows)) + _SPARE_BITS
        again = _neighbours(sums)
        tell = bits[again[0]] >= needed
        left, right = (side[tell] for side in again)
        apart = _differ(view, columns, left, right)
        joins.join(left[apart], right[apart], np.ones(int(apart.sum())))
        for column in columns:
            _join_without(column, table, joins, sums, bits, needed)
    members, first = joins.members()
    if not len(members):
        return Clusters(members, first, np.zeros(0), *joins.links())
    share = 1 - 1 / len(columns)
    likeness = np.where(sums[members] == sums[first], 1.0, share)
    return Clusters(members, first, likeness, *joins.links())


class _Table:
    """The rows as hashes of cells; those are kept where there are not too many."""

    def __init__(self, view: View, *, keeps: bool) -> None:
        self.view = view
        self._keeps = keeps
        self._cells: dict[str, Hashes] = {}

    def cells(self, column: Column) -> Hashes:
        """A hash a cell, equal for cells that agree; shape (rows,)."""
        found = self._cells.get(column.name)
        if found is None:
            found = _cells(_values(self.view, column.name), column)
            if self._keeps:
                self._cells[column.name] = found
        return found


def _sums(table: _Table, columns: Sequence[Column]) -> tuple[Hashes, NDArray[np.float64]]:
    """Of each row the sum of its cells, and what they tell in bits."""
    sums = np.zeros(table.view.num_rows, np.uint64)
    bits = np.zeros(table.view.num_rows)
    for column in columns:
        cells = table.cells(column)
        sums += cells
        if (told := _told(cells, column)) is not None:
            bits += told
    return sums, bits


def _differ(view: View, columns: Sequence[Column], left: Rows, right: Rows) -> NDArray[np.bool_]:
    """True where two rows are not the same to the letter: those are plain duplicates."""
    found = np.zeros(len(left), dtype=bool)
    for column in columns if len(left) else ():
        values = _values(view, column.name)
        found |= hash_cells(values.gather(left)) != hash_cells(values.gather(right))
    return found


def _join_without(
    column: Column,
    table: _Table,
    joins: Joins,
    sums: Hashes,
    bits: NDArray[np.float64],
    needed: float,
) -> None:
    """Join rows that agree in all columns but this one, where it looks like a slip."""
    if column.type in (ColumnType.DATETIME, ColumnType.BOOLEAN):
        return
    cells = table.cells(column)
    left, right = _neighbours(sums - cells)
    kept = (cells[left] != cells[right]) & (bits[left] >= needed) & joins.apart(left, right)
    left, right = left[kept], right[kept]
    if len(left) and (told := _told(cells, column)) is not None:
        kept = bits[left] - told[left] >= needed
        left, right = left[kept], right[kept]
    if not len(left):
        return
    values = _values(table.view, column.name)
    one, other = values.gather(left), values.gather(right)
    slips = (one.is_null() != other.is_null()).to_numpy()
    if column.type is ColumnType.NUMBER:
        first, second = (side.cast(pl.Float64).to_numpy() for side in (one, other))
        largest = np.maximum(np.abs(first), np.abs(second))
        slips |= np.nan_to_num(np.abs(first - second), nan=np.inf) <= ALIKE * largest
    elif len(left) <= _MOST_CHECKED:
        pairs = zip(_plain(one), _plain(other), strict=True)
        slips |= np.array([is_slip(a, b) for a, b in pairs], dtype=bool)
    names = 1 - 1 / max(1, len(judged_columns(table.view)))
    joins.join(left[slips], right[slips], np.full(int(slips.sum()), names))


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


def _neighbours(keys: Hashes) -> tuple[Rows, Rows]:
    """Rows of one key: each with the one before it and with the first; the lower row first."""
    ordered = np.sort(keys)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(shared):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(shared, keys), len(shared) - 1)
    several = np.flatnonzero(shared[at] == keys)
    groups = group_equal(keys[several])
    by_group = np.argsort(groups.inverse, kind="stable")
    order, group = several[by_group], groups.inverse[by_group]
    same = group[1:] == group[:-1]
    left, right = order[:-1][same], order[1:][same]
    first = several[groups.first[group[1:][same]]]
    far = first != left
    return np.concatenate([left, first[far]]), np.concatenate([right, right[far]])


def _values(view: View, name: str) -> pl.Series:
    return pl.concat([block[name] for block in view.blocks([name])])


def _cells(values: pl.Series, column: Column) -> Hashes:
    """A hash a cell, equal for cells that agree."""
    if column.type is ColumnType.NUMBER:
        values = values.cast(pl.Float64).round_sig_figs(DIGITS)
    elif values.dtype == pl.String:
        values = _plain(values)
    found: Hashes = mix(hash_cells(values) ^ hash_text(column.name))
    return found


def _plain(values: pl.Series) -> pl.Series:
    """Without case, blanks and punctuation; a word that comes often is looked at once."""
    return each_once(values, _plainly)


def _plainly(values: pl.Series) -> pl.Series:
    return values.str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", "")


def _told(cells: Hashes, column: Column) -> NDArray[np.float64] | None:
    """Bits that each cell tells; None where the column is not telling."""
    if column.type not in (ColumnType.TEXT, ColumnType.DATETIME, ColumnType.NUMBER):
        return None
    groups = group_equal(cells)
    if column.type is ColumnType.NUMBER and len(groups.keys) <= CONTINUOUS:
        return None
    told = np.log2(len(cells) / np.maximum(1, groups.sizes - 1))
    found: NDArray[np.float64] = told[groups.inverse]
    return found
