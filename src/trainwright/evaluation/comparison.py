"""Two models on the same rows: is the difference more than chance? Paired, between units.

Mean losses by a paired t test; ROC AUCs by DeLong's paired test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr

from trainwright.core.errors import DataError
from trainwright.summaries.intervals import (
    ROUNDING,
    Units,
    auc_influence,
    mean_by_unit,
    quantile,
    stratified_error,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A difference between two models, a - b.

    Attributes:
        difference: Of mean losses, or of AUCs.
        low: Of its interval.
        high: Of its interval.
        p_value: Two-sided, of no difference.
        confidence: Level of the interval.
        rows: Compared.
        units: Independent ones among them.
    """

    difference: float
    low: float
    high: float
    p_value: float
    confidence: float
    rows: int
    units: int

    @property
    def is_significant(self) -> bool:
        """The interval leaves 0 out."""
        return self.low > 0 or self.high < 0

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "p_value": self.p_value,
            "confidence": self.confidence,
            "rows": self.rows,
            "units": self.units,
            "significant": self.is_significant,
        }


def compare_losses(
    a: Floats, b: Floats, *, units: NDArray[np.int64], confidence: float = 0.95
) -> Comparison:
    """Paired t test of mean losses; negative where a is better.

    Args:
        a: Loss a row of one model, shape (rows,).
        b: Of the other, on the same rows.
        units: Of the rows.
        confidence: Level of the interval.

    Raises:
        DataError: fewer than two units, or the rows differ.
    """
    clusters = _clusters(units, len(a), len(b))
    mean = mean_by_unit(a - b, clusters)
    if mean.error <= ROUNDING * abs(
        mean.value
    ):  # every unit differs by the same: identical models, or a constant shift
        return _certain(mean.value, len(a), clusters.count, confidence)
    half = quantile(confidence, clusters.count) * mean.error
    p_value = 2 * float(stdtr(clusters.count - 1, -abs(mean.value) / mean.error))
    return Comparison(
        mean.value,
        mean.value - half,
        mean.value + half,
        p_value,
        confidence,
        len(a),
        clusters.count,
    )


def compare_auc(
    a: Floats,
    b: Floats,
    is_positive: NDArray[np.bool_],
    *,
    units: NDArray[np.int64],
    confidence: float = 0.95,
) -> Comparison:
    """DeLong's paired test of two ROC AUCs; positive where a is better.

    Args:
        a: Scores of one model, shape (rows,).
        b: Of the other, on the same rows.
        is_positive: Shape (rows,).
        units: Of the rows.
        confidence: Level of the interval.

    Raises:
        DataError: a class is absent, fewer than two units, or the rows differ.

    Source: DeLong et al. 1988, Biometrics 44(3), eq. 8; the covariance by the difference of influences.
    """
    clusters = _clusters(units, len(a), len(b))
    first, second = auc_influence(a, is_positive), auc_influence(b, is_positive)
    if first is None or second is None:
        raise DataError(
            "a ROC AUC needs rows of both classes",
            where="the rows that both models judged",
            mend="compare by log loss, or on more rows",
        )
    difference = first.value - second.value
    error = stratified_error(first.influence - second.influence, is_positive, clusters)
    if not error > ROUNDING:
        return _certain(difference, len(a), clusters.count, confidence)
    z = float(ndtri((1 + confidence) / 2))
    p_value = 2 * float(ndtr(-abs(difference) / error))
    return Comparison(
        difference,
        difference - z * error,
        difference + z * error,
        p_value,
        confidence,
        len(a),
        clusters.count,
    )


def _certain(difference: float, rows: int, units: int, confidence: float) -> Comparison:
    """Where no unit differs from another: as sure as so many units can be, by the sign test."""
    reach = abs(difference) * -math.log((1 - confidence) / 2) / units
    p_value = 1.0 if difference == 0 else 2.0 ** (1 - units)
    return Comparison(
        difference, difference - reach, difference + reach, p_value, confidence, rows, units
    )


def _clusters(units: NDArray[np.int64], num_a: int, num_b: int) -> Units:
    if num_a != num_b or num_a != len(units):
        raise DataError(
            f"{num_a} rows against {num_b}: a paired test needs the same rows",
            where="compare",
            mend="compare runs of one snapshot",
        )
    clusters = Units.of(units)
    if clusters.count < 2:
        raise DataError(
            f"{num_a} rows of {clusters.count} independent unit: nothing to compare by",
            where="compare",
            mend="compare on more rows",
        )
    return clusters
