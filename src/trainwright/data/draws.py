"""Samples of a view's rows: those whose positions hash lowest, looked for and read once for all detectors.

The lowest rows of a part are among the lowest of any larger sample of it. So each row is hashed once, some
rows of each part are kept, and every sample is a choice among them. The short cells (numbers, times,
categories) of the rows that small samples may draw are read in one pass as well; texts and images are read
anew for those who ask. Cost: 10 ns a row; 16 bytes a row that is kept, 100,000 of a part, and six million
cells at most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.hashing import Hashes, mix
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.rows import Rows

HELD_ROWS = 100_000  # of a part whose positions are kept
SHORT_ROWS = 20_000  # of a part whose short cells are kept
_MOST_CELLS = 6_000_000
_PARTS = range(-1, 3)  # -1 before the split
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


class Draws:
    """Draws rows.

    Args:
        rows: Typed.
        row: Global positions, ascending; shape (rows,).
        parts: Of each row, from -1 to 2; shape (rows,).
        arrays: Where these live.
        short: Columns of short cells.
    """

    def __init__(
        self,
        rows: Rows,
        row: NDArray[np.int64],
        parts: NDArray[np.int8],
        arrays: Arrays,
        *,
        short: Sequence[str],
    ) -> None:
        self._rows = rows
        self._row = row
        self._parts = parts
        self._arrays = arrays
        schema = rows.schema  # made anew each time
        self._short = {name: None for name in short if name in schema}
        self._held_rows = 0
        self._held: dict[int, tuple[NDArray[np.int64], Hashes]] = {}
        self._cells: tuple[NDArray[np.int64], pl.DataFrame] | None = None

    def places(self, size: int, part: int | None) -> NDArray[np.int64]:
        """Places of the `size` lowest rows (of a part), ascending."""
        if not self._held or size > self._held_rows:
            self._held_rows = max(size, HELD_ROWS)
            self._held = self._lowest(self._held_rows)
        held = [self._held[one] for one in (_PARTS if part is None else (part,))]
        at = np.concatenate([places for places, _ in held])
        if len(at) > size:
            hashes = np.concatenate([hashes for _, hashes in held])
            at = at[np.argpartition(hashes, size - 1)[:size]] if size else at[:0]
        return np.sort(at)

    def cells(self, names: Sequence[str], size: int, part: int | None) -> pl.DataFrame:
        """The named columns of the same rows."""
        at = self.places(size, part)
        kept = [name for name in names if name in self._short] if self._keeps(size) else []
        if not kept:
            return self._rows.gather(names, at)
        if self._cells is None:
            places = np.sort(np.concatenate([self.places(SHORT_ROWS, one) for one in _PARTS]))
            self._cells = places, self._rows.gather(list(self._short), places)
        places, cells = self._cells
        found = cells.select(kept)[np.searchsorted(places, at)]
        others = [name for name in names if name not in self._short]
        if others:
            found = found.hstack(self._rows.gather(others, at))
        return found.select(names)

    def _keeps(self, size: int) -> bool:
        """Are the cells of such a sample kept? One of all parts is among those of each."""
        rows = min(len(self._row), len(_PARTS) * SHORT_ROWS)
        return size <= SHORT_ROWS and rows * len(self._short) <= _MOST_CELLS

    def _lowest(self, size: int) -> dict[int, tuple[NDArray[np.int64], Hashes]]:
        """The lowest rows of each part, with their hashes."""
        sizes = np.zeros(len(_PARTS), dtype=np.int64)
        for span in self._arrays.spans(len(self._row)):
            sizes += np.bincount(self._parts[span] + 1, minlength=len(_PARTS))
        share = (size + 8 * np.sqrt(size)) / np.maximum(
            1, sizes
        )  # surely enough; else all are looked at
        found = self._below(np.array([_limit(one) for one in share]))
        wanted = np.minimum(size, sizes).tolist()
        if any(len(found[part][0]) < n for part, n in zip(_PARTS, wanted, strict=True)):
            found = self._below(np.full(len(_PARTS), _ALL))
        for part, (at, hashes) in found.items():
            if len(at) > size:
                chosen = np.argpartition(hashes, size - 1)[:size]
                found[part] = at[chosen], hashes[chosen]
        return found

    def _below(self, limits: Hashes) -> dict[int, tuple[NDArray[np.int64], Hashes]]:
        """Rows whose hashes are not above the limit of their part."""
        none = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int8)
        pieces = [none]
        for span in self._arrays.spans(len(self._row)):
            hashes, parts = mix(self._row[span].astype(np.uint64)), self._parts[span]
            low = np.flatnonzero(hashes <= limits[parts + np.int8(1)])
            pieces.append((low + span.start, hashes[low], parts[low]))
        at, hashes, parts = (np.concatenate(some) for some in zip(*pieces, strict=True))
        return {part: (at[parts == part], hashes[parts == part]) for part in _PARTS}


def _limit(share: float) -> np.uint64:
    """Below which this share of all hashes lies."""
    return _ALL if share >= 1 else np.uint64(int(share * 2.0**64))
