"""The metrics of several labels a row: micro and macro averages, and how right whole rows are.

Micro averages count every row and label alike, so the common labels rule; macro averages count every label
alike. A label that no row has and none is told is left out of them. Intervals resample whole units, since the
labels of a row go together.

Source: Tsoumakas, Katakis & Vlahavas 2010, Mining Multi-label Data, sections 4.1 and 4.2. Parity with
scikit-learn: tests/numeric/test_label_metrics.py.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from trainwright.core.artifacts import MetricValue
from trainwright.core.columns import Task
from trainwright.evaluation.class_metrics import (
    PRECISION_BINS,
    binned_precision,
    macro_f1,
    precision_bins,
)
from trainwright.evaluation.judged import Judged, Metric, told
from trainwright.summaries import intervals
from trainwright.summaries.intervals import Floats
from trainwright.summaries.label_statistics import LabelStatistics, jaccard_of_rows

FEWEST_BINS = 10  # of a label's probabilities; 400 of all labels together


def _flat(seen: LabelStatistics) -> Floats:
    """Of each label: rows, rows decided so, both; shape (1, 3 * labels)."""
    return seen.counts.astype(np.float64).reshape(1, -1)


def micro_f1(sums: Floats) -> Floats:
    """2 both / (there + decided) over all labels; of (replicates, 3) sums. NaN where there is none."""
    either = sums[:, 0] + sums[:, 1]
    return np.divide(2 * sums[:, 2], either, out=np.full_like(either, np.nan), where=either > 0)


def _micro_f1(seen: LabelStatistics) -> float:
    return float(micro_f1(seen.counts.sum(axis=1, dtype=np.float64)[None, :])[0])


def _macro_f1(seen: LabelStatistics) -> float | None:
    return float(macro_f1(_flat(seen))[0]) if seen.counts[:2].any() else None


def _jaccard(seen: LabelStatistics) -> float:
    return seen.jaccard.value / seen.rows


def _hamming_loss(seen: LabelStatistics) -> float:
    there, decided, both = (int(part) for part in seen.counts.sum(axis=1))
    return (there + decided - 2 * both) / (seen.rows * len(seen.ranks))


def _subset_accuracy(seen: LabelStatistics) -> float:
    return seen.exact / seen.rows


def _macro_average_precision(seen: LabelStatistics) -> float | None:
    found = [area for ranks in seen.ranks if (area := ranks.average_precision) is not None]
    return math.fsum(found) / len(found) if found else None


def _parts(judged: Judged) -> list[Floats]:
    """Of each row and label: there, decided, both."""
    labels, decided = judged.codes, judged.values.astype(np.int64)
    return [part.astype(np.float64) for part in (labels, decided, labels & decided)]


def _micro_f1_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    sums = np.stack([part.sum(axis=1) for part in _parts(judged)], axis=1)
    draws = judged.resampler
    found = draws.interval(
        draws.sums(sums), micro_f1, value=value, confidence=confidence, low=0.0, high=1.0
    )
    return found or intervals.wilson(value, judged.units.count, confidence=confidence)


def _macro_f1_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    draws = judged.resampler
    found = draws.interval(
        draws.sums(np.concatenate(_parts(judged), axis=1)),
        macro_f1,
        value=value,
        confidence=confidence,
        low=0.0,
        high=1.0,
    )
    return found or intervals.wilson(value, judged.units.count, confidence=confidence)


def _jaccard_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    shares = jaccard_of_rows(judged.codes, judged.values.astype(np.int64))
    return _of_mean(shares, judged, value, confidence)


def _hamming_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    wrong = (judged.codes != judged.values.astype(np.int64)).mean(axis=1)
    return _of_mean(wrong, judged, value, confidence)


def _of_mean(values: Floats, judged: Judged, value: float, confidence: float) -> MetricValue:
    found = intervals.mean_interval(
        values, judged.units, confidence=confidence, scale=1.0, low=0.0, high=1.0
    )
    return told(value, found)


def _subset_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    exact = (judged.codes == judged.values.astype(np.int64)).all(axis=1).astype(np.float64)
    return told(value, intervals.proportion_interval(exact, judged.units, confidence=confidence))


def _macro_precision_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    """Replicates of each label's area, averaged; the draws of units are the same for all labels."""
    draws, labels = judged.resampler, judged.codes
    fallback = intervals.wilson(value, judged.units.count, confidence=confidence)
    if draws.blocks < 2:
        return fallback
    bins = max(FEWEST_BINS, PRECISION_BINS // labels.shape[1])
    centres, replicates, left_out = [], [], []
    for k in np.flatnonzero(labels.any(axis=0)):
        is_positive = labels[:, k] == 1
        cell = precision_bins(judged.class_probabilities[:, k], is_positive, bins=bins)
        counted = draws.counts(cell * 2 + is_positive, 2 * (int(cell.max()) + 1))
        total = counted.sum(axis=0)
        centres.append(float(binned_precision(total[None, :])[0]))
        replicates.append(binned_precision(draws.draw(counted)))
        left_out.append(binned_precision(total - counted))
    found = draws.between(
        float(np.mean(centres)),
        _mean_of_known(replicates),
        _mean_of_known(left_out),
        value=value,
        confidence=confidence,
        low=0.0,
        high=1.0,
    )
    return found or fallback


def _mean_of_known(parts: list[Floats]) -> Floats:
    """The mean over labels, of those that a replicate holds at all."""
    with warnings.catch_warnings():  # a replicate without any label is not a number, and left out
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(np.stack(parts), axis=0))


LABEL_METRICS = (
    Metric(
        "micro_f1",
        Task.MULTI_LABEL,
        greater_is_better=True,
        value=_micro_f1,
        interval=_micro_f1_interval,
    ),
    Metric(
        "macro_f1",
        Task.MULTI_LABEL,
        greater_is_better=True,
        value=_macro_f1,
        interval=_macro_f1_interval,
    ),
    Metric(
        "jaccard",
        Task.MULTI_LABEL,
        greater_is_better=True,
        value=_jaccard,
        interval=_jaccard_interval,
    ),
    Metric(
        "hamming_loss",
        Task.MULTI_LABEL,
        greater_is_better=False,
        value=_hamming_loss,
        interval=_hamming_interval,
    ),
    Metric(
        "subset_accuracy",
        Task.MULTI_LABEL,
        greater_is_better=True,
        value=_subset_accuracy,
        interval=_subset_interval,
    ),
    Metric(
        "macro_average_precision",
        Task.MULTI_LABEL,
        greater_is_better=True,
        value=_macro_average_precision,
        interval=_macro_precision_interval,
    ),
)
