"""What a random split gains over another one: the probe's loss under random folds and under others.

A row's loss is bounded (half the Brier score; the squared error of the target's ranks), and divided by what
knowing nothing loses: skill is 1 minus that. Two ways to cut the same rows into five folds, on the same
columns, differ in their losses row by row; the standard error of the mean difference is between units that
are alike (groups, stretches of time). Equal rows share a random fold, as they share a split.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.protocols import Probe
from trainwright.data.hashing import Hashes, hash_rows, positions
from trainwright.data.leakage.bench import encode
from trainwright.data.leakage.scores import Values, ranks
from trainwright.data.view import View
from trainwright.summaries.intervals import Mean, Units, mean_by_unit

Integers = NDArray[np.int64]

NUM_FOLDS = 5
UNREADABLE = (ColumnType.TEXT, ColumnType.IMAGE, ColumnType.WORDS, ColumnType.SERIES)
_SHRINK = 2.0  # rows that the prior counts for in a group's mean


@dataclass(frozen=True)
class Trial:
    """Train rows as numbers.

    Attributes:
        rows: Global positions, ascending; shape (rows,), int64.
        values: Inputs that the probe can read, by name, NaN where missing; shape (rows,) each.
        wanted: Indicators of the classes, or ranks in [0, 1]; shape (rows, columns).
        codes: What the probe learns: class codes or ranks; shape (rows,).
        task: What is predicted.
        hashes: Of the rows' inputs; shape (rows,).
        probe: A quick model.
    """

    rows: Integers
    values: dict[str, Values]
    wanted: Values
    codes: Values
    task: Task
    hashes: Hashes
    probe: Probe

    @property
    def random_folds(self) -> Integers:
        """As a random split would cut them."""
        return (positions(self.hashes, "leakage", "trial") * NUM_FOLDS).astype(np.int64)

    @property
    def null_loss(self) -> float:
        """Of knowing only how often each class occurs, or the mean rank."""
        return float(
            _loss(np.broadcast_to(self.wanted.mean(axis=0), self.wanted.shape), self.wanted).mean()
        )

    def losses(
        self, folds: Integers, *, without: Collection[str] = (), groups: Integers | None = None
    ) -> Values:
        """Of each row, told by a model that did not see its fold; shape (rows,).

        Args:
            folds: Fold of each row.
            without: Columns that the model does not see.
            groups: Also told is the mean answer of the row's group in the other folds.
        """
        columns = [values for name, values in self.values.items() if name not in without]
        if groups is not None:
            columns += list(_group_means(self.wanted, groups, folds).T)
        if not columns:
            return _loss(np.broadcast_to(self.wanted.mean(axis=0), self.wanted.shape), self.wanted)
        told = self.probe(np.column_stack(columns), self.codes, folds=folds, task=self.task.value)
        told = told[:, None] if told.ndim == 1 else told
        return _loss(told, self.wanted[:, : told.shape[1]])


@dataclass(frozen=True, slots=True)
class Gap:
    """What a random split gains.

    Attributes:
        random: Skill under random folds, 1 is perfect, 0 knows nothing.
        other: Skill under the other folds.
        difference: Their difference, with its standard error between units.
    """

    random: float
    other: float
    difference: Mean

    def is_clear(self, errors: float, *, least: float, ratio: float) -> bool:
        """Beyond so many standard errors, and worth a word.

        Args:
            errors: Standard errors, at least.
            least: Difference of skill, at least.
            ratio: The loss under the other folds over that under random folds, at least.
        """
        clear = self.difference.value > max(least, errors * self.difference.error)
        return clear and 1 - self.other >= ratio * (1 - self.random)

    def told(self) -> str:
        """In words, with the interval at 95 %."""
        half = 1.96 * self.difference.error
        low, high = self.difference.value - half, self.difference.value + half
        return (
            f"skill {self.random:.3f} against {self.other:.3f}, {self.difference.value:.3f} less"
            f" ({low:.3f} to {high:.3f})"
        )


def compare(trial: Trial, random: Values, other: Values, units: Integers) -> Gap:
    """Losses of each row under random folds and under others; `units` of rows that are alike."""
    null = trial.null_loss
    difference = mean_by_unit((other - random) / null, Units.of(units))
    return Gap(1 - float(random.mean()) / null, 1 - float(other.mean()) / null, difference)


def build_trial(view: View, frame: pl.DataFrame) -> Trial | None:
    """Of train rows with their inputs and the target; None where there is nothing to tell."""
    target = view.target
    columns = readable(view)
    codes, wanted = encode_target(frame[target.name], target)
    if not columns or frame.height < 2 * NUM_FOLDS or not np.ptp(codes):
        return None
    names = [column.name for column in columns]
    return Trial(
        frame[ROW].to_numpy(),
        {name: encode(frame[name]) for name in names},
        wanted,
        codes,
        target.task,
        hash_rows(frame, names),
        view.probe,
    )


def readable(view: View) -> Sequence[Column]:
    """Inputs that the probe can read."""
    return [c for c in view.columns if c.name in view.inputs and c.type not in UNREADABLE]


def judged(view: View) -> bool:
    """Tasks of one answer a row."""
    return view.target.task in (Task.CLASSIFICATION, Task.REGRESSION)


def encode_target(values: pl.Series, target: Target) -> tuple[Values, Values]:
    """What a probe learns, (rows,), and what its answers are held to, (rows, columns)."""
    if target.task is Task.REGRESSION:
        numbers = values.cast(pl.Float64).to_numpy()
        scaled = ranks(numbers) / len(numbers)
        return scaled, scaled[:, None]
    present = [label for label in target.classes if (values == label).any()]
    codes = {label: float(code) for code, label in enumerate(present)}
    numbers = values.replace_strict(codes, return_dtype=pl.Float64).to_numpy()
    return numbers, (numbers[:, None] == np.arange(len(codes))).astype(np.float64)


def _loss(told: Values, wanted: Values) -> Values:
    found: Values = np.square(told - wanted).sum(axis=1) / (2 if wanted.shape[1] > 1 else 1)
    return found


def _group_means(wanted: Values, groups: Integers, folds: Integers) -> Values:
    """Mean answer of each row's group over the other folds, shrunk to that of all; (rows, columns)."""
    num_groups, num_folds = int(groups.max()) + 1, int(folds.max()) + 1
    cells = folds * num_groups + groups
    counts = np.bincount(cells, minlength=num_folds * num_groups).reshape(num_folds, num_groups)
    others = (counts.sum(axis=0) - counts)[folds, groups]
    found = np.empty_like(wanted)
    for k in range(wanted.shape[1]):
        sums = np.bincount(cells, wanted[:, k], num_folds * num_groups).reshape(counts.shape)
        outside = (sums.sum(axis=0) - sums)[folds, groups]
        found[:, k] = (outside + _SHRINK * wanted[:, k].mean()) / (others + _SHRINK)
    return found
