"""pass@k: how likely it is that one of k programs passes, estimated from n that were drawn.

Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", arXiv:2107.03374, eq. 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue
from trainwright.core.errors import DataError
from trainwright.summaries.intervals import Units, mean_interval


def pass_at_k(passed: Sequence[Sequence[bool]], *, k: int, confidence: float = 0.95) -> MetricValue:
    """The mean over problems, with an interval over problems.

    Args:
        passed: Of each problem, whether each of its programs passed.
        k: Programs of which one must pass.
        confidence: Level of the interval.

    Raises:
        DataError: no problems, or one with fewer than `k` programs.
    """
    sizes = np.array([len(programs) for programs in passed], dtype=np.int64)
    if not len(sizes) or sizes.min() < k or k < 1:
        raise DataError(
            f"pass@{k} needs {k} programs a problem, and there are"
            f" {sizes.min() if len(sizes) else 'no problems'}",
            where="pass@k",
            mend=f"draw {max(1, k)} programs a problem, or more",
        )
    hits = np.array([sum(programs) for programs in passed], dtype=np.int64)
    return mean_interval(
        chances(sizes, hits, k=k),
        Units.of(np.arange(len(sizes))),
        confidence=confidence,
        scale=1.0,
        low=0.0,
        high=1.0,
    )


def chances(sizes: NDArray[np.int64], hits: NDArray[np.int64], *, k: int) -> NDArray[np.float64]:
    """1 - C(n - c, k) / C(n, k) of each problem: the unbiased estimate, as a product of k factors.

    Args:
        sizes: Programs of each problem, n, at least `k`; shape (problems,).
        hits: Those that passed, c; shape (problems,).
        k: Programs of which one must pass.
    """
    drawn = np.arange(k)
    misses = (sizes - hits)[:, None] - drawn
    found: NDArray[np.float64] = 1.0 - np.prod(
        np.maximum(misses, 0) / (sizes[:, None] - drawn), axis=1
    )
    return found
