"""Confidence intervals by closed form: proportions (Wilson), means (t), ROC AUC (DeLong on the logit).

What is taken to be drawn independently is the unit: a row, a group, a block of time. Each method sums
what the rows of a unit contribute and takes the variance between units, with t quantiles of
(units - 1) degrees of freedom; where every row is its own unit these are the textbook formulas.
No interval has zero width: where nothing varies, what has not been seen yet bounds it (rule of three).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from trainwright.core.artifacts import MetricValue

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDING = 1e-12  # a standard error below this, relative to the scale, is rounding: nothing varies


@dataclass(frozen=True, slots=True)
class Units:
    """Which unit each row belongs to, as positions 0 .. count - 1.

    Attributes:
        place: Shape (rows,), int64.
        count: How many units there are.
    """

    place: Integers
    count: int

    @classmethod
    def of(cls, units: Integers) -> Units:
        """Number the distinct units in rising order."""
        distinct, place = np.unique(units, return_inverse=True)
        return cls(place.astype(np.int64), len(distinct))

    @property
    def are_rows(self) -> bool:
        """True when every row is its own unit."""
        return self.count == len(self.place)

    def sums(self, values: Floats) -> Floats:
        """Sum over the rows of each unit; shape (units,)."""
        return np.bincount(self.place, weights=values, minlength=self.count).astype(np.float64)

    def take(self, rows: Integers | NDArray[np.bool_]) -> Units:
        """The units of these rows alone."""
        return Units.of(self.place[rows])


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over rows, with the standard error that comes from its units.

    Attributes:
        value: The mean.
        error: Its standard error; NaN with a single unit.
        units: How many units.
    """

    value: float
    error: float
    units: int


def mean_by_unit(values: Floats, units: Units) -> Mean:
    """Mean of `values` (rows,) and its cluster-robust standard error.

    The mean is a ratio (sum over size), linearised: a unit contributes the sum of (value - mean) / rows.

    Source: Cochran 1977, "Sampling Techniques", section 2.11 and 9.
    """
    value = math.fsum(values.tolist()) / len(values)
    contributions = units.sums(values - value) / len(values)
    return Mean(value, influence_error(contributions), units.count)


def influence_error(contributions: Floats) -> float:
    """Standard error of a statistic from what each unit adds to its linearisation (units,)."""
    count = len(contributions)
    if count < 2:
        return math.nan
    return math.sqrt(count / (count - 1) * float(np.square(contributions).sum()))


def quantile(confidence: float, units: int) -> float:
    """Two-sided t quantile with `units` - 1 degrees of freedom (units at least 2)."""
    return float(stdtrit(units - 1, (1 + confidence) / 2))


def unseen(confidence: float, count: float) -> float:
    """How large a fraction may be that `count` units did not show: the rule of three, 3.7/n at 95 %."""
    return -math.log((1 - confidence) / 2) / count


def wilson(
    fraction: float, count: float, *, confidence: float, z: float | None = None
) -> MetricValue:
    """Score interval of a proportion.

    Args:
        fraction: Observed, in [0, 1].
        count: Number of trials, above 0; may be an effective number.
        confidence: Level.
        z: Quantile to use in place of the normal one.

    Source: Wilson 1927, eq. 4; Brown, Cai & DasGupta 2001, Statistical Science 16(2), eq. 4.
    """
    z = float(ndtri((1 + confidence) / 2)) if z is None else z
    shrink = 1 + z * z / count
    centre = (fraction + z * z / (2 * count)) / shrink
    half = z / shrink * math.sqrt(fraction * (1 - fraction) / count + z * z / (4 * count * count))
    low = 0.0 if fraction == 0 else max(0.0, centre - half)
    high = 1.0 if fraction == 1 else min(1.0, centre + half)
    return MetricValue(fraction, low, high)


def proportion_interval(hits: Floats, units: Units, *, confidence: float) -> MetricValue:
    """Wilson's interval of the mean of 0/1 `hits` (rows,).

    Rows that share a unit count for fewer: the effective number of rows is what a simple sample with
    the same standard error would have, never more than the rows; where no row varies, the units.

    Source: Korn & Graubard 1998, Survey Methodology 24(2); Kish 1965 for the effective number.
    """
    mean = mean_by_unit(hits, units)
    if units.are_rows:
        return wilson(mean.value, len(hits), confidence=confidence)
    if units.count < 2:
        return wilson(mean.value, 1, confidence=confidence)
    variance = mean.value * (1 - mean.value)
    effective = (
        min(len(hits), variance / mean.error**2) if variance > 0 and mean.error > 0 else units.count
    )
    z = quantile(confidence, units.count)
    return wilson(mean.value, effective, confidence=confidence, z=z)


