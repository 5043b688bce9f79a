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
that agree in all others. One sort a column, of two million rows at a time: sums that are equal begin with the
same bits. Cost: about 0.3 us a cell; 8 bytes of memory a row, 170 MB while rows are sorted (of ten million
rows of five numbers 250 MB in all), and up to 128 MB in which cells' hashes are kept for the second look; 28
bytes a row of disk beyond a million rows.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.data.duplicates import CONTINUOUS
from trainwright.data.hashing import Hashes, group_equal, hash_cells, hash_text, mix
from trainwright.data.similarity.clusters import Clusters, Joins, Rows, none
from trainwright.data.staging.arrays import Arrays
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


def near_rows(view: View, *, arrays: Arrays | None = None) -> Clusters:
    """Clusters of rows, by their place among those that are still in; likeness is the share of cells.

    Args:
        view: The rows.
        arrays: Where what has an entry a row is kept; None: files of the system's own folder for them.
    """
    columns = judged_columns(view)
    joins = Joins(view.num_rows)
    if not columns:
        return none()
    table = _Table(view, columns, arrays or Arrays(Path(tempfile.gettempdir())))
    needed = 2 * np.log2(max(2, view.num_rows)) + _SPARE_BITS
    left, right = table.neighbours(None)
    tell = table.bits[left] >= needed
    left, right = left[tell], right[tell]
    apart = _differ(view, columns, left, right)
    joins.join(left[apart], right[apart], np.ones(int(apart.sum())))
    for column in columns:
        _join_without(column, table, joins, needed)
    members, first = joins.members()
    share = 1 - 1 / len(columns)
    likeness = np.where(table.sums[members] == table.sums[first], 1.0, share)
    return Clusters(members, first, likeness, *joins.links())


class _Table:
    """The rows as hashes of cells, those that are kept where there are not too many.

    Attributes:
        sums: Of each row's cells; shape (rows,).
        bits: What each row's cells tell; shape (rows,).
    """

    def __init__(self, view: View, columns: Sequence[Column], arrays: Arrays) -> None:
        self.view = view
        self.columns = columns
        self._arrays = arrays
        self._keeps = view.num_rows * len(columns) <= _KEPT_CELLS
        self._cells: dict[str, Hashes] = {}
        self.sums: Hashes = arrays.full(view.num_rows, 0, np.uint64)
        self.bits: NDArray[np.float32] = arrays.full(view.num_rows, 0, np.float32)
        for column in columns:
            cells = self.cells(column)
            told = self.told(column, cells)
            for span in arrays.spans(view.num_rows):
                self.sums[span] += cells[span]
                if told is not None:
                    self.bits[span] += told[span]

    def cells(self, column: Column) -> Hashes:
        """A hash a cell, equal for cells that agree; shape (rows,)."""
        found = self._cells.get(column.name)
        if found is None:
            found = self._arrays.empty(self.view.num_rows, np.uint64)
            at = 0
            for block in self.view.blocks([column.name]):
                found[at : at + block.height] = _hashed(block[column.name], column)
                at += block.height
                self._arrays.release()
            if self._keeps:
                self._cells[column.name] = found
        return found

    def told(self, column: Column, cells: Hashes) -> NDArray[np.float32] | None:
        """Bits that each cell tells; None where the column is not telling."""
        if column.type not in (ColumnType.TEXT, ColumnType.DATETIME, ColumnType.NUMBER):
            return None
        found = self._arrays.empty(len(cells), np.float32)
        distinct = 0
        for rows, keys in self._parts(lambda span: cells[span]):
            order = np.argsort(keys)
            ordered = keys[order]
            starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
            sizes = np.diff(starts, append=len(ordered))
            told = np.log2(len(cells) / np.maximum(1, sizes - 1))
            found[rows[order]] = np.repeat(told.astype(np.float32), sizes)
            distinct += len(starts)
        if column.type is ColumnType.NUMBER and distinct <= CONTINUOUS:
            return None
        return found

    def neighbours(self, cells: Hashes | None) -> tuple[Rows, Rows]:
        """Rows that agree in all cells but these: each with the one before it and with the first."""
        sums = self.sums
        found = [
            [rows[side] for side in _neighbours(keys)]
            for rows, keys in self._parts(
                lambda span: sums[span] if cells is None else sums[span] - cells[span]
            )
        ]
        left, right = zip(*found, strict=True)
        return np.concatenate(left), np.concatenate(right)

    def _parts(self, keys: Callable[[slice], Hashes]) -> Iterator[tuple[Rows, Hashes]]:
        """Rows and their keys, those whose keys begin with the same bits at a time; rising."""
        num_rows = self.view.num_rows
        bits = max(0, (num_rows - 1) // self._arrays.sorted_rows).bit_length()
        for part in range(1 << bits):
            rows, found = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
            for span in self._arrays.spans(num_rows):
                some, at = keys(span), np.arange(span.start, span.stop)
                if bits:
                    inside = np.flatnonzero(some >> np.uint64(64 - bits) == np.uint64(part))
                    some, at = some[inside], at[inside]
                rows.append(at)
                found.append(some)
            yield np.concatenate(rows), np.concatenate(found)


def _differ(view: View, columns: Sequence[Column], left: Rows, right: Rows) -> NDArray[np.bool_]:
    """True where two rows are not the same to the letter: those are plain duplicates."""
    found = np.zeros(len(left), dtype=bool)
    for column in columns if len(left) else ():
        one, other = _values(view, column.name, left, right)
        found |= hash_cells(one) != hash_cells(other)
    return found


def _join_without(column: Column, table: _Table, joins: Joins, needed: float) -> None:
    """Join rows that agree in all columns but this one, where it looks like a slip."""
    if column.type in (ColumnType.DATETIME, ColumnType.BOOLEAN):
        return
    cells, bits = table.cells(column), table.bits
    left, right = table.neighbours(cells)
    kept = (cells[left] != cells[right]) & (bits[left] >= needed) & joins.apart(left, right)
    left, right = left[kept], right[kept]
    if len(left) and (told := table.told(column, cells)) is not None:
        kept = bits[left] - told[left] >= needed
        left, right = left[kept], right[kept]
    if not len(left):
        return
    one, other = _values(table.view, column.name, left, right)
    slips = (one.is_null() != other.is_null()).to_numpy()
    if column.type is ColumnType.NUMBER:
        first, second = (side.cast(pl.Float64).to_numpy() for side in (one, other))
        largest = np.maximum(np.abs(first), np.abs(second))
        slips |= np.nan_to_num(np.abs(first - second), nan=np.inf) <= ALIKE * largest
    elif len(left) <= _MOST_CHECKED:
        pairs = zip(_plain(one), _plain(other), strict=True)
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


def _values(view: View, name: str, left: Rows, right: Rows) -> tuple[pl.Series, pl.Series]:
    """A column's values in these rows."""
    wanted = np.unique(np.concatenate([left, right]))
    parts, at = [], 0
    for block in view.blocks([name]):
        low, high = np.searchsorted(wanted, [at, at + block.height])
        parts.append(block[name].gather(wanted[low:high] - at))
        at += block.height
    found = pl.concat(parts)
    return found.gather(np.searchsorted(wanted, left)), found.gather(np.searchsorted(wanted, right))


def _hashed(values: pl.Series, column: Column) -> Hashes:
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
