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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.data.duplicates import CONTINUOUS
from trainwright.data.hashing import Hashes, group_equal, hash_cells
from trainwright.data.similarity.cells import hashed, plain
from trainwright.data.similarity.clusters import Clusters, Joins, Rows, none
from trainwright.data.similarity.partners import SAMPLE_ROWS, Partners, find_partners
from trainwright.data.staging.arrays import Arrays
from trainwright.data.view import View

ALIKE = 0.01  # relative difference of two numbers that is a slip
WORD_LETTERS = 5
_SPARE_BITS = 8.0  # beyond those that name a pair of rows
_FEWEST_COLUMNS, _FEWEST_TELLING = 4, 3
_FEW = 0.25  # of the rows, up to which they are looked at alone
_FILTER_BITS, _MOST_FILTER_BITS = 4, 23  # beyond those that number the cells that are counted
_MOST_CHECKED = 200_000  # pairs of words that are compared letter by letter
_KEPT_CELLS = 1 << 24
_TAKEN_ROWS = 1 << 16  # at a time
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
    table = _Table.of(view, columns, telling, arrays or Arrays(Path(tempfile.gettempdir())))
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


class _Table:
    """Rows as hashes of cells, those that are kept where there are not too many.

    Attributes:
        view: All rows.
        columns: By which they are compared.
        rows: Places of those that may be alike, rising; shape (rows,).
        sums: Of each such row's cells; shape (rows,).
        bits: What each such row's cells tell; shape (rows,).
    """

    def __init__(
        self,
        view: View,
        columns: Sequence[Column],
        telling: frozenset[str],
        rows: Rows,
        partners: Partners,
        arrays: Arrays,
    ) -> None:
        self.view = view
        self.columns = columns
        self.rows = rows
        self._telling = telling
        self._partners = partners
        self._arrays = arrays
        self._keeps = len(rows) * len(columns) <= _KEPT_CELLS
        self._cells: dict[str, Hashes] = self._all_cells() if self._keeps else {}
        self._told: dict[str, NDArray[np.float32]] = {}
        self.sums: Hashes = arrays.full(len(rows), 0, np.uint64)
        self.bits: NDArray[np.float32] = arrays.full(len(rows), 0, np.float32)
        for column in columns:
            cells = self.cells(column)
            told = self.told(column, cells)
            for span in arrays.spans(len(rows)):
                self.sums[span] += cells[span]
                if told is not None:
                    self.bits[span] += told[span]

    @classmethod
    def of(
        cls, view: View, columns: Sequence[Column], telling: frozenset[str], arrays: Arrays
    ) -> _Table:
        """The rows that may be alike; all where they are a good part of them."""
        found = find_partners(view, columns, arrays)
        one, other = found.sharing
        spans = list(arrays.spans(view.num_rows))
        number = sum(int((one[span] | other[span]).sum()) for span in spans)
        few = number <= view.num_rows * _FEW
        rows = arrays.empty(number if few else view.num_rows, np.int64)
        at = 0
        for span in arrays.spans(view.num_rows):
            mine = np.arange(span.start, span.stop)
            mine = mine[one[span] | other[span]] if few else mine
            rows[at : at + len(mine)] = mine
            at += len(mine)
        if few:
            found = replace(found, sharing=(arrays.take(one, rows), arrays.take(other, rows)))
        return cls(view, columns, telling, rows, found, arrays)

    def cells(self, column: Column) -> Hashes:
        """A hash a cell, equal for cells that agree; shape (rows,)."""
        found = self._cells.get(column.name)
        if found is None:
            found = self._arrays.empty(len(self.rows), np.uint64)
            for span in self._spans():
                block = self.view.take([column.name], self.rows[span])
                found[span] = hashed(block[column.name], column)
                self._arrays.release()
        return found

    def _all_cells(self) -> dict[str, Hashes]:
        """Of all columns, in one pass."""
        names = [column.name for column in self.columns]
        found = {name: np.empty(len(self.rows), np.uint64) for name in names}
        for span in self._spans():
            block = self.view.take(names, self.rows[span])
            for column in self.columns:
                found[column.name][span] = hashed(block[column.name], column)
        return found

    def _spans(self) -> Iterator[slice]:
        for start in range(0, len(self.rows), _TAKEN_ROWS):
            yield slice(start, start + _TAKEN_ROWS)

    def told(self, column: Column, cells: Hashes) -> NDArray[np.float32] | None:
        """Bits that each cell tells; None where the column is not telling."""
        if column.name not in self._telling:
            return None
        found = self._told.get(column.name)
        if found is None:
            found = self._arrays.empty(len(cells), np.float32)
            if len(self.rows) < self.view.num_rows:
                distinct, places = np.unique(cells, return_inverse=True)
                found[:] = self._bits_of(self._count(column, distinct))[places]
            else:
                for rows, keys in self._parts(lambda span: cells[span]):
                    groups = group_equal(keys)
                    found[rows] = self._bits_of(groups.sizes)[groups.inverse]
            if self._keeps:
                self._told[column.name] = found
        return found

    def _bits_of(self, sizes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Bits that a cell tells which so many rows have."""
        return np.log2(self.view.num_rows / np.maximum(1, sizes - 1)).astype(np.float32)

    def _count(self, column: Column, distinct: Hashes) -> NDArray[np.int64]:
        """How many of all rows have each of these cells, which rise."""
        found = np.zeros(len(distinct), np.int64)
        counts = self.view.counts(column.name) if column.type is not ColumnType.TEXT else None
        if counts is not None:
            missing = pl.Series([None], dtype=counts["value"].dtype)
            cells = hashed(pl.concat([counts["value"], missing.alias("value")]), column)
            rows = counts["count"].to_numpy().astype(np.int64)
            rows = np.append(rows, self.view.num_rows - rows.sum())
            _add(found, distinct, cells, rows)
            return found
        bits = min(_MOST_FILTER_BITS, len(distinct).bit_length() + _FILTER_BITS)
        may_be, shift = np.zeros(1 << bits, dtype=bool), np.uint64(64 - bits)
        may_be[distinct >> shift] = True
        for block in self.view.blocks([column.name]):
            cells = hashed(block[column.name], column)
            cells = cells[may_be[cells >> shift]]
            _add(found, distinct, cells, np.ones(len(cells), np.int64))
        return found

    def neighbours(self, column: Column | None) -> tuple[Rows, Rows]:
        """Rows that agree in all cells but these: each with the one before it and with the first."""
        sums = self.sums
        cells = None if column is None else self.cells(column)
        among = self._partners.without(None if column is None else column.name)
        found = [
            [rows[side] for side in _neighbours(keys)]
            for rows, keys in self._parts(
                lambda span: sums[span] if cells is None else sums[span] - cells[span], among
            )
        ]
        left, right = zip(*found, strict=True)
        return np.concatenate(left), np.concatenate(right)

    def values(self, name: str, left: Rows, right: Rows) -> tuple[pl.Series, pl.Series]:
        """A column's values in these rows."""
        wanted = np.unique(np.concatenate([left, right]))
        found = self.view.take([name], self.rows[wanted])[name]
        return (
            found.gather(np.searchsorted(wanted, left)),
            found.gather(np.searchsorted(wanted, right)),
        )

    def _parts(
        self, keys: Callable[[slice], Hashes], among: NDArray[np.bool_] | None = None
    ) -> Iterator[tuple[Rows, Hashes]]:
        """Rows and their keys, those whose keys begin with the same bits at a time; rising."""
        num_rows = len(self.rows)
        bits = max(0, (num_rows - 1) // self._arrays.sorted_rows).bit_length()
        for part in range(1 << bits):
            rows, found = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
            for span in self._arrays.spans(num_rows):
                some, at = keys(span), np.arange(span.start, span.stop)
                if among is not None:
                    some, at = some[among[span]], at[among[span]]
                if bits:
                    inside = np.flatnonzero(some >> np.uint64(64 - bits) == np.uint64(part))
                    some, at = some[inside], at[inside]
                rows.append(at)
                found.append(some)
            yield np.concatenate(rows), np.concatenate(found)


def _add(
    counts: NDArray[np.int64], distinct: Hashes, cells: Hashes, rows: NDArray[np.int64]
) -> None:
    """Add to the count of each distinct cell, which rise, the rows of those that are equal to it."""
    order = np.argsort(cells)  # neighbours are found in the cache
    at = np.minimum(np.searchsorted(distinct, cells[order]), len(distinct) - 1)
    there = distinct[at] == cells[order]
    np.add.at(counts, at[there], rows[order][there])


def _differ(table: _Table, left: Rows, right: Rows) -> NDArray[np.bool_]:
    """True where two rows are not the same to the letter: those are plain duplicates."""
    found = np.zeros(len(left), dtype=bool)
    for column in table.columns if len(left) else ():
        one, other = table.values(column.name, left, right)
        found |= hash_cells(one) != hash_cells(other)
    return found


def _join_without(column: Column, table: _Table, joins: Joins, needed: float) -> None:
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
