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

from trainwright.core.artifacts import Split
from trainwright.core.columns import ROW, Column, Target
from trainwright.core.protocols import Embedder, NameTagger, OutOfFold, Probe, TextClassifier
from trainwright.data.hashing import mix
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.rows import FrameRows, Rows
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
    def out_of_fold(self) -> OutOfFold | None:
        """Several families to judge labels by; None where only the probe is there."""
        ...

    @property
    def embedder(self) -> Embedder | None:
        """Encoders of texts; None where nobody gave any."""
        ...

    @property
    def classifier(self) -> TextClassifier | None:
        """Classifiers of texts; None where nobody gave any."""
        ...

    @property
    def tagger(self) -> NameTagger | None:
        """What finds names of persons; None where the recipe names nothing."""
        ...

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """What is written beside the snapshot, by its name; a detector may put a table of its own there."""
        ...

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
class TableView:
    """A view of rows that may be more than memory holds.

    Attributes:
        rows: Typed, with the target.
        row: Global positions, ascending; shape (rows,), int64.
        parts: 0 train, 1 validation, 2 test, -1 before the split; shape (rows,), int8.
        arrays: Where long arrays live.
    """

    rows: Rows
    row: NDArray[np.int64]
    parts: NDArray[np.int8]
    columns: tuple[Column, ...]
    inputs: frozenset[str]
    target: Target
    settings: DataSettings
    probe: Probe
    base: Path = Path()
    place: Callable[[int], str] = field(default=lambda row: f"row {row}", repr=False)
    arrays: Arrays = field(default_factory=Arrays, repr=False)
    out_of_fold: OutOfFold | None = None
    embedder: Embedder | None = None
    classifier: TextClassifier | None = None
    tagger: NameTagger | None = None
    tables: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def of_frame(
        cls,
        frame: pl.DataFrame,
        columns: tuple[Column, ...],
        inputs: frozenset[str],
        target: Target,
        settings: DataSettings,
        probe: Probe,
        base: Path = Path(),
        place: Callable[[int], str] = lambda row: f"row {row}",
        out_of_fold: OutOfFold | None = None,
        embedder: Embedder | None = None,
        classifier: TextClassifier | None = None,
        tagger: NameTagger | None = None,
    ) -> TableView:
        """A view of a frame in memory, which holds ROW and PART beside typed columns and target."""
        rows, row, parts = FrameRows(frame), frame[ROW].to_numpy(), frame[PART].to_numpy()
        return cls(
            rows, row, parts, columns, inputs, target, settings, probe, base, place,
            out_of_fold=out_of_fold, embedder=embedder, classifier=classifier, tagger=tagger,
        )  # fmt: skip

    @property
    def num_rows(self) -> int:
        """Rows that are still in."""
        return len(self.row)

    def blocks(self, names: Sequence[str], *, split: Split | None = None) -> Iterator[pl.DataFrame]:
        """As `View.blocks`."""
        wanted = [name for name in names if name not in (ROW, PART)]
        start = 0
        for block in self.rows.blocks(wanted) if wanted else self._lengths():
            span = slice(start, start + block.height)
            frame = self._placed(block, self.row[span], self.parts[span], wanted)
            if split is not None:
                frame = frame.filter(pl.col(PART) == PARTS.index(split))
            yield from frame.iter_slices(BLOCK_ROWS)
            start = span.stop
            self.arrays.release()

    def sample(
        self, names: Sequence[str], *, size: int, split: Split | None = None
    ) -> pl.DataFrame:
        """As `View.sample`."""
        wanted = [name for name in names if name not in (ROW, PART)]
        at = np.empty(0, dtype=np.int64)
        for span in self.arrays.spans(self.num_rows):
            mine = np.arange(span.start, span.stop)
            if split is not None:
                mine = mine[self.parts[span] == PARTS.index(split)]
            at = np.concatenate([at, mine])
            if len(at) > size:
                at = at[lowest(self.arrays.take(self.row, at), size)]
        found = self.rows.gather(wanted, at) if wanted else pl.DataFrame()
        row, parts = self.arrays.take(self.row, at), self.arrays.take(self.parts, at)
        return self._placed(found, row, parts, wanted)

    def _placed(
        self,
        block: pl.DataFrame,
        row: NDArray[np.int64],
        parts: NDArray[np.int8],
        names: Sequence[str],
    ) -> pl.DataFrame:
        """With ROW and PART in front."""
        known = [pl.Series(ROW, row), pl.Series(PART, parts)]
        return pl.DataFrame(known).hstack(block.select(names)) if names else pl.DataFrame(known)

    def _lengths(self) -> Iterator[pl.DataFrame]:
        """Blocks without columns that are asked for."""
        for start in range(0, self.num_rows, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, self.num_rows)
            yield pl.DataFrame({ROW: self.row[start:stop]})


def lowest(positions: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    """The `size` positions that hash lowest; positions are distinct. Shape (rows,)."""
    hashes = mix(positions.astype(np.uint64))
    chosen = np.zeros(len(positions), dtype=bool)
    chosen[np.argpartition(hashes, size - 1)[:size] if size else []] = True
    return chosen
