"""How far two distributions are apart, from the counts of common bins.

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
    p, q = _shares(expected), _shares(actual)
    return float(np.sum((q - p) * np.log(q / p)))


def _shares(counts: Counts) -> NDArray[np.float64]:
    filled = np.asarray(counts, dtype=np.float64) + PRIOR
    return np.asarray(filled / filled.sum())
