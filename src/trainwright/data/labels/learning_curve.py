"""What the next labels buy: a power law through the scores so far, and how far it can be trusted.

Loss falls as c + a n^-b. For each b of a grid the rest is a linear fit with a Gaussian posterior; the
grid is weighted by how well it explains the scores. So the interval holds what the points leave open:
the shape of the curve and their own errors. No random numbers, no start to choose.

Source: Cortes et al. 1993, Learning Curves: Asymptotic Values and Rate of Convergence (NeurIPS), eq. 1;
Hestness et al. 2017, arXiv:1712.00409 (power laws hold over orders of magnitude).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]

EXPONENTS = np.linspace(0.1, 1.5, 29)
_WIDE = 1.0  # standard deviation of the prior of c and of a (as loss at the first size)


@dataclass(frozen=True, slots=True)
class Gain:
    """How much the loss falls with more labels.

    Attributes:
        value: Expected fall of the loss.
        low: Lower end of the interval; at least 0.
        high: Upper end.
        labels: For how many more labels.
    """

    value: float
    low: float
    high: float
    labels: int


def expected_gain(
    sizes: NDArray[np.int64],
    losses: Floats,
    errors: Floats,
    *,
    more: int,
    confidence: float = 0.8,
) -> Gain:
    """What `more` labels beyond the largest size are expected to buy.

    Args:
        sizes: Numbers of labels so far, at least three distinct ones; shape (points,).
        losses: Loss (or error rate) at each, shape (points,).
        errors: Their standard errors, positive; shape (points,).
        more: Further labels.
        confidence: Of the interval.

    Raises:
        ValueError: fewer than three sizes.
    """
    if len(np.unique(sizes)) < 3:
        raise ValueError(f"a curve needs three sizes, got {len(np.unique(sizes))}")
    first, last = float(sizes.min()), float(sizes.max())
    logs, means, spreads = (np.empty(len(EXPONENTS)) for _ in range(3))
    for place, exponent in enumerate(EXPONENTS):
        design = np.column_stack([np.ones(len(sizes)), (sizes / first) ** -exponent])
        evidence, mean, covariance = _posterior(design, losses, errors)
        step = (last / first) ** -exponent - ((last + more) / first) ** -exponent
        logs[place] = evidence
        means[place] = mean[1] * step
        spreads[place] = np.sqrt(covariance[1, 1]) * step
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    outside = (1 - confidence) / 2
    low, high = (_quantile(weights, means, spreads, part) for part in (outside, 1 - outside))
    return Gain(max(0.0, float(weights @ means)), max(0.0, low), max(0.0, high), more)


def _posterior(design: Floats, values: Floats, errors: Floats) -> tuple[float, Floats, Floats]:
    """Log evidence, mean and covariance of a linear fit with Gaussian errors and prior."""
    weighted = design / errors[:, None]
    precision = weighted.T @ weighted + np.eye(2) / _WIDE**2
    covariance = np.linalg.inv(precision)
    mean: Floats = covariance @ (weighted.T @ (values / errors))
    residual = ((values - design @ mean) / errors) @ ((values - design @ mean) / errors)
    penalty = mean @ mean / _WIDE**2
    evidence = -0.5 * (residual + penalty + np.linalg.slogdet(precision)[1])
    return float(evidence), mean, np.asarray(covariance, dtype=np.float64)


def _quantile(weights: Floats, means: Floats, spreads: Floats, part: float) -> float:
    """Quantile of a mixture of normals, by bisection."""
    low = float((means - 10 * spreads).min())
    high = float((means + 10 * spreads).max())
    for _ in range(80):
        middle = (low + high) / 2
        if weights @ norm.cdf(middle, means, np.maximum(spreads, 1e-300)) < part:
            low = middle
        else:
            high = middle
    return (low + high) / 2
