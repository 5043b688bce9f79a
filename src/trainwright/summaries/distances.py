"""How far two distributions are apart, from the counts of common bins or from samples.

Counts add up over blocks and machines, so a distance of counts needs no rows. An empty bin would
make the stability index infinite; half a row is added to every bin (the Jeffreys prior of a
multinomial; Jeffreys 1946), which for n rows in k bins biases it by about k/n: judge it against its
own null, not against 0.1 alone, when rows are few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PRIOR = 0.5

Counts = NDArray[np.int64] | NDArray[np.float64]


def population_stability_index(expected: Counts, actual: Counts) -> float:
    """Symmetrised Kullback-Leibler divergence of two binned distributions, in nats.

    Args:
        expected: Rows of the reference in each bin, shape (bins,), >= 0.
        actual: Live rows in each bin, shape (bins,), >= 0.

    Returns:
        In [0, inf). By custom 0.1 is small and 0.25 large.

    Source: Siddiqi 2006, "Credit Risk Scorecards", ch. 6; the divergence J of Jeffreys 1946, eq. 1.
    """
    p, q = _shares(expected, prior=PRIOR), _shares(actual, prior=PRIOR)
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon_divergence(expected: Counts, actual: Counts) -> float:
    """Mean divergence from the two distributions' middle, in bits.

    Args:
        expected: Rows in each bin, shape (bins,), >= 0, not all 0.
        actual: Likewise.

    Returns:
        In [0, 1]: 0 when equal, 1 when no bin is shared.

    Source: Lin 1991, IEEE Trans. Inf. Theory 37(1), eq. 4.1 with equal weights.
    """
    p, q = _shares(expected), _shares(actual)
    middle = (p + q) / 2
    return min(1.0, max(0.0, (_divergence(p, middle) + _divergence(q, middle)) / 2))


def kolmogorov_smirnov(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Largest gap between the distribution functions of two samples.

    Args:
        expected: Values, shape (n,), n >= 1, finite.
        actual: Values, shape (m,), m >= 1, finite.

    Returns:
        In [0, 1].

    Source: Smirnov 1939; Hodges 1958, Arkiv för Matematik 3(43), eq. 1.1.
    """
    both = np.sort(np.concatenate([expected, actual]))
    below = [
        np.searchsorted(np.sort(sample), both, side="right") / len(sample)
        for sample in (expected, actual)
    ]
    return float(np.max(np.abs(below[0] - below[1])))


def kolmogorov_smirnov_of_counts(expected: Counts, actual: Counts) -> float:
    """The same from the counts of common, ordered bins: the gap at the bins' edges.

    A lower bound of the samples' statistic, and equal to it where no bin mixes values of both.
    """
    gaps = np.cumsum(_shares(expected)) - np.cumsum(_shares(actual))
    return float(np.max(np.abs(gaps), initial=0.0))


def _shares(counts: Counts, *, prior: float = 0.0) -> NDArray[np.float64]:
    filled = np.asarray(counts, dtype=np.float64) + prior
    return np.asarray(filled / filled.sum())


def _divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Kullback-Leibler divergence in bits; a bin without rows adds nothing."""
    held = p > 0
    return float(np.sum(p[held] * np.log2(p[held] / q[held])))
