"""What a detector sees of the rows: their columns, block by block or a sample, and no more.

A detector that only knows this works on a table that fits into memory and on one that does not. A
full scan goes through `blocks` with state that does not grow with the rows; what is dearer looks
at a `sample`. The rows of a sample are those whose positions hash lowest: the same on every
machine, whatever the blocks. What several detectors would look for in all rows, the counts of values of
columns of few values, is counted once (`counts`).
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
from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.protocols import Embedder, NameTagger, OutOfFold, Probe, TextClassifier
from trainwright.data.draws import Draws
from trainwright.data.levels import Levels, count_classes
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.rows import FrameRows, Rows
from trainwright.recipe.data import DataSettings

PART = "__part__"  # int8: 0 train, 1 validation, 2 test, -1 before the split
PARTS = (Split.TRAIN, Split.VALIDATION, Split.TEST)
BLOCK_ROWS = 65_536
_SHORT = (
    ColumnType.NUMBER, ColumnType.BOOLEAN, ColumnType.CATEGORY, ColumnType.DATETIME, ColumnType.IDENTIFIER,
)  # fmt: skip
_COUNTED = (  # together, since who asks for one of them asks for others
    (ColumnType.CATEGORY, ColumnType.IDENTIFIER),
    (ColumnType.NUMBER, ColumnType.DATETIME),
)


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

    def take(self, names: Sequence[str], at: NDArray[np.int64]) -> pl.DataFrame:
        """The rows at these places among those that are still in, ascending."""
        ...

    def counts(self, name: str) -> pl.DataFrame | None:
        """The values of a column that is no text: `value` (none missing) and `count`.

        None where there are more than 20,000.
        """
        ...

    def class_counts(self) -> NDArray[np.int64]:
        """Rows of each class in train, validation and test; shape (classes, 3)."""
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
    _draws: Draws = field(init=False, repr=False, compare=False)
    _levels: tuple[Levels, ...] = field(init=False, repr=False, compare=False)
    _classes: list[NDArray[np.int64]] = field(
        init=False, default_factory=list, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """What is looked for once for all."""
        short = [column.name for column in self.columns if column.type in _SHORT]
        if self.target.task in (Task.CLASSIFICATION, Task.REGRESSION):
            short.append(self.target.name)
        draws = Draws(self.rows, self.row, self.parts, self.arrays, short=short)
        rough = [c.name for c in self.columns if c.type is ColumnType.NUMBER and not c.integer]
        levels = tuple(
            Levels(self.rows.blocks, [c.name for c in self.columns if c.type in kinds], rough=rough)
            for kinds in _COUNTED
        )
        object.__setattr__(self, "_draws", draws)
        object.__setattr__(self, "_levels", levels)

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
        part = None if split is None else PARTS.index(split)
        found = self._draws.cells(wanted, size, part) if wanted else pl.DataFrame()
        return self._at(found, self._draws.places(size, part), wanted)

    def take(self, names: Sequence[str], at: NDArray[np.int64]) -> pl.DataFrame:
        """As `View.take`."""
        wanted = [name for name in names if name not in (ROW, PART)]
        found = self.rows.gather(wanted, at) if wanted else pl.DataFrame()
        return self._at(found, at, wanted)

    def counts(self, name: str) -> pl.DataFrame | None:
        """As `View.counts`."""
        return next((found for one in self._levels if (found := one.of(name)) is not None), None)

    def class_counts(self) -> NDArray[np.int64]:
        """As `View.class_counts`."""
        if not self._classes:
            blocks, name = self.blocks([self.target.name]), self.target.name
            self._classes.append(count_classes(blocks, name, self.target.classes, PART))
        return self._classes[0]

    def _at(self, found: pl.DataFrame, at: NDArray[np.int64], names: Sequence[str]) -> pl.DataFrame:
        row, parts = self.arrays.take(self.row, at), self.arrays.take(self.parts, at)
        return self._placed(found, row, parts, names)

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
