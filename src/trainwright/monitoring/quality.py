"""Does the model still do as well as it did on its reference, now that the truth has come?

Live quality has an interval, as the reference's has; an alarm is raised where the live one lies
wholly on the worse side of the other. Proportions have Wilson's interval (1927), means Student's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue, Prediction
from trainwright.summaries.intervals import Units, mean_interval, wilson

_HIGHER_IS_BETTER = {"accuracy": True, "log_loss": False, "rmse": False, "mae": False}
_CONFIDENCE = 0.95
_SMALLEST = 1e-15  # probability, so that a log loss is finite

Floats = NDArray[np.float64]


def live_quality(
    reference: Mapping[str, Any],
    prediction: Prediction,
    *,
    target: NDArray[Any] | None,
    min_rows: int,
) -> dict[str, Any]:
    """Metrics of the rows whose target is known.

    Args:
        reference: Metric -> {value, low, high} on the reference.
        prediction: What the model said.
        target: Class codes or values, shape (rows,), NaN where not known; or None.
        min_rows: Fewer known rows are "insufficient data".

    Returns:
        {known, alarm, message, metrics: {NAME: {value, low, high, reference, alarm}}}; `known` is
        how many rows have a target.
    """
    if target is None:
        return _silent(0, "no targets came with these rows")
    truth = np.asarray(target, dtype=np.float64)
    known = np.isfinite(truth)
    count = int(known.sum())
    if count < min_rows:
        return _silent(
            count, f"insufficient data: {count} rows have a target, of {min_rows} needed"
        )
    metrics = {
        name: _against(reference.get(name), measured, higher_is_better=_HIGHER_IS_BETTER[name])
        for name, measured in _measure(prediction, truth, known).items()
    }
    worse = [name for name, found in metrics.items() if found["alarm"]]
    message = (
        f"worse than the reference: {', '.join(worse)}"
        if worse
        else "not worse than on the reference"
    )
    return {"known": count, "alarm": bool(worse), "message": message, "metrics": metrics}


def _silent(count: int, message: str) -> dict[str, Any]:
    return {"known": count, "alarm": False, "message": message, "metrics": {}}


def _measure(
    prediction: Prediction, truth: Floats, known: NDArray[np.bool_]
) -> dict[str, MetricValue]:
    """Each metric with its interval."""
    said = np.asarray(prediction.values, dtype=np.float64)[known]
    if prediction.probabilities is None:
        errors = said - truth[known]
        square = _mean(errors**2)
        root = MetricValue(*(math.sqrt(end) for end in (square.value, square.low, square.high)))
        return {"rmse": root, "mae": _mean(np.abs(errors))}
    codes = truth[known].astype(np.int64)
    chances = prediction.probabilities[known][np.arange(len(codes)), codes]
    losses = -np.log(np.clip(chances, _SMALLEST, 1.0))
    return {
        "accuracy": wilson(float(np.mean(said == codes)), len(codes), confidence=_CONFIDENCE),
        "log_loss": _mean(losses),
    }


def _against(
    reference: Mapping[str, Any] | None,
    measured: MetricValue,
    *,
    higher_is_better: bool,
) -> dict[str, Any]:
    """A metric beside the reference's, and whether its interval lies wholly on the worse side."""
    alarm = reference is not None and bool(
        measured.high < reference["low"] if higher_is_better else measured.low > reference["high"]
    )
    return {**measured.to_json(), "reference": reference, "alarm": alarm}


def _mean(values: Floats) -> MetricValue:
    """Mean of values >= 0 with Student's interval; rows are taken to be independent."""
    rows = Units.of(np.arange(len(values)))
    largest = float(values.max())
    return mean_interval(values, rows, confidence=_CONFIDENCE, scale=largest, low=0.0)
