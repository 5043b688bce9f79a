"""One split in memory, as every part of the flow passes it around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import UNIT, Snapshot, Split, Target, Task
from trainwright.data.snapshot import read_split


@dataclass(frozen=True, slots=True)
class Rows:
    """Typed rows with their target and resampling units.

    Attributes:
        frame: All columns of the snapshot's file, in row order.
        target: Class codes as whole float64 numbers, or values; shape (rows,).
        units: What is resampled for an interval; shape (rows,), int64.
    """

    frame: pl.DataFrame
    target: NDArray[np.float64]
    units: NDArray[np.int64]

    def take(self, positions: NDArray[np.int64]) -> Rows:
        """These rows, in this order."""
        return Rows(self.frame[positions], self.target[positions], self.units[positions])

    def then(self, other: Rows) -> Rows:
        """These rows followed by the other ones."""
        return Rows(
            pl.concat([self.frame, other.frame]),
            np.concatenate([self.target, other.target]),
            np.concatenate([self.units, other.units]),
        )


def load_rows(snapshot: Snapshot, split: Split) -> Rows:
    """Read one split. The test split is for `flow.evaluation`, behind the lockbox, alone."""
    return as_rows(read_split(snapshot, split), snapshot.target)


def as_rows(frame: pl.DataFrame, target: Target) -> Rows:
    """Encode the target of a frame that came from a snapshot."""
    return Rows(
        frame, encode_target(frame[target.name], target), frame[UNIT].to_numpy().astype(np.int64)
    )


def encode_target(values: pl.Series, target: Target) -> NDArray[np.float64]:
    """Class codes or numbers as float64.

    NaN where missing, or where the class is not a known one.
    """
    if target.task is Task.REGRESSION:
        return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    codes = {label: float(code) for code, label in enumerate(target.classes)}
    encoded = values.cast(pl.String).replace_strict(
        codes, default=float("nan"), return_dtype=pl.Float64
    )
    return encoded.fill_null(float("nan")).to_numpy()
