"""Calibrators of several labels a row, each kept only where it proves better on rows that did not teach it.

First one temperature for all labels together, which has the rows of all to go by: it stays where the mean
log loss of held-out rows is lower by more than a standard error, as for classes (`evaluation.decision`). Then
a temperature of a label's own, or an isotonic map from 1,000 rows on, where that beats the first by more than
two standard errors on this label: many labels are tried, and one error would let one in six in by luck.

Labels that 20 rows have, and 20 have not, get one of their own; the 100 commonest of them, by 5,000 rows at
most. Cost: bounded by these, some 5 CPU seconds with the folds of `label_decision`.
Proof: tests/numeric/test_label_calibration.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.seeds import derive_seed
from trainwright.evaluation.calibration import (
    IsotonicCalibrator,
    LabelCalibrator,
    TemperatureCalibrator,
    of_two,
)
from trainwright.evaluation.decision import (
    FOLDS,
    MIN_CALIBRATION_ROWS,
    MIN_ISOTONIC_ROWS,
    held_out,
)
from trainwright.evaluation.folds import assign_folds
from trainwright.summaries.intervals import Units, mean_by_unit
from trainwright.summaries.label_statistics import label_losses
from trainwright.summaries.statistics import log_losses

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Own = TemperatureCalibrator | IsotonicCalibrator

FEWEST = 20  # rows that have a label, and that have it not
MOST_LABELS = 100
MOST_ROWS = 5_000
OWN_ERRORS = 2.0  # standard errors that a label's own calibrator has to gain


def fit_label_calibrator(
    probabilities: Floats, labels: Floats, units: Integers, *, seed: int, by_time: bool
) -> LabelCalibrator | None:
    """One calibrator a label; None where none earns its keep, or the rows are under 100.

    Args:
        probabilities: How likely each label is; shape (rows, labels).
        labels: 1 where a row has it; shape (rows, labels).
        units: Kept whole by the folds; shape (rows,).
        seed: Of the folds.
        by_time: Folds are contiguous blocks.
    """
    rows = slice(None, None, -(-len(labels) // MOST_ROWS))
    trial = _Trial(probabilities[rows], labels[rows], units[rows], seed=seed, by_time=by_time)
    if len(trial.labels) < MIN_CALIBRATION_ROWS or not trial.fold.any():
        return None
    shared = trial.shared()
    parts: list[Own | None] = [shared] * labels.shape[1]
    for label in trial.asked():
        parts[label] = trial.own(label) or shared
    return LabelCalibrator(tuple(parts)) if any(part is not None for part in parts) else None


class _Trial:
    """Held-out rows, and what has been won on them so far."""

    def __init__(
        self, probabilities: Floats, labels: Floats, units: Integers, *, seed: int, by_time: bool
    ) -> None:
        self.labels = labels
        self._raw = self._told = probabilities
        self._clusters = Units.of(units)
        folds = min(FOLDS, len(np.unique(units)))
        seed = derive_seed(seed, "trial")
        self.fold = assign_folds(None, units, folds=folds, seed=seed, by_time=by_time)

    def asked(self) -> list[int]:
        """The labels that may have one of their own, the commonest first."""
        there = self.labels.sum(axis=0)
        scarcer = np.minimum(there, len(self.labels) - there)
        order = np.argsort(-there, kind="stable")
        return [int(label) for label in order if scarcer[label] >= FEWEST][:MOST_LABELS]

    def shared(self) -> TemperatureCalibrator | None:
        """The temperature of all labels, where it earns its keep; later ones have to beat it."""
        cells, codes = of_two(self._raw.ravel()), self.labels.ravel().astype(np.int64)
        fold = np.repeat(self.fold, self.labels.shape[1])
        told = held_out(TemperatureCalibrator, cells, codes, fold)[:, 1].reshape(self._raw.shape)
        before, after = (label_losses(part, self.labels) for part in (self._raw, told))
        gain = mean_by_unit(before - after, self._clusters)
        if gain.value <= gain.error:
            return None
        self._told = told
        return TemperatureCalibrator.fit(cells, codes)

    def own(self, label: int) -> Own | None:
        """The calibrator of one label that gains most, where it gains enough."""
        cells, codes = of_two(self._raw[:, label]), self.labels[:, label].astype(np.int64)
        before = log_losses(of_two(self._told[:, label]), codes)
        methods: list[type[Own]] = [TemperatureCalibrator]
        methods += [IsotonicCalibrator] * (len(codes) >= MIN_ISOTONIC_ROWS)
        best, most = None, 0.0
        for method in methods:
            after = log_losses(held_out(method, cells, codes, self.fold), codes)
            gain = mean_by_unit(before - after, self._clusters)
            if gain.value > OWN_ERRORS * gain.error and gain.value > most:
                best, most = method, gain.value
        return None if best is None else best.fit(cells, codes)
