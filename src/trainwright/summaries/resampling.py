"""Bootstrap intervals (BCa) for metrics that are functions of sums, by resampling whole units.

A unit (row, group, block of time) contributes a vector; a metric is a function of the vectors' sum.
A replicate is then one row of integer weights times the contributions, so that all metrics share one
weight matrix and a replicate costs a matrix product, not a pass over rows. Beyond 1,000 units they are
dealt at random (seeded) into 1,000 blocks of equal size, which are resampled instead: the variance is
estimated from 1,000 draws, 4.5 % relative error, and the cost stays that of 1,000 units.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from trainwright.core.artifacts import MetricValue
from trainwright.summaries.intervals import ROUNDING, Floats, Integers, Units, quantile

REPLICATES = 2_000
MAX_BLOCKS = 1_000
RESOLVED = 0.99  # levels above are reached by stretching: the tails hold too few replicates

# Sums of shape (replicates, parts) to values of shape (replicates,); NaN where it is not defined.
Statistic = Callable[[Floats], Floats]


class Resampler:
    """Draws of one set of rows, shared by all metrics on them.

    Args:
        units: Of the rows.
        seed: Same seed, same draws.
        replicates: How many draws.
        max_blocks: Units beyond this number are dealt into so many blocks.
    """

    def __init__(
        self,
        units: Units,
        *,
        seed: int,
        replicates: int = REPLICATES,
        max_blocks: int = MAX_BLOCKS,
    ) -> None:
        self.units = units
        generator = np.random.default_rng(seed)
        self.blocks = min(units.count, max_blocks)
        dealt = generator.permutation(units.count) % self.blocks
        self.place: Integers = dealt[units.place].astype(np.int64)
        even = np.full(self.blocks, 1 / self.blocks)
        self._weights = generator.multinomial(self.blocks, even, size=replicates).astype(np.float64)

    def sums(self, values: Floats) -> Floats:
        """Contribution of each block: `values` (rows, parts) summed; shape (blocks, parts)."""
        return np.stack(
            [np.bincount(self.place, weights=column, minlength=self.blocks) for column in values.T],
            axis=1,
        )

    def counts(self, cell: Integers, num_cells: int) -> Floats:
        """Contribution of each block: rows in each cell; shape (blocks, cells)."""
        flat = np.bincount(self.place * num_cells + cell, minlength=self.blocks * num_cells)
        return flat.reshape(self.blocks, num_cells).astype(np.float64)

    def interval(
        self,
        contributions: Floats,
        statistic: Statistic,
        *,
        value: float,
        confidence: float,
        low: float = -math.inf,
        high: float = math.inf,
    ) -> MetricValue | None:
        """Interval around `value`, or None where the replicates do not vary.

        The arms of the bootstrap interval are set at `value` and widened for few units by
        t / z * sqrt(n / (n - 1)).

        Args:
            contributions: Shape (blocks, parts).
            statistic: Of sums; its value may differ from `value` by how the parts are binned.
            value: The metric as it is told.
            confidence: Level.
            low: Least possible value.
            high: Greatest possible value.

        Source: Hesterberg 2015, The American Statistician 69(4), section 3.2, for the widening.
        """
        if self.blocks < 2:
            return None
        total = contributions.sum(axis=0)
        centre = float(statistic(total[None, :])[0])
        replicates = statistic(self.draw(contributions))
        jackknife = statistic(total - contributions)
        return self.between(
            centre, replicates, jackknife, value=value, confidence=confidence, low=low, high=high
        )

    def between(
        self,
        centre: float,
        replicates: Floats,
        jackknife: Floats,
        *,
        value: float,
        confidence: float,
        low: float,
        high: float,
    ) -> MetricValue | None:
        """The same of a statistic whose replicates are known, and its value `centre` on all units."""
        replicates = replicates[np.isfinite(replicates)]
        jackknife = jackknife[np.isfinite(jackknife)]
        if not math.isfinite(centre) or len(replicates) < 100 or np.ptp(replicates) <= ROUNDING:
            return None
        bounds = bootstrap_bounds(
            centre, replicates, jackknife, confidence=min(confidence, RESOLVED)
        )
        arms = centre - bounds[0], bounds[1] - centre
        return self.widened(value, arms, confidence=confidence, low=low, high=high)

    def draw(self, contributions: Floats) -> Floats:
        """Sums of each replicate; shape (replicates, parts).

        Contributions are rounded to 2**-40 of the largest, so that every sum is exact: the same bits for
        any number of BLAS threads and any order of adding.
        """
        largest = np.abs(contributions).max(axis=0)
        grain = np.exp2(np.ceil(np.log2(np.where(largest > 0, largest, 1.0))) - 40)
        return np.asarray((self._weights @ np.round(contributions / grain)) * grain)

    def widened(
        self,
        value: float,
        arms: tuple[float, float],
        *,
        confidence: float,
        low: float,
        high: float,
    ) -> MetricValue | None:
        """Arms of an interval at level min(confidence, RESOLVED), brought to `confidence` and few units.

        None where that leaves no width.
        """
        level = min(confidence, RESOLVED)
        stretch = quantile(confidence, self.blocks) / float(ndtri((1 + level) / 2))
        stretch *= math.sqrt(self.blocks / (self.blocks - 1))
        below, above = (max(0.0, arm) * stretch for arm in arms)
        found = MetricValue(value, max(low, value - below), min(high, value + above))
        return found if found.high - found.low > ROUNDING * max(1.0, abs(value)) else None


def bootstrap_bounds(
    value: float, replicates: Floats, jackknife: Floats, *, confidence: float
) -> tuple[float, float]:
    """BCa where it can be trusted; the reflected interval where bias outweighs spread.

    When nearly all replicates lie on one side of the value, the bias correction leaves their range;
    2 * value - quantile stays.

    Source: Efron 1987, JASA 82(397); Davison & Hinkley 1997, section 5.2.1 for the reflected one.
    """
    tail = (1 - confidence) / 2
    below = float(np.mean(replicates < value) + np.mean(replicates == value) / 2)
    if tail < below < 1 - tail:
        return bca_bounds(value, replicates, jackknife, confidence=confidence)
    low, high = np.quantile(replicates, [1 - tail, tail])
    return 2 * value - float(low), 2 * value - float(high)


def bca_bounds(
    value: float, replicates: Floats, jackknife: Floats, *, confidence: float
) -> tuple[float, float]:
    """The bias-corrected and accelerated interval.

    Args:
        value: The statistic of all units.
        replicates: Of resampled units, shape (replicates,).
        jackknife: With one unit left out each, shape (units,).
        confidence: Level.

    Source: Efron 1987, JASA 82(397), eq. 2.3 and 6.6; Efron & Tibshirani 1993, eq. 14.9-14.15.
    Parity with scipy.stats.bootstrap: tests/numeric/test_resampling.py.
    """
    below = float(np.mean(replicates < value) + np.mean(replicates == value) / 2)
    bias = float(ndtri(below))
    spread = jackknife.mean() - jackknife
    power = float((spread**2).sum()) ** 1.5
    skew = float((spread**3).sum()) / (6 * power) if power > 0 else 0.0
    z = ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    shares: NDArray[np.float64] = ndtr(bias + (bias + z) / (1 - skew * (bias + z)))
    low, high = np.quantile(replicates, shares)
    return float(low), float(high)
