"""The metrics of classes and of tagged words: how each is computed, how its interval is."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue
from trainwright.core.columns import Task
from trainwright.evaluation.judged import Interval, Judged, Metric, told
from trainwright.summaries import intervals, statistics
from trainwright.summaries.intervals import Floats, Integers
from trainwright.summaries.resampling import RESOLVED
from trainwright.summaries.statistics import ClassStatistics

PRECISION_BINS = 400  # positives are cut into so many bins for the bootstrap of PR AUC


# ---- values, from statistics ----


def _accuracy(seen: ClassStatistics) -> float:
    return int(np.trace(seen.confusion)) / seen.rows


def _balanced_accuracy(seen: ClassStatistics) -> float:
    return float(balanced_accuracy(class_counts(seen.confusion))[0])


def _f1(seen: ClassStatistics) -> float:
    return float(f1_by_class(class_counts(seen.confusion))[0, 1])


def _macro_f1(seen: ClassStatistics) -> float:
    return float(macro_f1(class_counts(seen.confusion))[0])


def _log_loss(seen: ClassStatistics) -> float:
    return seen.log_loss.value / seen.rows


def _brier(seen: ClassStatistics) -> float:
    return seen.brier.value / seen.rows


def _roc_auc(seen: ClassStatistics) -> float | None:
    areas = [area for ranks in seen.ranks if (area := ranks.roc_auc) is not None]
    return math.fsum(areas) / len(areas) if areas else None


def _pr_auc(seen: ClassStatistics) -> float | None:
    return seen.ranks[0].average_precision


def _calibration_error(seen: ClassStatistics) -> float:
    gaps = [
        abs(total.value - int(hits))
        for total, hits in zip(seen.bin_probability, seen.bin_hits, strict=True)
    ]
    return math.fsum(gaps) / seen.rows


def _entity_f1(seen: ClassStatistics) -> float | None:
    if seen.entities is None:
        return None
    true, decided, both = seen.entities
    return 2 * both / (true + decided) if true + decided else None


# ---- the same of sums, one row a replicate; shape (replicates, 3 * classes) ----


def class_counts(confusion: Integers) -> Floats:
    """Per class: rows, rows decided so, hits; shape (1, 3 * classes)."""
    parts = [confusion.sum(axis=1), confusion.sum(axis=0), np.diagonal(confusion)]
    return np.concatenate(parts).astype(np.float64)[None, :]


def _thirds(sums: Floats) -> tuple[Floats, Floats, Floats]:
    rows, decided, hits = np.split(sums, 3, axis=1)
    return rows, decided, hits


def accuracy(sums: Floats) -> Floats:
    """Share of hits."""
    rows, _, hits = _thirds(sums)
    share: Floats = hits.sum(axis=1) / rows.sum(axis=1)
    return share


def balanced_accuracy(sums: Floats) -> Floats:
    """Mean recall of the classes that are there."""
    rows, _, hits = _thirds(sums)
    there = rows > 0
    recall = np.divide(hits, rows, out=np.zeros_like(hits), where=there)
    mean: Floats = recall.sum(axis=1) / there.sum(axis=1)
    return mean


def f1_by_class(sums: Floats) -> Floats:
    """2 hits / (rows + decided), 0 where both are 0; shape (replicates, classes)."""
    rows, decided, hits = _thirds(sums)
    either = rows + decided
    return np.divide(2 * hits, either, out=np.zeros_like(hits), where=either > 0)


def macro_f1(sums: Floats) -> Floats:
    """Mean F1 of the classes that are there or were decided."""
    rows, decided, _ = _thirds(sums)
    mean: Floats = f1_by_class(sums).sum(axis=1) / (rows + decided > 0).sum(axis=1)
    return mean


def _positive_f1(sums: Floats) -> Floats:
    return f1_by_class(sums)[:, 1]


# ---- intervals ----


def _accuracy_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    hits = (judged.values.astype(np.int64) == judged.codes).astype(np.float64)
    found = intervals.proportion_interval(hits, judged.units, confidence=confidence)
    return told(value, found)


def _by_class(statistic: Callable[[Floats], Floats]) -> Interval:
    """Bootstrap of a metric of the confusion counts."""

    def interval(judged: Judged, value: float, confidence: float) -> MetricValue:
        draws, decided = judged.resampler, judged.values.astype(np.int64)
        num_classes = judged.class_probabilities.shape[1]
        hit = judged.codes == decided
        parts = [
            draws.counts(judged.codes, num_classes),
            draws.counts(decided, num_classes),
            # a miss goes to a last cell that is not kept
            draws.counts(np.where(hit, decided, num_classes), num_classes + 1)[:, :num_classes],
        ]
        found = draws.interval(
            np.concatenate(parts, axis=1),
            statistic,
            value=value,
            confidence=confidence,
            low=0.0,
            high=1.0,
        )
        return found or intervals.wilson(value, judged.least_units, confidence=confidence)

    return interval


def _log_loss_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    losses = statistics.log_losses(judged.class_probabilities, judged.codes)
    scale = math.log(judged.class_probabilities.shape[1])
    return told(
        value,
        intervals.mean_interval(losses, judged.units, confidence=confidence, scale=scale, low=0.0),
    )


def _brier_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    losses = statistics.brier_losses(judged.class_probabilities, judged.codes)
    high = 1.0 if judged.class_probabilities.shape[1] == 2 else 2.0
    return told(
        value,
        intervals.mean_interval(
            losses, judged.units, confidence=confidence, scale=high, low=0.0, high=high
        ),
    )


def _roc_auc_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    """DeLong; of many classes the mean of the one-against-rest influences, so their covariance counts."""
    probabilities, codes = judged.class_probabilities, judged.codes
    ranked = range(1, 2) if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    found = [
        area
        for k in ranked
        if (area := intervals.auc_influence(probabilities[:, k], codes == k)) is not None
    ]
    influence = np.mean([area.influence for area in found], axis=0)
    if len(ranked) == 1:
        error = intervals.stratified_error(influence, codes == 1, judged.units)
    else:
        error = intervals.influence_error(judged.units.sums(influence))
    return intervals.logit_interval(
        value,
        error,
        confidence=confidence,
        count=judged.least_units,
        units=None if judged.units.are_rows else judged.units.count,
    )


def _pr_auc_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    draws = judged.resampler
    is_positive = judged.codes == 1
    cell = precision_bins(judged.class_probabilities[:, 1], is_positive)
    num_bins = int(cell.max()) + 1
    counted = draws.counts(cell * 2 + is_positive, 2 * num_bins)
    found = draws.interval(
        counted, binned_precision, value=value, confidence=confidence, low=0.0, high=1.0
    )
    return found or intervals.wilson(value, judged.least_units, confidence=confidence)


def precision_bins(
    scores: Floats, is_positive: NDArray[np.bool_], *, bins: int = PRECISION_BINS
) -> Integers:
    """Bin of each row, 0 at the highest scores.

    Equal scores share one; as many positives in each, one where there are under 400: then nothing is
    lost.
    """
    _, place = np.unique(-scores, return_inverse=True)
    positives = np.bincount(place, weights=is_positive)
    before = (
        np.cumsum(positives) - positives
    )  # so that the negatives above a positive share its bin
    found = np.floor(before / max(1.0, positives.sum() / bins))
    return np.unique(found, return_inverse=True)[1].astype(np.int64)[place]


def binned_precision(sums: Floats) -> Floats:
    """Average precision of (replicates, bins * (negative, positive)) counts, bins by falling score."""
    negatives, positives = np.cumsum(sums[:, 0::2], axis=1), np.cumsum(sums[:, 1::2], axis=1)
    called = negatives + positives
    precision = np.divide(positives, called, out=np.zeros_like(called), where=called > 0)
    hits = positives[:, -1]
    area = (precision * sums[:, 1::2]).sum(axis=1)
    mean: Floats = np.divide(area, hits, out=np.full_like(area, np.nan), where=hits > 0)
    return mean


def _calibration_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    """Reflected bootstrap around gaps that are freed of their noise.

    A sum of absolute gaps is biased up, by most where there is no gap, and replicates of noisy gaps show
    only part of it: BCa covers 80 % (measured, 250 rows). So for the lower end each bin's gap is drawn in
    to sqrt(gap² - variance), replicates vary around that, and their excess over it is taken off the value.
    That overrates the bias a little, so the upper end is that of the gaps as they are.

    Source: the shrinkage is Bröcker 2012's (Climate Dynamics 39) unbiased squared gap; Kumar, Liang & Ma
    2019, arXiv:1909.10155, section 5, debias a calibration error so.
    """
    draws = judged.resampler
    said, is_hit = statistics.told_probability(judged.class_probabilities, judged.codes)
    gap = np.zeros((len(said), statistics.CALIBRATION_BINS + 1))
    gap[np.arange(len(said)), statistics.calibration_bin(said)] = said - is_hit
    gap[:, -1] = 1.0
    contributions = draws.sums(gap)
    fallback = intervals.wilson(value, judged.units.count, confidence=confidence)
    if draws.blocks < 2:
        return fallback
    sums, total = draws.draw(contributions), contributions.sum(axis=0)
    drawn, seen = sums[:, :-1] / sums[:, -1:], total[:-1] / total[-1]
    true = np.sign(seen) * np.sqrt(np.maximum(0.0, seen**2 - drawn.var(axis=0)))
    excess = np.abs(drawn - seen + true).sum(axis=1) - np.abs(true).sum()
    plain = np.abs(drawn).sum(axis=1) - np.abs(seen).sum()
    tail = (1 - min(confidence, RESOLVED)) / 2
    arms = float(np.quantile(excess, 1 - tail)), -float(np.quantile(plain, tail))
    return draws.widened(value, arms, confidence=confidence, low=0.0, high=1.0) or fallback


def _entity_f1_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    """Sentences are resampled, since entities of one go together."""
    assert judged.entities is not None
    draws = judged.resampler

    def f1(sums: Floats) -> Floats:
        either = sums[:, 0] + sums[:, 1]
        return np.divide(2 * sums[:, 2], either, out=np.full_like(either, np.nan), where=either > 0)

    contributions = draws.sums(judged.entities)
    found = draws.interval(contributions, f1, value=value, confidence=confidence, low=0.0, high=1.0)
    holding = int((judged.units.sums(judged.entities[:, 0] + judged.entities[:, 1]) > 0).sum())
    return found or intervals.wilson(value, max(1, holding), confidence=confidence)


CLASS_METRICS = (
    Metric(
        "roc_auc",
        Task.CLASSIFICATION,
        greater_is_better=True,
        value=_roc_auc,
        interval=_roc_auc_interval,
    ),
    Metric(
        "pr_auc",
        Task.CLASSIFICATION,
        greater_is_better=True,
        value=_pr_auc,
        interval=_pr_auc_interval,
        binary_only=True,
    ),
    Metric(
        "log_loss",
        Task.CLASSIFICATION,
        greater_is_better=False,
        value=_log_loss,
        interval=_log_loss_interval,
    ),
    Metric(
        "brier",
        Task.CLASSIFICATION,
        greater_is_better=False,
        value=_brier,
        interval=_brier_interval,
    ),
    Metric(
        "ece",
        Task.CLASSIFICATION,
        greater_is_better=False,
        value=_calibration_error,
        interval=_calibration_interval,
    ),
    Metric(
        "accuracy",
        Task.CLASSIFICATION,
        greater_is_better=True,
        value=_accuracy,
        interval=_accuracy_interval,
        of_counts=accuracy,
    ),
    Metric(
        "balanced_accuracy",
        Task.CLASSIFICATION,
        greater_is_better=True,
        value=_balanced_accuracy,
        interval=_by_class(balanced_accuracy),
        of_counts=balanced_accuracy,
    ),
    Metric(
        "f1",
        Task.CLASSIFICATION,
        greater_is_better=True,
        value=_f1,
        interval=_by_class(_positive_f1),
        binary_only=True,
        of_counts=_positive_f1,
    ),
    Metric(
        "macro_f1",
        Task.CLASSIFICATION,
        greater_is_better=True,
        value=_macro_f1,
        interval=_by_class(macro_f1),
        of_counts=macro_f1,
    ),
    Metric(
        "entity_f1",
        Task.TOKEN_CLASSIFICATION,
        greater_is_better=True,
        value=_entity_f1,
        interval=_entity_f1_interval,
    ),
)
