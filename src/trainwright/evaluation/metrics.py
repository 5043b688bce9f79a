"""The metrics by name: for which task, which way is better, how it is computed, how its interval is.

A value is a function of mergeable statistics alone; an interval needs the rows and their units as well.
A new metric is one entry of `METRICS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue, Prediction
from trainwright.core.columns import Target, Task
from trainwright.core.errors import RecipeError, nearest
from trainwright.evaluation import language
from trainwright.evaluation.text_metrics import TEXT_METRICS
from trainwright.summaries import intervals, statistics
from trainwright.summaries.intervals import Floats, Integers, Units
from trainwright.summaries.language import LanguageStatistics
from trainwright.summaries.resampling import MAX_BLOCKS, REPLICATES, RESOLVED, Resampler
from trainwright.summaries.statistics import ClassStatistics, RegressionStatistics

PRECISION_BINS = 400  # positives are cut into so many bins for the bootstrap of PR AUC


class Judged:
    """Rows with their predictions, as metrics look at them.

    Args:
        prediction: Values and probabilities.
        target: Class codes as whole numbers, or values; shape (rows,), at least one row.
        units: Of the rows.
        seed: Of the bootstrap.
        replicates: Of the bootstrap.
        max_blocks: Of the bootstrap.
        entities: Of tagged words (see `summaries.entities`); shape (rows, 3).
        naive_error: Of a forecast (see `core.columns.Target`).
        told: Texts are judged by the bits spent on them: values are of shape (rows, 3).
    """

    def __init__(
        self,
        prediction: Prediction,
        target: Floats,
        *,
        units: Units,
        seed: int,
        replicates: int = REPLICATES,
        max_blocks: int = MAX_BLOCKS,
        entities: Floats | None = None,
        naive_error: float | None = None,
        told: bool = False,
    ) -> None:
        self.told = told
        self.values = np.asarray(prediction.values)
        self.probabilities = prediction.probabilities
        self.target = target
        self.units = units
        self._seed = seed
        self._replicates = replicates
        self._max_blocks = max_blocks
        self.entities = entities
        self.naive_error = naive_error

    @cached_property
    def resampler(self) -> Resampler:
        """Made when the first metric asks for it."""
        return Resampler(
            self.units, seed=self._seed, replicates=self._replicates, max_blocks=self._max_blocks
        )

    @cached_property
    def codes(self) -> Integers:
        """True classes."""
        return self.target.astype(np.int64)

    @property
    def class_probabilities(self) -> Floats:
        """Probabilities; classification only."""
        assert self.probabilities is not None
        return self.probabilities

    @cached_property
    def statistics(self) -> ClassStatistics | RegressionStatistics | LanguageStatistics:
        """All that the metrics' values are computed from."""
        if self.told:
            return LanguageStatistics.of(self.values.astype(np.float64))
        if self.probabilities is None:
            return RegressionStatistics.of(
                self.values.astype(np.float64), self.target, naive_error=self.naive_error
            )
        decided = self.values.astype(np.int64)
        return ClassStatistics.of(self.probabilities, self.codes, decided, entities=self.entities)

    @cached_property
    def least_units(self) -> int:
        """Units that hold the rarest class that is there: what bounds the unseen."""
        present = np.unique(self.codes)
        return min(len(np.unique(self.units.place[self.codes == k])) for k in present)


