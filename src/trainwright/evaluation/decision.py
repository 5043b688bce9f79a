"""From raw probabilities to what is told: a calibrator that earns its keep, and a threshold.

Each is fitted on validation rows, so a number printed for the same rows would flatter. `cross_fit_decision`
therefore fits on all folds but one and applies to that one; `fit_decision`, on all rows, is what the
package keeps. A calibrator stays only where its held-out log loss is lower by more than the standard
error of the paired difference. The threshold is for two classes; with more, the most probable one is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Target
from trainwright.core.protocols import Calibrator
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.calibration import (
    IsotonicCalibrator,
    PriorCalibrator,
    TemperatureCalibrator,
)
from trainwright.evaluation.class_metrics import balanced_accuracy
from trainwright.evaluation.fair_threshold import FairnessLimit
from trainwright.evaluation.folds import assign_folds
from trainwright.evaluation.metrics import METRICS
from trainwright.summaries.intervals import Units, mean_by_unit
from trainwright.summaries.statistics import log_losses

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RARE = 0.2  # a class that holds less gets a threshold
MIN_CALIBRATION_ROWS = 100
MIN_ISOTONIC_ROWS = 1_000
FOLDS = 5
Method = type[TemperatureCalibrator] | type[IsotonicCalibrator] | type[PriorCalibrator]
METHODS: tuple[Method, ...] = (TemperatureCalibrator, IsotonicCalibrator)
# Where classes were weighed or sampled, which shifts what a model takes for their shares.
REBALANCED: tuple[Method, ...] = (PriorCalibrator, *METHODS)


@dataclass(frozen=True, slots=True)
class Decision:
    """How raw probabilities become a prediction.

    Attributes:
        calibrator: Or None, where none improves on the raw probabilities.
        threshold: Class 1 is told from this probability on; None for the most probable class; of several
            labels one for each (`evaluation.label_decision`).
    """

    calibrator: Calibrator | None
    threshold: float | tuple[float, ...] | None

    def apply(self, probabilities: Floats) -> Prediction:
        """Calibrated probabilities and decided classes; of several labels 1 where one is told."""
        calibrated = self.calibrator.apply(probabilities) if self.calibrator else probabilities
        if isinstance(self.threshold, tuple):
            told = calibrated >= np.array(self.threshold)
            return Prediction(told.astype(np.int64), calibrated)
        return Prediction(decide(calibrated, self.threshold), calibrated)


def as_prediction(output: Floats) -> Prediction:
    """A model's raw output as it stands: (rows,) values, or (rows, classes) with the most probable class."""
    return Prediction(output) if output.ndim == 1 else Prediction(decide(output, None), output)


def decide(probabilities: Floats, threshold: float | None) -> Integers:
    """The class told for each row; shape (rows,). Equal probabilities go to the first class."""
    if threshold is None:
        return np.asarray(np.argmax(probabilities, axis=1), dtype=np.int64)
    is_positive: NDArray[np.bool_] = probabilities[:, 1] >= threshold
    return is_positive.astype(np.int64)


def fit_decision(
    probabilities: Floats,
    codes: Integers,
    units: Integers,
    *,
    spec: Target,
    seed: int,
    by_time: bool = False,
    metric: str | None = None,
    methods: Sequence[Method] = METHODS,
    limit: FairnessLimit | None = None,
) -> Decision:
    """Calibrator and threshold from all rows given.

    Args:
        probabilities: Raw, shape (rows, classes).
        codes: True classes, shape (rows,).
        units: Kept whole when the calibrator is tried; shape (rows,).
        spec: The target.
        seed: Of the folds.
        by_time: Folds are contiguous blocks.
        metric: `evaluation.metric`: where it judges decided classes of two, the threshold is the one
            that maximises it.
        methods: Calibrators to try.
        limit: How far apart groups of these rows may be at the threshold.
    """
    assert probabilities.shape == (len(codes), len(spec.classes))
    calibrator = _fit_calibrator(
        probabilities, codes, units, seed=seed, by_time=by_time, methods=methods
    )
    calibrated = calibrator.apply(probabilities) if calibrator else probabilities
    return Decision(calibrator, _fit_threshold(calibrated, codes, metric=metric, limit=limit))


