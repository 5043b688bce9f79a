"""Does the model still do as well as it did on its reference, now that the truth has come?

A single day may be bad without the model being so. The reference's interval, which was made from its
units (rows, groups, days), tells how much one unit's quality varies, and so how much that of as many
live rows may: in time with Hurst's persistence, elsewhere at the rate 1 / n (see `movement`). An
alarm is raised where a metric is worse by more than that, by Student's t, corrected over the metrics
(Holm). Live intervals are Wilson's (1927) and Student's, or as wide as movement makes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue, Prediction
from trainwright.monitoring.movement import freedom_of_variance, growth
from trainwright.monitoring.multiplicity import holm
from trainwright.summaries.intervals import Units, mean_interval, wilson
from trainwright.summaries.label_statistics import jaccard_of_rows
from trainwright.summaries.language import bits_of_rows

_TOLD = "bits_per_byte"
_HIGHER_IS_BETTER = {
    "accuracy": True,
    "subset_accuracy": True,
    "jaccard": True,
    "hamming_loss": False,
    "log_loss": False,
    "rmse": False,
    "mae": False,
    _TOLD: False,
}
OTHER_CLASS = -1.0  # the code of a class that the model does not know, which it can only get wrong
_CONFIDENCE = 0.95
_SMALLEST = 1e-15  # probability, so that a log loss is finite

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Record:
    """Over how much the reference's quality was measured.

    Attributes:
        rows: Answers that it judged: one a row, or several.
        units: What its intervals were made from: as many rows, groups or days.
        hurst: How movement persists from unit to unit.
    """

    rows: int
    units: int
    hurst: float


def live_quality(
    reference: Mapping[str, Any],
    prediction: Prediction,
    *,
    target: NDArray[Any] | None,
    record: Record,
    min_rows: int,
    false_alarm_rate: float,
) -> dict[str, Any]:
    """Metrics of the rows whose target is known.

    Args:
        reference: Metric -> {value, low, high} on the reference.
        prediction: What the model said.
        target: Class codes or values, shape (rows,), of several labels (rows, labels), NaN where not known;
            or None. `OTHER_CLASS` counts as
            wrong, and has no part in the log loss: no probability is claimed for it.
        record: Of the reference.
        min_rows: Fewer known rows are "insufficient data".
        false_alarm_rate: Chance of an alarm over all metrics where nothing got worse.

    Returns:
        {known, alarm, message, metrics: {NAME: {value, low, high, reference, p_value, alarm}}};
        `known` is how many rows have a target; p_value and reference are None where the reference
        has no such metric.
    """
    if target is None:
        return _silent(0, "no targets came with these rows")
    truth = np.asarray(target, dtype=np.float64)
    finite = np.isfinite(truth)
    known = np.asarray(finite.all(axis=1)) if truth.ndim == 2 else finite
    count = int(known.sum())
    if count < min_rows:
        return _silent(
            count, f"insufficient data: {count} rows have a target, of {min_rows} needed"
        )
    metrics = {
        name: _against(
            reference.get(name),
            measured,
            length=count * record.units / max(1, record.rows),
            record=record,
            higher_is_better=_HIGHER_IS_BETTER[name],
        )
        for name, measured in _measure(prediction, truth, known, told=_TOLD in reference).items()
    }
    judged = [found for found in metrics.values() if found["reference"]]
    adjusted = holm(np.array([found["p_value"] for found in judged]))
    for found, p_value in zip(judged, adjusted, strict=True):
        found |= {"p_value": float(p_value), "alarm": bool(p_value < false_alarm_rate)}
    return {
        "known": count,
        "alarm": any(found["alarm"] for found in judged),
        "message": _message(metrics) + _others(prediction, truth),
        "metrics": metrics,
    }


def _silent(count: int, message: str) -> dict[str, Any]:
    return {"known": count, "alarm": False, "message": message, "metrics": {}}


def _message(metrics: Mapping[str, Any]) -> str:
    """What got worse, with its numbers."""
    worse = [
        f"{name} {found['value']:.4g} against {found['reference']['value']:.4g}"
        for name, found in metrics.items()
        if found["alarm"]
    ]
    if worse:
        return f"worse than on the reference: {', '.join(worse)}"
    return "not worse than on the reference"


def _others(prediction: Prediction, truth: Floats) -> str:
    """How many answers have a class that the model does not know."""
    count = int((truth == OTHER_CLASS).sum()) if prediction.probabilities is not None else 0
    return f"; {count:,} answers are of a class that the model does not know" if count else ""


def _measure(
    prediction: Prediction, truth: Floats, known: NDArray[np.bool_], *, told: bool
) -> dict[str, MetricValue]:
    """Each metric with its interval; `told`: texts are judged by the bits spent on them."""
    said = np.asarray(prediction.values, dtype=np.float64)[known]
    if told:
        return {_TOLD: _mean(bits_of_rows(said, truth[known]))}
    if prediction.probabilities is None:
        errors = said - truth[known]
        square = _mean(errors**2)
        root = MetricValue(*(math.sqrt(end) for end in (square.value, square.low, square.high)))
        return {"rmse": root, "mae": _mean(np.abs(errors))}
    codes = truth[known].astype(np.int64)
    if codes.ndim == 2:
        return _of_labels(said.astype(np.int64), codes)
    accuracy = wilson(float(np.mean(said == codes)), len(codes), confidence=_CONFIDENCE)
    ours = np.flatnonzero(codes != OTHER_CLASS)
    if not len(ours):
        return {"accuracy": accuracy}
    chances = prediction.probabilities[known][ours, codes[ours]]
    return {
        "accuracy": accuracy,
        "log_loss": _mean(-np.log(np.clip(chances, _SMALLEST, 1.0))),
    }


def _of_labels(said: NDArray[np.int64], true: NDArray[np.int64]) -> dict[str, MetricValue]:
    """Of several labels a row how right whole rows are; both of shape (rows, labels)."""
    exact = float((said == true).all(axis=1).mean())
    return {
        "subset_accuracy": wilson(exact, len(true), confidence=_CONFIDENCE),
        "jaccard": _mean(jaccard_of_rows(true, said)),
        "hamming_loss": _mean((said != true).mean(axis=1)),
    }


def _against(
    reference: Mapping[str, Any] | None,
    measured: MetricValue,
    *,
    length: float,
    record: Record,
    higher_is_better: bool,
) -> dict[str, Any]:
    """A metric beside the reference's, and the chance that it is as much worse without a cause.

    Args:
        reference: {value, low, high}, or None.
        measured: On the live rows, as if they were independent.
        length: Live rows, in units of the reference.
        record: Of the reference.
        higher_is_better: Which side is worse.
    """
    from scipy.stats import t as student

    if reference is None:
        return {**measured.to_json(), "reference": None, "p_value": None, "alarm": False}
    units = max(2, record.units)
    before = (reference["high"] - reference["low"]) / 2 / float(student.isf(0.025, units - 1))
    alone = (measured.high - measured.low) / 2 / float(student.isf(0.025, np.inf))
    both = before**2 * units * growth(length, blocks=units, hurst=record.hurst)
    freedom = freedom_of_variance(blocks=units, hurst=record.hurst)
    gap = measured.value - reference["value"]
    worse = (-gap if higher_is_better else gap) / math.sqrt(max(both, alone**2 + before**2))
    half = math.sqrt(max(0.0, both - before**2)) * float(student.isf(0.025, freedom))
    shown = {
        "value": measured.value,
        "low": max(0.0, min(measured.low, measured.value - half)),
        "high": max(measured.high, measured.value + half),
    }
    if higher_is_better:  # a share
        shown["high"] = min(1.0, shown["high"])
    return {**shown, "reference": reference, "p_value": float(student.sf(worse, freedom))}


def _mean(values: Floats) -> MetricValue:
    """Mean of values >= 0 with Student's interval; rows are taken to be independent."""
    rows = Units.of(np.arange(len(values)))
    largest = float(values.max())
    return mean_interval(values, rows, confidence=_CONFIDENCE, scale=largest, low=0.0)
