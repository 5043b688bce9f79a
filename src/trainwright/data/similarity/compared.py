"""Rows of a table by hashes of their cells: which agree in all columns but one, and how rare their cells are.

Only the rows that may be alike are held, as a rule a few (see `partners`); how often a cell occurs is counted
over all rows. What has an entry a row lives in `Arrays`; up to 128 MB of cells are kept for a second look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.data.hashing import Hashes, group_equal
from trainwright.data.similarity.cells import hashed
from trainwright.data.similarity.clusters import Rows
from trainwright.data.similarity.partners import Partners, find_partners
from trainwright.data.staging.arrays import Arrays
from trainwright.data.view import View

_FEW = 0.25  # of the rows, up to which they are held alone
_FILTER_BITS, _MOST_FILTER_BITS = 4, 23  # beyond those that number the cells that are counted
_KEPT_CELLS = 1 << 24
_TAKEN_ROWS = 1 << 16  # at a time


class ComparedRows:
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
    ) -> ComparedRows | None:
        """The rows that may be alike; all where these are a good part of them, None where there are none.

        Args:
            view: All rows.
            columns: By which they are compared, two at least.
            telling: Names of those whose values may name a row.
            arrays: Where what has an entry a row is kept.
        """
        found = find_partners(view, columns, arrays)
        one, other = found.sharing
        spans = list(arrays.spans(view.num_rows))
        number = sum(int((one[span] | other[span]).sum()) for span in spans)
        if not number:
            return None
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
