"""The proper loss that a fit watches: log loss, squared error, or absolute error for heavy tails.

A mean over rows, in nats or in the target's units (squared). Nothing else in this room judges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.columns import Target
from trainwright.core.features import Examples

TINIEST = 1e-12  # no probability is taken as smaller, so that no loss is infinite


def proper_loss(predicted: NDArray[np.float64], rows: Examples, target: Target) -> float:
    """Mean loss of predictions of shape (rows, classes), or (rows,), on `rows`."""
    if target.task.has_classes:
        right = predicted[np.arange(len(rows.target)), rows.target.astype(np.int64)]
        return float(-np.log(np.maximum(right, TINIEST)).mean())
    error = predicted - rows.target
    return float(np.abs(error).mean() if target.heavy_tailed else np.square(error).mean())


def weighted_middle(
    values: NDArray[np.float64], weights: NDArray[np.float64], *, of_absolute: bool
) -> float:
    """The number of least weighted loss: the mean, or for absolute error a median."""
    if not of_absolute:
        return float(np.average(values, weights=weights))
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    half = reached[-1] / 2
    low = values[order[np.searchsorted(reached, half * (1 - 1e-12))]]
    high = values[order[min(np.searchsorted(reached, half * (1 + 1e-12)), len(order) - 1)]]
    return float(low + high) / 2
