"""Wrong numbers: residuals of rows that a model was not shown, each by the spread of rows like it.

Spread is learnt out of fold too (the size of residuals, from the same columns), because a table where
large houses scatter more would otherwise name the large houses. What is left is compared with a
Student t fitted to the bulk: the share of rows that it lets lie beyond a value, over the share that does,
is the chance that a row so far out is right after all.

Source: Efron 2004, JASA 99 (empirical null from the bulk of the scores); Zhou et al. 2023,
arXiv:2305.16583 (residuals by local spread for label errors of numbers).
Proof: tests/numeric/test_labels_noise.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import t as student

from trainwright.data.labels.noise import Noise

Floats = NDArray[np.float64]

_BULK = (0.5, 0.9)  # quantiles of the scores that the null goes through
_FREEDOM = (1.5, 200.0)
_LEAST_SPREAD = 0.25  # of the typical one


def standardised(residuals: Floats, spread: Floats) -> Floats:
    """|residual| by its spread, which is held to a quarter of the typical one. Shape (rows,)."""
    typical = float(np.median(np.abs(residuals)))
    least = max(_LEAST_SPREAD * typical, 1e-12)
    found: Floats = np.abs(residuals) / np.maximum(spread, least)
    return found


def estimate_outliers(scores: Floats) -> Noise:
    """How many numbers are wrong, and how probably each, by standardised residuals; shape (rows,)."""
    middle, far = np.quantile(scores, _BULK)
    if middle <= 0 or far <= middle:
        return Noise(0.0, np.zeros(len(scores)))
    freedom = _freedom(far / middle)
    scale = middle / student.ppf((1 + _BULK[0]) / 2, freedom)
    beyond = 2 * student.sf(scores / scale, freedom)  # chance of lying so far out
    order = np.argsort(-scores, kind="stable")
    seen = np.arange(1, len(scores) + 1) / len(scores)
    share = np.minimum(1.0, beyond[order] / seen)  # of all rows as far out or farther
    right = np.maximum.accumulate(share)
    # the tail's share as a chance of each row: the increments of the expected false ones
    false = np.maximum.accumulate(right * np.arange(1, len(scores) + 1))
    each = np.clip(np.diff(false, prepend=0.0), 0.0, 1.0)
    wrong = np.zeros(len(scores))
    wrong[order] = np.where(right < 1, 1 - np.maximum.accumulate(each), 0.0)
    return Noise(float(wrong.mean()), wrong)


def _freedom(ratio: float) -> float:
    """Degrees of freedom of a Student t whose bulk quantiles have this ratio."""

    def gap(freedom: float) -> float:
        low, high = (student.ppf((1 + part) / 2, freedom) for part in _BULK)
        return float(high / low - ratio)

    if gap(_FREEDOM[1]) >= 0:
        return _FREEDOM[1]
    if gap(_FREEDOM[0]) <= 0:
        return _FREEDOM[0]
    return float(brentq(gap, *_FREEDOM))
