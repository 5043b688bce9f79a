"""How often each value of a column occurs, of columns of few values: counted in one pass for all detectors.

Spellings, new categories, encodings, personal data and the rarity of a cell are all told by the distinct
values; where there are few of them, nobody has to go through the rows for that. A column of more than 20,000
is given up as soon as it shows them, in the first block as a rule.
Cost: 5 to 15 ns a cell; up to 80,000 values of a column are held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

MOST_LEVELS = 20_000  # of a column
_HELD = 80_000  # values, before those of several blocks are added up
_FIRST, _FEW = 4_096, 2_048  # cells of a rough column that are looked at, and values among them
VALUE, COUNT = "value", "count"


class Levels:
    """Counts the values of some columns, all when the first of them is asked for.

    Args:
        blocks: Gives the rows of named columns, block by block.
        names: Columns that may have few values.
        rough: Those that are given up when their first cells hardly repeat.
    """

    def __init__(
        self,
        blocks: Callable[[Sequence[str]], Iterator[pl.DataFrame]],
        names: Sequence[str],
        *,
        rough: Sequence[str] = (),
    ) -> None:
        self._blocks = blocks
        self._names = dict.fromkeys(names)
        self._rough = frozenset(rough)
        self._found: dict[str, pl.DataFrame] | None = None

    def of(self, name: str) -> pl.DataFrame | None:
        """Columns value (none missing) and count; None where there are more than 20,000, or nobody counts."""
        if name not in self._names:
            return None
        if self._found is None:
            self._found = self._count()
        return self._found.get(name)

    def _count(self) -> dict[str, pl.DataFrame]:
        parts: dict[str, list[pl.DataFrame]] = {name: [] for name in self._names}
        for block in self._blocks(list(self._names)):
            for name in list(parts):
                is_first = name in self._rough and not parts[name]
                if is_first and block[name].head(_FIRST).n_unique() > _FEW:
                    del parts[name]
                    continue
                mine = block[name].alias(VALUE).value_counts(name=COUNT).drop_nulls(VALUE)
                parts[name].append(mine)
                if sum(part.height for part in parts[name]) > _HELD:
                    parts[name] = [_added(parts[name])]
                if parts[name][-1].height > MOST_LEVELS:
                    del parts[name]
            if not parts:
                break
        found = {name: _added(some) for name, some in parts.items() if some}
        return {name: table for name, table in found.items() if table.height <= MOST_LEVELS}


def _added(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    if len(parts) == 1:
        return parts[0]
    return pl.concat(parts).group_by(VALUE).agg(pl.col(COUNT).sum())


def count_classes(
    blocks: Iterator[pl.DataFrame], name: str, classes: Sequence[str], part: str
) -> NDArray[np.int64]:
    """How often each class occurs in train, validation and test; shape (classes, 3).

    Args:
        blocks: Of the target and the parts.
        name: The target.
        classes: All that occur.
        part: The column of parts, 0 to 2; -1 is not counted.
    """
    kind = pl.Enum(list(classes))
    total = np.zeros(len(classes) * 4, dtype=np.int64)
    for block in blocks:
        codes = block[name].cast(pl.String).cast(kind).to_physical().cast(pl.Int64)
        cells = codes.fill_null(0).to_numpy() * 4 + block[part].to_numpy() + 1
        known = cells[codes.is_not_null().to_numpy()] if codes.null_count() else cells
        total += np.bincount(known, minlength=len(total))
    return total.reshape(len(classes), 4)[:, 1:]
