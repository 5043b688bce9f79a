"""What a detector sees of the rows: their columns, block by block or a sample, and no more.

A detector that only knows this works on a table that fits into memory and on one that does not. A
full scan goes through `blocks` with state that does not grow with the rows; what is dearer looks
at a `sample`. The rows of a sample are those whose positions hash lowest: the same on every
machine, whatever the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import ROW, Column, Split, Target
from trainwright.core.protocols import Probe
from trainwright.data.hashing import mix
from trainwright.recipe.data import DataSettings

PART = "__part__"  # int8: 0 train, 1 validation, 2 test, -1 before the split
PARTS = (Split.TRAIN, Split.VALIDATION, Split.TEST)
BLOCK_ROWS = 65_536


class View(Protocol):
    """The typed rows that are still in."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns but the target, in source order; those that are left out are among them."""
        ...

    @property
    def inputs(self) -> frozenset[str]:
        """The columns that a model may use."""
        ...

    @property
    def target(self) -> Target: ...

    @property
    def settings(self) -> DataSettings: ...

    @property
    def base(self) -> Path:
        """The recipe's folder, where its paths start."""
        ...

    @property
    def probe(self) -> Probe: ...

    @property
    def num_rows(self) -> int: ...

    def blocks(self, names: Sequence[str], *, split: Split | None = None) -> Iterator[pl.DataFrame]:
        """The rows in order, 65,536 at most a block: ROW, PART and the named columns.

        Args:
            names: Columns; the target's name may be among them.
            split: Only the rows of this part.
        """
        ...

    def sample(
        self, names: Sequence[str], *, size: int, split: Split | None = None
    ) -> pl.DataFrame:
        """At most `size` rows in order, drawn without regard to what is in them."""
        ...

    def place(self, row: int) -> str:
        """FILE:LINE of a row given by its global position."""
        ...


@dataclass(frozen=True, slots=True)
class FrameView:
    """A view of a frame that is in memory.

    Attributes:
        frame: ROW, PART, and typed columns with the target.
    """

    frame: pl.DataFrame
    columns: tuple[Column, ...]
    inputs: frozenset[str]
    target: Target
    settings: DataSettings
    probe: Probe
    base: Path = Path()
    place: Callable[[int], str] = field(default=lambda row: f"row {row}", repr=False)

    @property
    def num_rows(self) -> int:
        """Rows that are still in."""
        return self.frame.height

    def blocks(self, names: Sequence[str], *, split: Split | None = None) -> Iterator[pl.DataFrame]:
        yield from self._rows(names, split).iter_slices(BLOCK_ROWS)

    def sample(
        self, names: Sequence[str], *, size: int, split: Split | None = None
    ) -> pl.DataFrame:
        rows = self._rows(names, split)
        return rows if rows.height <= size else rows.filter(lowest(rows[ROW].to_numpy(), size))

    def _rows(self, names: Sequence[str], split: Split | None) -> pl.DataFrame:
        rows = self.frame.select(ROW, PART, *(name for name in names if name not in (ROW, PART)))
        return rows if split is None else rows.filter(pl.col(PART) == PARTS.index(split))


def lowest(positions: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    """The `size` positions that hash lowest; positions are distinct. Shape (rows,)."""
    hashes = mix(positions.astype(np.uint64))
    chosen = np.zeros(len(positions), dtype=bool)
    chosen[np.argpartition(hashes, size - 1)[:size] if size else []] = True
    return chosen
