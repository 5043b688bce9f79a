"""Does the model still do as well as it did on its reference, now that the truth has come?

Live quality has an interval, as the reference's has; an alarm is raised where the live one lies
wholly on the worse side of the other. Proportions have Wilson's interval (1927), means Student's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction

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
    message = f"worse than the reference: {', '.join(worse)}" if worse else "as on the reference"
    return {"known": count, "alarm": bool(worse), "message": message, "metrics": metrics}


def _silent(count: int, message: str) -> dict[str, Any]:
    return {"known": count, "alarm": False, "message": message, "metrics": {}}


def _measure(
    prediction: Prediction, truth: Floats, known: NDArray[np.bool_]
) -> dict[str, tuple[float, float, float]]:
    """Metric -> (value, low, high)."""
    said = np.asarray(prediction.values, dtype=np.float64)[known]
    if prediction.probabilities is None:
        errors = said - truth[known]
        return {
            "rmse": _mean_interval(errors**2, np.sqrt),
            "mae": _mean_interval(np.abs(errors), np.asarray),
        }
    codes = truth[known].astype(np.int64)
    chances = prediction.probabilities[known][np.arange(len(codes)), codes]
    losses = -np.log(np.clip(chances, _SMALLEST, 1.0))
    return {
        "accuracy": _wilson(int(np.sum(said == codes)), len(codes)),
        "log_loss": _mean_interval(losses, np.asarray),
    }


def _against(
    reference: Mapping[str, Any] | None,
    measured: tuple[float, float, float],
    *,
    higher_is_better: bool,
) -> dict[str, Any]:
    """A metric beside the reference's, and whether its interval lies wholly on the worse side."""
    value, low, high = measured
    alarm = reference is not None and bool(
        high < reference["low"] if higher_is_better else low > reference["high"]
    )
    return {"value": value, "low": low, "high": high, "reference": reference, "alarm": alarm}


def _wilson(hits: int, total: int) -> tuple[float, float, float]:
    """A proportion with Wilson's score interval."""
    from scipy.stats import norm

    z = norm.ppf(0.5 + _CONFIDENCE / 2)
    share = hits / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return share, float(max(0.0, middle - half)), float(min(1.0, middle + half))


def _mean_interval(values: Floats, scale: Callable[[Any], Any]) -> tuple[float, float, float]:
    """`scale` of a mean, and of the ends of Student's interval for it."""
    from scipy.stats import t

    mean = float(values.mean())
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    half = float(t.ppf(0.5 + _CONFIDENCE / 2, len(values) - 1)) * error
    return float(scale(mean)), float(scale(max(0.0, mean - half))), float(scale(mean + half))