def mean_interval(
    values: Floats,
    units: Units,
    *,
    confidence: float,
    scale: float,
    low: float = -math.inf,
    high: float = math.inf,
) -> MetricValue:
    """Student's t interval of a mean, kept inside [low, high].

    Args:
        values: Shape (rows,).
        units: Of the rows.
        confidence: Level.
        scale: What a value not seen yet might be; used where nothing varies.
        low: Least possible mean.
        high: Greatest possible mean.
    """
    mean = mean_by_unit(values, units)
    if mean.error > ROUNDING * max(scale, abs(mean.value)):
        half = quantile(confidence, units.count) * mean.error
        return MetricValue(mean.value, max(low, mean.value - half), min(high, mean.value + half))
    return flat_interval(
        mean.value, units.count, confidence=confidence, scale=scale, low=low, high=high
    )


def flat_interval(
    value: float, count: float, *, confidence: float, scale: float, low: float, high: float
) -> MetricValue:
    """Where nothing varies among `count` units: a share of the unseen may lie `scale` away."""
    reach = unseen(confidence, count) * max(scale, abs(value) * 1e-9, 1e-12)
    return MetricValue(value, max(low, value - reach), min(high, value + reach))


@dataclass(frozen=True, slots=True)
class AucInfluence:
    """A ROC AUC and what each row adds to its linearisation.

    Attributes:
        value: The AUC.
        influence: Shape (rows,); sums to 0.
        num_positive: Rows of the positive class.
        num_negative: The others.
    """

    value: float
    influence: Floats
    num_positive: int
    num_negative: int


def auc_influence(scores: Floats, is_positive: NDArray[np.bool_]) -> AucInfluence | None:
    """ROC AUC with DeLong's structural components by midranks, O(n log n); None without both classes.

    Source: DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44(3), eq. 5-6; Sun & Xu 2014, IEEE
    Signal Processing Letters 21(11), Algorithm 2. Parity: tests/numeric/test_intervals.py.
    """
    positive, negative = scores[is_positive], scores[~is_positive]
    num_positive, num_negative = len(positive), len(negative)
    if num_positive == 0 or num_negative == 0:
        return None
    beaten = _share_below(positive, negative)  # V10: share of negatives that each positive beats
    beating = 1.0 - _share_below(
        negative, positive
    )  # V01: share of positives that beat each negative
    value = math.fsum(beaten.tolist()) / num_positive
    influence = np.empty(len(scores))
    influence[is_positive] = (beaten - value) / num_positive
    influence[~is_positive] = (beating - value) / num_negative
    return AucInfluence(value, influence, num_positive, num_negative)


def _share_below(scores: Floats, others: Floats) -> Floats:
    """Share of `others` under each score, ties half."""
    ranked = np.sort(others)
    left = np.searchsorted(ranked, scores, side="left")
    right = np.searchsorted(ranked, scores, side="right")
    return (left + right) / (2 * len(others))


def delong_error(auc: AucInfluence, is_positive: NDArray[np.bool_], units: Units) -> float:
    """Standard error of an AUC; NaN where a class has one row, or there is one unit.

    Rows as units: DeLong's S10/m + S01/n. Otherwise summed by unit first.

    Source: DeLong et al. 1988, eq. 7; Obuchowski 1997, Biometrics 53(2), for clustered rows.
    """
    return stratified_error(auc.influence, is_positive, units)


def stratified_error(influence: Floats, is_positive: NDArray[np.bool_], units: Units) -> float:
    """Standard error from influences that have mean 0 within each of the two classes."""
    if not units.are_rows:
        return influence_error(units.sums(influence))
    counts = (int(is_positive.sum()), int((~is_positive).sum()))
    if min(counts) < 2:
        return math.nan
    parts = (influence[is_positive], influence[~is_positive])
    variance = sum(
        n / (n - 1) * float(np.square(part).sum()) for n, part in zip(counts, parts, strict=True)
    )
    return math.sqrt(variance)


def logit_interval(
    value: float, error: float, *, confidence: float, count: float, units: int | None = None
) -> MetricValue:
    """Interval of a value in (0, 1) that is symmetric on the logit.

    Args:
        value: In [0, 1].
        error: Its standard error; 0 (to rounding) or NaN gives Wilson's interval with `count`.
        confidence: Level.
        count: What bounds the unseen: for an AUC the smaller class's units.
        units: Number of units, for a t quantile; None for the normal one.

    Source: Pepe 2003, "The Statistical Evaluation of Medical Tests", section 5.2.4.
    """
    if not error > ROUNDING or not 0 < value < 1:
        return wilson(value, count, confidence=confidence)
    z = float(ndtri((1 + confidence) / 2)) if units is None else quantile(confidence, units)
    centre = math.log(value / (1 - value))
    half = z * error / (value * (1 - value))
    return MetricValue(value, _expit(centre - half), _expit(centre + half))


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
