"""From scores to probabilities, row by row.

A sum whose order depends on an array's shape gives other last bits for one row than for many; here
every sum runs from left to right, so that a row's answer is the same alone and in any batch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores (rows, 1) by the logistic function, or (rows, classes) by softmax."""
    if scores.shape[1] == 1:
        half = np.exp(-np.abs(scores))  # in (0, 1]: nothing overflows
        likely = 1.0 / (1.0 + half)
        unlikely = half * likely
        is_positive = scores >= 0
        return np.concatenate(
            [np.where(is_positive, unlikely, likely), np.where(is_positive, likely, unlikely)],
            axis=1,
        )
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / np.cumsum(powers, axis=1)[:, -1:])
