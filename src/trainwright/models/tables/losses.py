"""The proper loss that a fit watches: log loss, squared error, or absolute error for heavy tails.

A mean over rows, in nats or in the target's units (squared). Nothing else in this room judges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Examples, Target

TINIEST = 1e-12  # no probability is taken as smaller, so that no loss is infinite


def proper_loss(predicted: NDArray[np.float64], rows: Examples, target: Target) -> float:
    """Mean loss of predictions of shape (rows, classes), or (rows,), on `rows`."""
    if target.task.has_classes:
        right = predicted[np.arange(len(rows.target)), rows.target.astype(np.int64)]
        return float(-np.log(np.maximum(right, TINIEST)).mean())
    error = predicted - rows.target
    return float(np.abs(error).mean() if target.heavy_tailed else np.square(error).mean())
