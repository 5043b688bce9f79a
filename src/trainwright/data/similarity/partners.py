"""Rows of which another one may be the same but for one cell: few, as a rule, and found by few columns.

Of two disjoint sets of columns, two rows that differ in one cell agree in all of the one or all of the other.
So a row that shares its cells of neither set with another row has no near-duplicate, whatever stands in the
other columns, and these need not be read. A sample shows which small sets hardly any two rows share: columns
of many values, numbers and times before words, which are dearer to read. Nothing is missed by a bad choice;
it costs time.

Cost: hashes of some columns, about 10 ns a cell (30 of decimals), and a sort of two keys a row, 30 ns; beyond
a million rows 18 bytes a row on disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.data.hashing import Hashes, hash_cells, hash_text, mix
from trainwright.data.similarity.cells import agreed
from trainwright.data.staging.arrays import Arrays
from trainwright.data.view import View

SAMPLE_ROWS = 20_000
_SHARING = (
    0.1  # of the rows, that may share a set: to look at them costs as much as a further column
)
_NO_GAIN = 0.9  # of the pairs that share a set, which a further column must leave at most
_TRIED = 6  # columns that are weighed at a time
_COSTS = {ColumnType.NUMBER: 3.0, ColumnType.CATEGORY: 4.0, ColumnType.TEXT: 6.0}


@dataclass(frozen=True, slots=True)
class Partners:
    """Rows that share a set of columns with another one.

    Attributes:
        sets: Names of two disjoint sets of columns.
        sharing: Of each set, True for the rows that do; shape (rows,) each.
    """

    sets: tuple[frozenset[str], frozenset[str]]
    sharing: tuple[NDArray[np.bool_], NDArray[np.bool_]]

    def without(self, name: str | None) -> NDArray[np.bool_]:
        """Rows that may agree with another one in all columns but this one."""
        return self.sharing[1] if name in self.sets[0] else self.sharing[0]


def find_partners(view: View, columns: Sequence[Column], arrays: Arrays) -> Partners:
    """Look for them.

    Args:
        view: The rows.
        columns: By which rows are compared, two at least.
        arrays: Where what has an entry a row is kept.
    """
    sets = choose_sets(view, columns)
    factors = {column.name: hash_text(column.name) | np.uint64(1) for column in columns}
    keys: tuple[Hashes, Hashes] = (
        arrays.empty(view.num_rows, np.uint64),
        arrays.empty(view.num_rows, np.uint64),
    )
    at = 0
    for block in view.blocks([column.name for some in sets for column in some]):
        for found, some in zip(keys, sets, strict=True):
            total = np.zeros(block.height, np.uint64)
            for column in some:
                total += _key(block[column.name], column, factors[column.name])
            found[at : at + block.height] = mix(total)
        at += block.height
        arrays.release()
    one, other = (_sharing(found, arrays) for found in keys)
    first, second = (frozenset(column.name for column in some) for some in sets)
    return Partners((first, second), (one, other))


def choose_sets(view: View, columns: Sequence[Column]) -> tuple[list[Column], list[Column]]:
    """Two disjoint sets of columns that few rows share, as a sample shows."""
    sample = view.sample([column.name for column in columns], size=SAMPLE_ROWS)
    keys = {c.name: _key(sample[c.name], c, hash_text(c.name) | np.uint64(1)) for c in columns}
    pairs = sample.height * (sample.height - 1) / 2
    alone = {name: _pairs(found) for name, found in keys.items()}
    wanted = _SHARING / max(1, view.num_rows) * pairs
    left = sorted(columns, key=lambda one: np.log((alone[one.name] + 1) / (pairs + 1)) / _cost(one))
    sets: tuple[list[Column], list[Column]] = ([], [])
    sums = [np.zeros(sample.height, np.uint64), np.zeros(sample.height, np.uint64)]
    sharing = [pairs + 1.0, pairs + 1.0]
    while left and max(sharing) > wanted:
        side = int(sharing[1] > sharing[0])
        tried = [_pairs(sums[side] + keys[column.name]) for column in left[:_TRIED]]
        gains = [
            np.log((found + 1) / (sharing[side] + 1)) / _cost(column)
            for found, column in zip(tried, left, strict=False)
        ]
        place = int(np.argmin(gains))
        if sets[side] and tried[place] > _NO_GAIN * sharing[side]:
            break
        best = left.pop(place)
        sets[side].append(best)
        sums[side] += keys[best.name]
        sharing[side] = tried[place]
    return sets


def _cost(column: Column) -> float:
    return 1.0 if column.integer else _COSTS.get(column.type, 1.0)


def _key(values: pl.Series, column: Column, factor: np.uint64) -> Hashes:
    """What is added up to a key of several columns."""
    found: Hashes = hash_cells(agreed(values, column)) * factor
    return found


def _pairs(keys: Hashes) -> float:
    """Pairs of rows with one key."""
    ordered = np.sort(keys)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    sizes = np.diff(starts, append=len(ordered)).astype(np.float64)
    return float((sizes * (sizes - 1)).sum() / 2)


def _sharing(keys: Hashes, arrays: Arrays) -> NDArray[np.bool_]:
    """Rows whose key another row has as well; overwrites the keys.

    The last bits of a key make room for the row's number, so that one sort of numbers finds both. So some
    rows are taken to share a key that they do not: they are looked at in vain.
    """
    num_rows = len(keys)
    bits = np.uint64(max(1, (num_rows - 1).bit_length()))
    found = arrays.full(num_rows, False, np.bool_)
    for span in arrays.spans(num_rows):
        some = keys[span] >> bits << bits
        some |= np.arange(span.start, span.stop, dtype=np.uint64)
        some.sort()
        keys[span] = some
    lead = max(0, (num_rows - 1) // arrays.sorted_rows).bit_length()
    parts = 1 << lead
    edges = np.arange(1, parts, dtype=np.uint64) << np.uint64((64 - lead) % 64)
    spans = list(arrays.spans(num_rows))
    cuts = [
        [0, *np.searchsorted(keys[span], edges).tolist(), span.stop - span.start] for span in spans
    ]
    for part in range(parts):
        near = [keys[s][cut[part] : cut[part + 1]] for s, cut in zip(spans, cuts, strict=True)]
        some = np.concatenate(near)
        some.sort()
        same = (some[1:] ^ some[:-1]) >> bits == 0
        rows = np.append(same, False) | np.append(False, same)
        at = (some[rows[: len(some)]] & np.uint64((1 << int(bits)) - 1)).astype(np.int64)
        arrays.put(found, np.sort(at), np.ones(len(at), dtype=bool))
    return found
