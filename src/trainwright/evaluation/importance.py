"""Permutation importance: how much the loss grows when a column's values are dealt to other rows.

It tells what the fitted model leans on, not what causes the target; of two columns that say the same, each
looks less important than both. A column is permuted within the rows judged, all else stays.

Source: Breiman 2001, Machine Learning 45; Fisher, Rudin & Dominici 2019, JMLR 20(177).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Target
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.choice import row_losses
from trainwright.summaries.intervals import Units, mean_by_unit


def permutation_importance(
    predict: Callable[[pl.DataFrame], Prediction],
    frame: pl.DataFrame,
    target: NDArray[np.float64],
    *,
    spec: Target,
    columns: Sequence[str],
    units: NDArray[np.int64],
    seed: int,
    repeats: int = 3,
    max_rows: int = 5_000,
) -> dict[str, tuple[float, float]]:
    """Increase of the mean loss, and its standard error between units, for each column.

    Args:
        predict: The model's.
        frame: Typed rows.
        target: Class codes as whole numbers, or values; shape (rows,).
        spec: The target.
        columns: Which to permute; each has its own stream of randomness.
        units: Of the rows, for the standard error (0 where there is one unit).
        seed: Of sample and permutations.
        repeats: Permutations a column, averaged row by row.
        max_rows: A sample of so many rows is judged where there are more.
    """
    frame, target, units = _sample(frame, target, units, seed=seed, max_rows=max_rows)
    clusters = Units.of(units)
    before = row_losses(predict(frame), target, spec)
    found = {}
    for column in columns:
        increase = np.zeros(len(target))
        for repeat in range(repeats):
            generator = np.random.default_rng(derive_seed(seed, "permute", column, repeat))
            dealt = frame[column].gather(generator.permutation(len(target)))
            increase += row_losses(predict(frame.with_columns(dealt)), target, spec) - before
        mean = mean_by_unit(increase / repeats, clusters)
        found[column] = (mean.value, mean.error if clusters.count > 1 else 0.0)
    return found


def _sample(
    frame: pl.DataFrame,
    target: NDArray[np.float64],
    units: NDArray[np.int64],
    *,
    seed: int,
    max_rows: int,
) -> tuple[pl.DataFrame, NDArray[np.float64], NDArray[np.int64]]:
    if len(target) <= max_rows:
        return frame, target, units
    generator = np.random.default_rng(derive_seed(seed, "sample"))
    kept = np.sort(generator.choice(len(target), max_rows, replace=False))
    return frame[kept], target[kept], units[kept]