# Statistics to the metric's value; None where it is not defined (one class, constant target).
Value = Callable[[Any], float | None]
# Rows, the value and the level to the metric with its interval.
Interval = Callable[[Judged, float, float], MetricValue]


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the registry.

    Attributes:
        name: As in recipes and JSON.
        task: What it judges.
        greater_is_better: Direction.
        value: From statistics.
        interval: Around the value.
        binary_only: Not defined for more than two classes.
        of_counts: The same from confusion counts, one row a choice of threshold, where it depends on
            decided classes; a threshold can then be chosen by it.
        of_texts: Of the texts that the chosen model writes (`evaluation.text_metrics`): a gate may ask
            for it, and no candidate is compared by it.
    """

    name: str
    task: Task
    greater_is_better: bool
    value: Value
    interval: Interval
    binary_only: bool = False
    of_counts: Callable[[Floats], Floats] | None = None
    of_texts: bool = False


def metric_names(task: Task, *, num_classes: int | None = None) -> list[str]:
    """Names of the metrics of a task, in the order of reports.

    With `num_classes` above 2, without those that need two.
    """
    many = num_classes is not None and num_classes > 2
    kind = _CLASSES if task.has_classes else _TOLD if task.is_language else _NUMBERS
    return [
        m.name
        for m in METRICS.values()
        if (m.task in (task, kind) or (m.of_texts and task.is_generated))
        and not (many and m.binary_only)
    ]


def is_greater_better(name: str) -> bool:
    """Direction of a metric (KeyError for an unknown one)."""
    return METRICS[name].greater_is_better


def find_metric(name: str, *, spec: Target, where: str = "evaluation.metric") -> Metric:
    """The metric of that name, if it suits the target.

    Raises:
        RecipeError: there is none, or it is one of another task; proposes the nearest.
    """
    known = metric_names(spec.task, num_classes=len(spec.classes) or None)
    if name not in known:
        raise unknown_metric(name, known, where=where)
    return METRICS[name]


def unknown_metric(name: str, known: list[str], *, where: str) -> RecipeError:
    """The refusal of a metric that is not among the known ones."""
    near = nearest(name, known)
    mend = f"use {near!r}" if near else f"use one of: {', '.join(known)}"
    what = "is not defined for this target" if name in METRICS else "does not exist"
    return RecipeError(f"the metric {name!r} {what}", where=where, mend=mend)


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
    return _told(value, found)


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
    return _told(
        value,
        intervals.mean_interval(losses, judged.units, confidence=confidence, scale=scale, low=0.0),
    )


def _brier_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    losses = statistics.brier_losses(judged.class_probabilities, judged.codes)
    high = 1.0 if judged.class_probabilities.shape[1] == 2 else 2.0
    return _told(
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


def precision_bins(scores: Floats, is_positive: NDArray[np.bool_]) -> Integers:
    """Bin of each row, 0 at the highest scores.

    Equal scores share one; as many positives in each, one where there are under 400: then nothing is
    lost.
    """
    _, place = np.unique(-scores, return_inverse=True)
    positives = np.bincount(place, weights=is_positive)
    before = (
        np.cumsum(positives) - positives
    )  # so that the negatives above a positive share its bin
    bins = np.floor(before / max(1.0, positives.sum() / PRECISION_BINS))
    return np.unique(bins, return_inverse=True)[1].astype(np.int64)[place]


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
    told, is_hit = statistics.told_probability(judged.class_probabilities, judged.codes)
    gap = np.zeros((len(told), statistics.CALIBRATION_BINS + 1))
    gap[np.arange(len(told)), statistics.calibration_bin(told)] = told - is_hit
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


def _mae_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    return _told(
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


def _told(value: float, found: MetricValue) -> MetricValue:
    """The interval, with the value as the statistics give it (they round once)."""
    return MetricValue(value, min(value, found.low), max(value, found.high))


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


def _of_texts(name: str) -> Metric:
    """A metric that stands beside those of the statistics, which do not tell it."""
    return Metric(
        name,
        Task.TEXT_TO_TEXT,
        greater_is_better=True,
        value=lambda _: None,
        interval=lambda _, value, __: MetricValue(value, value, value),
        of_texts=True,
    )


_CLASSES, _NUMBERS, _TOLD = Task.CLASSIFICATION, Task.REGRESSION, Task.LANGUAGE_MODELLING
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "roc_auc", _CLASSES, greater_is_better=True, value=_roc_auc, interval=_roc_auc_interval
        ),
        Metric(
            "pr_auc",
            _CLASSES,
            greater_is_better=True,
            value=_pr_auc,
            interval=_pr_auc_interval,
            binary_only=True,
        ),
        Metric(
            "log_loss",
            _CLASSES,
            greater_is_better=False,
            value=_log_loss,
            interval=_log_loss_interval,
        ),
        Metric("brier", _CLASSES, greater_is_better=False, value=_brier, interval=_brier_interval),
        Metric(
            "ece",
            _CLASSES,
            greater_is_better=False,
            value=_calibration_error,
            interval=_calibration_interval,
        ),
        Metric(
            "accuracy",
            _CLASSES,
            greater_is_better=True,
            value=_accuracy,
            interval=_accuracy_interval,
            of_counts=accuracy,
        ),
        Metric(
            "balanced_accuracy",
            _CLASSES,
            greater_is_better=True,
            value=_balanced_accuracy,
            interval=_by_class(balanced_accuracy),
            of_counts=balanced_accuracy,
        ),
        Metric(
            "f1",
            _CLASSES,
            greater_is_better=True,
            value=_f1,
            interval=_by_class(_positive_f1),
            binary_only=True,
            of_counts=_positive_f1,
        ),
        Metric(
            "macro_f1",
            _CLASSES,
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
        Metric("rmse", _NUMBERS, greater_is_better=False, value=_rmse, interval=_rmse_interval),
        Metric("mae", _NUMBERS, greater_is_better=False, value=_mae, interval=_mae_interval),
        Metric(
            "mase",
            Task.FORECASTING,
            greater_is_better=False,
            value=_mase,
            interval=_mase_interval,
        ),
        Metric("r2", _NUMBERS, greater_is_better=True, value=_r2, interval=_r2_interval),
        Metric(
            "bits_per_byte",
            _TOLD,
            greater_is_better=False,
            value=language.bits_per_byte,
            interval=language.bits_per_byte_interval,
        ),
        Metric(
            "perplexity",
            _TOLD,
            greater_is_better=False,
            value=language.perplexity,
            interval=language.perplexity_interval,
        ),
        *map(_of_texts, TEXT_METRICS),
    )
}
