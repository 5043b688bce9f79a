"""From how likely each label is to which labels are told: a calibrator and a threshold a label.

The thresholds are those of the best micro-F1 over all rows and labels: with F the best value, a label is told
where that adds more than F / 2 right ones a told one, so given F each label's threshold is found by itself,
and F follows from the thresholds; a few rounds settle it. Where the recipe chooses by `macro_f1` each label's
own F1 is raised instead. A label of few rows would get the threshold of its luck, so it shares the one that
is best for all labels together. As in `evaluation.decision`, numbers that are printed come from calibrators
and thresholds of other folds.

Source: the rounds are Dinkelbach 1967 (Management Science 13), for a ratio of sums; thresholds of few rows:
Fan & Lin 2007, A Study on Threshold Selection for Multi-label Classification.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.decision import Decision
from trainwright.evaluation.folds import assign_folds
from trainwright.evaluation.label_calibration import fit_label_calibrator

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FEWEST = (
    20  # rows that have a label, for a threshold (and that lack it, for a calibrator) of its own
)
FOLDS = 5
_ROUNDS = 20
MACRO = "macro_f1"


def fit_labels(
    probabilities: Floats,
    labels: Floats,
    units: Integers,
    *,
    seed: int,
    by_time: bool,
    metric: str | None = None,
) -> Decision:
    """A calibrator and a threshold a label, from all rows given.

    Args:
        probabilities: How likely the family says each label is; shape (rows, labels).
        labels: 1 where a row has it; shape (rows, labels).
        units: Kept whole by the folds; shape (rows,).
        seed: Of the folds.
        by_time: Folds are contiguous blocks.
        metric: As in `fit_thresholds`.
    """
    calibrator = fit_label_calibrator(probabilities, labels, units, seed=seed, by_time=by_time)
    calibrated = calibrator.apply(probabilities) if calibrator else probabilities
    return Decision(calibrator, fit_thresholds(calibrated, labels, metric=metric))


def cross_fit_labels(
    probabilities: Floats,
    labels: Floats,
    units: Integers,
    *,
    seed: int,
    by_time: bool,
    metric: str | None = None,
) -> Prediction:
    """Calibrated probabilities and told labels of rows that taught neither calibrator nor threshold.

    The arguments are those of `fit_labels`. With a single unit there is nothing to hold out: raw
    probabilities, and labels told from a half on.
    """
    values, calibrated = (probabilities >= 0.5).astype(np.int64), probabilities.copy()
    folds = min(FOLDS, len(np.unique(units)))
    if folds < 2:
        return Prediction(values, calibrated)
    fold = assign_folds(None, units, folds=folds, seed=derive_seed(seed, "outer"), by_time=by_time)
    for number in np.unique(fold):
        judged, learnt = fold == number, fold != number
        decision = fit_labels(
            probabilities[learnt],
            labels[learnt],
            units[learnt],
            seed=derive_seed(seed, "inner", int(number)),
            by_time=by_time,
            metric=metric,
        )
        told = decision.apply(probabilities[judged])
        values[judged], calibrated[judged] = told.values, told.probabilities
    return Prediction(values, calibrated)


def fit_thresholds(
    probabilities: Floats, labels: Floats, *, metric: str | None = None
) -> tuple[float, ...]:
    """One threshold a label.

    Args:
        probabilities: How likely each label is; shape (rows, labels).
        labels: 1 where a row has it; shape (rows, labels).
        metric: `evaluation.metric`: `macro_f1` has each label's own F1 raised.
    """
    common = _Curve.of(probabilities.ravel(), labels.ravel())
    shared = common.threshold(common.best_f1())
    width = labels.shape[1]
    own = [k for k in range(width) if labels[:, k].sum() >= FEWEST]
    curves = {k: _Curve.of(probabilities[:, k], labels[:, k]) for k in own}
    if metric == MACRO:
        places = {k: curve.best_f1() for k, curve in curves.items()}
    else:
        others = [k for k in range(width) if k not in curves]
        fixed = _counts(probabilities[:, others] >= shared, labels[:, others] == 1)
        places = _best_together(curves, fixed)
    found = {k: curve.threshold(places[k]) for k, curve in curves.items()}
    return tuple(found.get(k, shared) for k in range(width))


class _Curve:
    """What each threshold of one label tells: at place k the scores from the k-th up; at the end none."""

    def __init__(self, scores: Floats, told: Floats, hits: Floats, there: float) -> None:
        self.scores, self.told, self.hits, self.there = scores, told, hits, there

    @classmethod
    def of(cls, probabilities: Floats, labels: Floats) -> _Curve:
        scores, place = np.unique(probabilities, return_inverse=True)
        rows = np.bincount(place, minlength=len(scores)).astype(np.float64)
        positives = np.bincount(place, weights=labels, minlength=len(scores))
        told, hits = (np.append(np.cumsum(part[::-1])[::-1], 0.0) for part in (rows, positives))
        return cls(scores, told, hits, float(positives.sum()))

    def best_f1(self) -> int:
        """Where the F1 is best; the last of equals, which tells fewest."""
        either = self.told + self.there
        f1 = np.divide(2 * self.hits, either, out=np.zeros_like(either), where=either > 0)
        return _last_best(f1)

    def best_gain(self, price: float) -> int:
        """Where the hits less the price of what is told are most."""
        return _last_best(self.hits - price * self.told)

    def threshold(self, place: int) -> float:
        """Between the scores that are told and those that are not; above 1 where none is told."""
        if place == len(self.scores):
            return float(np.nextafter(max(1.0, self.scores[-1]), 2.0))
        between = float(self.scores[max(place - 1, 0)] + self.scores[place]) / 2
        is_between = place and between > self.scores[place - 1]
        return between if is_between else float(self.scores[place])


def _last_best(values: Floats) -> int:
    return len(values) - 1 - int(np.argmax(values[::-1]))


def _counts(told: NDArray[np.bool_], there: NDArray[np.bool_]) -> tuple[float, float]:
    """Hits, and rows told or there."""
    return float((told & there).sum()), float(told.sum() + there.sum())


def _best_together(curves: dict[int, _Curve], fixed: tuple[float, float]) -> dict[int, int]:
    """The places of the best micro-F1, given the hits and sizes of labels whose thresholds are fixed."""
    price, places = 0.5, dict.fromkeys(curves, 0)
    for _ in range(_ROUNDS):
        places = {k: curve.best_gain(price) for k, curve in curves.items()}
        hits = fixed[0] + sum(curve.hits[places[k]] for k, curve in curves.items())
        either = fixed[1] + sum(curve.told[places[k]] + curve.there for k, curve in curves.items())
        reached = hits / either if either else 0.0  # half of the F1
        if reached == price:
            break
        price = reached
    return places
