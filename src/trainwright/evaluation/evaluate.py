"""All metrics of one split with their intervals, its slices, and the numbers behind its plots.

Values come from mergeable statistics; intervals from the units that may be taken as independent. A metric
that is not defined on the rows (a ROC AUC of one class) is left out rather than told as a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import (
    CurvePoint,
    Evaluation,
    MetricValue,
    Prediction,
    SliceResult,
    Split,
)
from trainwright.core.columns import Target
from trainwright.core.errors import DataError, TrainingError
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.choice import loss_name, row_losses
from trainwright.evaluation.decision import as_prediction
from trainwright.evaluation.judged import Judged
from trainwright.evaluation.metrics import METRICS, find_metric, metric_names
from trainwright.evaluation.plots import class_plots, forecast_plot, label_table, regression_plots
from trainwright.summaries.entities import count_entities, has_entities
from trainwright.summaries.intervals import Units
from trainwright.summaries.label_statistics import LabelStatistics
from trainwright.summaries.statistics import ClassStatistics

Floats = NDArray[np.float64]

MIN_SLICE_ROWS = 20  # smaller slices are judged together
MAX_SLICES = 20  # a column; the most frequent values, the rest together
SLICE_REPLICATES, SLICE_BLOCKS = 500, 200  # a fifth of the whole's accuracy, a fiftieth of its cost
OTHERS = "(others)"
UNTOLD = ("not told", 0.0)  # of a model that does not say how likely a text is


def evaluate(
    prediction: Prediction,
    target: Floats,
    *,
    spec: Target,
    units: NDArray[np.int64],
    split: Split,
    threshold: float | tuple[float, ...] | None,
    confidence: float = 0.95,
    slices: Mapping[str, NDArray[np.object_]] | None = None,
    curve: Sequence[CurvePoint] = (),
    seed: int = 0,
) -> Evaluation:
    """Judge predictions on rows whose target is known.

    Args:
        prediction: One a row.
        target: Class codes as whole numbers, or values; shape (rows,), of several labels (rows, labels).
            Rows where it is NaN (a class that training did not know) are refused.
        spec: What is predicted.
        units: What is resampled; shape (rows,).
        split: Which rows these are.
        threshold: The decision threshold, to be told; `prediction.values` were decided already.
        confidence: Level of the intervals.
        slices: Column -> the value of each row.
        curve: Passed on.
        seed: Of the bootstrap.

    Raises:
        DataError: no rows, or targets that are not finite.
        TrainingError: the loss is not finite.
    """
    _check(target, split)
    assert (prediction.probabilities is not None) == spec.task.has_classes
    entities = _entities(prediction, target, spec, prediction.row_words)
    judged = Judged(
        prediction,
        target,
        units=Units.of(units),
        seed=seed,
        entities=entities,
        naive_error=spec.naive_error or None,
        told=spec.task.is_language,
    )
    loss = loss_name(spec), float(np.mean(row_losses(prediction, target, spec)))
    if spec.task.is_generated and not prediction.values.any():
        loss = UNTOLD  # by its texts alone
    if not math.isfinite(loss[1]):
        raise TrainingError(
            "the loss is not finite: a prediction is not a number, or beyond what can be squared",
            where=f"split {split.value}",
            mend="look for extreme values of the target in the data report, and scale it",
        )
    sliced = [
        result
        for column, values in (slices or {}).items()
        for result in _slices(
            column,
            values,
            prediction,
            target,
            units,
            entities=entities,
            spec=spec,
            confidence=confidence,
            seed=derive_seed(seed, "slice", column),
        )
    ]
    return Evaluation(
        split=split,
        rows=len(target),
        confidence=confidence,
        metrics=_metrics(judged, spec=spec, confidence=confidence),
        loss=loss,
        slices=tuple(sliced),
        curve=tuple(curve),
        plots=_plots(judged, spec=spec, threshold=threshold, seed=seed),
        threshold=threshold,
    )


def measure(
    name: str,
    output: Floats | Prediction,
    target: Floats,
    spec: Target,
    *,
    row_words: NDArray[np.int64] | None = None,
) -> float | None:
    """One metric of raw outputs (or of a prediction), without an interval; None where not defined.

    `row_words` are the words of each row, where words are judged.

    Raises:
        RecipeError: the metric is not one of this target's.
    """
    metric = find_metric(name, spec=spec)
    prediction = output if isinstance(output, Prediction) else as_prediction(output)
    entities = _entities(prediction, target, spec, row_words)
    units = Units.of(np.arange(len(target)))
    judged = Judged(
        prediction,
        target,
        units=units,
        seed=0,
        entities=entities,
        naive_error=spec.naive_error or None,
        told=spec.task.is_language,
    )
    return metric.value(judged.statistics)


def _entities(
    prediction: Prediction, target: Floats, spec: Target, row_words: NDArray[np.int64] | None
) -> Floats | None:
    """What entity metrics are computed from, where tags are those of entities; shape (words, 3)."""
    if row_words is None or not has_entities(spec.classes):
        return None
    decided = np.asarray(prediction.values, dtype=np.int64)
    return count_entities(
        target.astype(np.int64), decided, classes=spec.classes, row_words=row_words
    )


def _metrics(judged: Judged, *, spec: Target, confidence: float) -> dict[str, MetricValue]:
    """Every metric that is defined on these rows."""
    found = {}
    for name in metric_names(spec.task, num_classes=len(spec.classes)):
        value = METRICS[name].value(judged.statistics)
        if value is not None and math.isfinite(value):
            found[name] = METRICS[name].interval(judged, value, confidence)
    return found


def _slices(
    column: str,
    values: NDArray[np.object_],
    prediction: Prediction,
    target: Floats,
    units: NDArray[np.int64],
    *,
    entities: Floats | None,
    spec: Target,
    confidence: float,
    seed: int,
) -> Iterator[SliceResult]:
    """The metrics of each value of a column, the most frequent first, the small ones together."""
    for value, rows in _slice_rows(values):
        part = Judged(
            _take(prediction, rows),
            target[rows],
            units=Units.of(units[rows]),
            seed=seed,
            replicates=SLICE_REPLICATES,
            max_blocks=SLICE_BLOCKS,
            entities=None if entities is None else entities[rows],
            naive_error=spec.naive_error or None,
            told=spec.task.is_language,
        )
        metrics = _metrics(part, spec=spec, confidence=confidence)
        yield SliceResult(column, value, len(rows), metrics)


def _slice_rows(values: NDArray[np.object_]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    names, place, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    order = np.lexsort((names, -counts))
    shown = [k for k in order[:MAX_SLICES] if counts[k] >= MIN_SLICE_ROWS]
    for k in shown:
        yield str(names[k]), np.flatnonzero(place == k)
    others = np.flatnonzero(~np.isin(place, shown))
    if len(others):
        yield OTHERS, others


def _take(prediction: Prediction, rows: NDArray[np.int64]) -> Prediction:
    probabilities = prediction.probabilities
    return Prediction(
        prediction.values[rows], None if probabilities is None else probabilities[rows]
    )


def _plots(
    judged: Judged, *, spec: Target, threshold: float | tuple[float, ...] | None, seed: int
) -> dict[str, Any]:
    if isinstance(judged.statistics, LabelStatistics):
        assert isinstance(threshold, tuple)
        return {"labels": label_table(judged.statistics, spec=spec, thresholds=threshold)}
    if isinstance(judged.statistics, ClassStatistics):
        return class_plots(judged.statistics, spec=spec)
    if judged.told:
        return {}
    values = judged.values.astype(np.float64)
    plots = regression_plots(values, judged.target, seed=derive_seed(seed, "plot"))
    if spec.horizon:
        plots["forecast"] = forecast_plot(values, judged.target, horizon=spec.horizon)
    return plots


def _check(target: Floats, split: Split) -> None:
    if len(target) == 0:
        raise DataError(
            f"the {split.value} split has no rows to judge by",
            where=f"split {split.value}",
            mend="data: {split: {fractions: [0.6, 0.2, 0.2]}}, or bring more data",
        )
    unknown = int((~np.isfinite(target.reshape(len(target), -1)).all(axis=1)).sum())
    if unknown:
        raise DataError(
            f"{unknown} of {len(target)} rows have no target, or a class that training did not know",
            where=f"split {split.value}",
            mend="remove these rows, or move them into the training rows",
        )