def cross_fit_decision(
    probabilities: Floats,
    codes: Integers,
    units: Integers,
    *,
    spec: Target,
    folds: int = FOLDS,
    seed: int,
    by_time: bool,
    metric: str | None = None,
    methods: Sequence[Method] = METHODS,
    limit: FairnessLimit | None = None,
) -> Prediction:
    """Calibrated probabilities and decided classes of rows that taught neither.

    The arguments are `fit_decision`'s. With a single unit there is nothing to hold out: the raw
    probabilities and the most probable class.
    """
    fold = _fold_of(codes, units, folds=folds, seed=derive_seed(seed, "outer"), by_time=by_time)
    values, calibrated = decide(probabilities, None), probabilities.copy()
    for number in np.unique(fold) if fold.any() else ():
        judged, learnt = fold == number, fold != number
        decision = fit_decision(
            probabilities[learnt],
            codes[learnt],
            units[learnt],
            spec=spec,
            seed=derive_seed(seed, "inner", int(number)),
            by_time=by_time,
            metric=metric,
            methods=methods,
            limit=None if limit is None else limit.of(learnt),
        )
        told = decision.apply(probabilities[judged])
        values[judged], calibrated[judged] = told.values, told.probabilities
    return Prediction(values, calibrated)


def _fold_of(codes: Integers, units: Integers, *, folds: int, seed: int, by_time: bool) -> Integers:
    """Fold of each row; fewer folds where units are few, all 0 with one unit."""
    folds = min(folds, len(np.unique(units)))
    return assign_folds(codes, units, folds=folds, seed=seed, by_time=by_time)


def _fit_calibrator(
    probabilities: Floats,
    codes: Integers,
    units: Integers,
    *,
    seed: int,
    by_time: bool,
    methods: Sequence[Method],
) -> Calibrator | None:
    """The calibrator of least held-out log loss, if it beats the raw one by over a standard error."""
    if len(codes) < MIN_CALIBRATION_ROWS or len(np.unique(codes)) < 2:
        return None
    fold = _fold_of(codes, units, folds=FOLDS, seed=derive_seed(seed, "trial"), by_time=by_time)
    if not fold.any():
        return None
    raw = log_losses(probabilities, codes)
    clusters = Units.of(units)
    best: Method | None = None
    best_gain = 0.0
    for method in methods:
        if method is IsotonicCalibrator and (
            probabilities.shape[1] != 2 or len(codes) < MIN_ISOTONIC_ROWS
        ):
            continue
        told = held_out(method, probabilities, codes, fold)
        gain = mean_by_unit(raw - log_losses(told, codes), clusters)
        if gain.value > gain.error and gain.value > best_gain:
            best, best_gain = method, gain.value
    return best.fit(probabilities, codes) if best else None


def held_out(
    method: Method,
    probabilities: Floats,
    codes: Integers,
    fold: Integers,
) -> Floats:
    """Each fold's rows, calibrated by the others."""
    result = np.empty_like(probabilities)
    for number in np.unique(fold):
        judged = fold == number
        fitted = method.fit(probabilities[~judged], codes[~judged])
        result[judged] = fitted.apply(probabilities[judged])
    return result


def _fit_threshold(
    probabilities: Floats, codes: Integers, *, metric: str | None, limit: FairnessLimit | None
) -> float | None:
    """The threshold of the best balanced accuracy (or of `metric`), or None for the most probable class.

    Within a limit on the differences between groups, where there is one.
    """
    if probabilities.shape[1] != 2:
        return None
    rare = min(float(np.mean(codes == 1)), float(np.mean(codes == 0)))
    wanted = METRICS[metric].of_counts if metric is not None else None
    if rare == 0 or (rare >= RARE and wanted is None and limit is None):
        return None
    scores, place = np.unique(probabilities[:, 1], return_inverse=True)
    if len(scores) == 1:
        return None  # one probability for all rows, as the baseline's: a threshold parts none
    rows = np.bincount(place)
    hits = np.bincount(place, weights=codes == 1).astype(np.int64)
    # from the k-th score up, class 1 is told
    called, caught = np.cumsum(rows[::-1])[::-1], np.cumsum(hits[::-1])[::-1]
    total, positive = len(codes), int(hits.sum())
    confusion = np.stack(  # classes 0, 1: rows, rows decided so, hits
        [
            np.full(len(scores), total - positive),
            np.full(len(scores), positive),
            total - called,
            called,
            total - called - positive + caught,
            caught,
        ],
        axis=1,
    ).astype(np.float64)
    value = (wanted or balanced_accuracy)(confusion)
    if limit is not None:
        excess = limit.excess(place.astype(np.int64), codes)
        value = np.where(excess == excess.min(), value, -np.inf)
    best = int(np.argmax(value))
    between = float(scores[max(best - 1, 0)] + scores[best]) / 2
    return between if best and between > scores[best - 1] else float(scores[best])
