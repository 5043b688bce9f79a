"""The metrics of values and of forecasts: how each is computed, how its interval is."""

from __future__ import annotations

import math

import numpy as np

from trainwright.core.artifacts import MetricValue
from trainwright.core.columns import Task
from trainwright.evaluation.judged import Judged, Metric, told
from trainwright.summaries import intervals
from trainwright.summaries.intervals import Floats
from trainwright.summaries.statistics import RegressionStatistics


def _rmse(seen: RegressionStatistics) -> float:
    return math.sqrt(seen.squared_error.value / seen.rows)


def _mae(seen: RegressionStatistics) -> float:
    return seen.absolute_error.value / seen.rows


def _mase(seen: RegressionStatistics) -> float | None:
    """Mean absolute error in units of the seasonal-naive one within train, the same for all series.

    Source: Hyndman & Koehler 2006 (International Journal of Forecasting 22, 679-688), sect. 3.
    """
    return _mae(seen) / seen.naive_error if seen.naive_error else None


def _r2(seen: RegressionStatistics) -> float | None:
    spread = seen.target_spread
    return 1 - seen.squared_error.value / spread if seen.rows > 1 and spread > 0 else None


def _mae_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    return told(
        value,
        intervals.mean_interval(
            np.abs(judged.values - judged.target),
            judged.units,
            confidence=confidence,
            scale=_target_scale(judged),
            low=0.0,
        ),
    )


def _mase_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    """That of the mean absolute error; what it is divided by belongs to train and is fixed."""
    assert judged.naive_error
    scale = judged.naive_error
    found = _mae_interval(judged, value * scale, confidence)
    return MetricValue(value, found.low / scale, found.high / scale)


def _rmse_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    draws = judged.resampler
    error = judged.values - judged.target
    found = draws.interval(
        draws.sums(np.stack([error * error, np.ones_like(error)], axis=1)),
        lambda sums: np.sqrt(sums[:, 0] / sums[:, 1]),
        value=value,
        confidence=confidence,
        low=0.0,
    )
    return found or _flat(judged, value, confidence, high=math.inf)


def _r2_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    draws = judged.resampler
    error = judged.values - judged.target
    centred = judged.target - judged.target.mean()
    parts = [error * error, centred, centred * centred, np.ones_like(error)]

    def r2(sums: Floats) -> Floats:
        spread = sums[:, 2] - sums[:, 1] ** 2 / sums[:, 3]
        there = spread > 0
        missed = np.divide(sums[:, 0], spread, out=np.full_like(spread, np.nan), where=there)
        return 1 - missed

    found = draws.interval(
        draws.sums(np.stack(parts, axis=1)), r2, value=value, confidence=confidence, high=1.0
    )
    reach = intervals.unseen(confidence, judged.units.count)
    return found or MetricValue(value, value - reach, min(1.0, value + reach))


def _flat(judged: Judged, value: float, confidence: float, *, high: float) -> MetricValue:
    return intervals.flat_interval(
        value,
        judged.units.count,
        confidence=confidence,
        scale=max(abs(value), _target_scale(judged)),
        low=0.0,
        high=high,
    )


def _target_scale(judged: Judged) -> float:
    """How far targets lie from their mean, or from 0 where they are all one."""
    spread = float(np.abs(judged.target - judged.target.mean()).mean())
    return spread or float(np.abs(judged.target).max()) or 1.0


REGRESSION_METRICS = (
    Metric("rmse", Task.REGRESSION, greater_is_better=False, value=_rmse, interval=_rmse_interval),
    Metric("mae", Task.REGRESSION, greater_is_better=False, value=_mae, interval=_mae_interval),
    Metric(
        "mase",
        Task.FORECASTING,
        greater_is_better=False,
        value=_mase,
        interval=_mase_interval,
    ),
    Metric("r2", Task.REGRESSION, greater_is_better=True, value=_r2, interval=_r2_interval),
)
