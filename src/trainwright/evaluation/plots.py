"""The numbers behind the report's plots, thinned, as JSON values.

curves of two classes:  roc, precision_recall: {"x": [...], "y": [...]} of at most 200 points
classification:         calibration: {"told", "observed", "rows"} a bin;
                        confusion: {"classes", "counts"} (true class by decided class)
regression:             residuals: {"edges", "counts"}; predicted_actual: {"predicted", "actual"}
several labels:         labels: {"label", "rows", "told", "threshold", "precision",
                        "recall", "f1", "average_precision"}, one entry a label, the commonest first
forecasting:            forecast: {"step", "actual", "predicted"} of the first windows, one after another
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.columns import Target
from trainwright.summaries.label_statistics import LabelStatistics
from trainwright.summaries.statistics import ClassStatistics, RankCounts

MAX_POINTS = 200
MAX_CLASSES = 30  # a larger confusion matrix cannot be read
_RESIDUAL_BINS = 40

Floats = NDArray[np.float64]


def class_plots(seen: ClassStatistics, *, spec: Target) -> dict[str, Any]:
    """Plots of a classification, from its statistics alone."""
    plots: dict[str, Any] = {"calibration": _calibration(seen)}
    if len(spec.classes) <= MAX_CLASSES:
        plots["confusion"] = {"classes": list(spec.classes), "counts": seen.confusion.tolist()}
    ranks = seen.ranks[0]
    if len(seen.ranks) == 1 and ranks.positives.any() and ranks.negatives.any():
        plots["roc"] = _roc(ranks)
        plots["precision_recall"] = _precision_recall(ranks)
    return plots


def label_table(
    seen: LabelStatistics, *, spec: Target, thresholds: tuple[float, ...]
) -> dict[str, list[Any]]:
    """How each label is found, the commonest first; None where a number is not defined."""
    order = np.lexsort((np.arange(len(spec.classes)), -seen.counts[0]))
    there, told, both = (part[order].tolist() for part in seen.counts)

    def shares(parts: list[int], wholes: list[int]) -> list[float | None]:
        return [part / whole if whole else None for part, whole in zip(parts, wholes, strict=True)]

    return {
        "label": [spec.classes[k] for k in order],
        "rows": there,
        "told": told,
        "threshold": [thresholds[k] for k in order],
        "precision": shares(both, told),
        "recall": shares(both, there),
        "f1": shares([2 * k for k in both], [a + b for a, b in zip(there, told, strict=True)]),
        "average_precision": [seen.ranks[k].average_precision for k in order],
    }


def regression_plots(predicted: Floats, target: Floats, *, seed: int) -> dict[str, Any]:
    """Plots of a regression.

    The outer 1 % of residuals on each side is put into the end bins, so that one outlier does not flatten
    the histogram.
    """
    residuals = predicted - target
    low, high = np.quantile(residuals, [0.01, 0.99])
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(
        np.clip(residuals, low, high), bins=_RESIDUAL_BINS, range=(low, high)
    )
    shown = np.arange(len(target))
    if len(shown) > MAX_POINTS:
        drawn = np.random.default_rng(seed).choice(len(shown), MAX_POINTS, replace=False)
        shown = np.sort(drawn)
    return {
        "residuals": {"edges": edges.tolist(), "counts": counts.tolist()},
        "predicted_actual": {
            "predicted": predicted[shown].tolist(),
            "actual": target[shown].tolist(),
        },
    }


def forecast_plot(predicted: Floats, target: Floats, *, horizon: int) -> dict[str, list[float]]:
    """The first windows beside what came true: as many whole ones as make at most 200 steps."""
    steps = horizon * max(1, min(len(target), MAX_POINTS) // horizon)
    return {
        "step": [float(step) for step in range(1, len(target[:steps]) + 1)],
        "actual": target[:steps].tolist(),
        "predicted": predicted[:steps].tolist(),
    }


def _calibration(seen: ClassStatistics) -> dict[str, list[float]]:
    filled = np.flatnonzero(seen.bin_rows)
    return {
        "told": [float(seen.bin_probability[k].value / seen.bin_rows[k]) for k in filled],
        "observed": [float(seen.bin_hits[k] / seen.bin_rows[k]) for k in filled],
        "rows": [int(seen.bin_rows[k]) for k in filled],
    }


def _roc(ranks: RankCounts) -> dict[str, list[float]]:
    x = np.concatenate([[0], np.cumsum(ranks.negatives[::-1])]) / ranks.negatives.sum()
    y = np.concatenate([[0], np.cumsum(ranks.positives[::-1])]) / ranks.positives.sum()
    return _thinned(x, y)


def _precision_recall(ranks: RankCounts) -> dict[str, list[float]]:
    hits = np.cumsum(ranks.positives[::-1])
    called = hits + np.cumsum(ranks.negatives[::-1])
    return _thinned(hits / hits[-1], hits / called)


def _thinned(x: Floats, y: Floats) -> dict[str, list[float]]:
    """At most 200 points at even steps of the curve's length; the ends stay."""
    if len(x) > MAX_POINTS:
        length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        kept = np.searchsorted(length, np.linspace(0, length[-1], MAX_POINTS))
        kept = np.unique(np.clip(kept, 0, len(x) - 1))
        x, y = x[kept], y[kept]
    return {"x": x.tolist(), "y": y.tolist()}
