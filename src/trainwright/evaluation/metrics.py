"""The metrics by name: for which task each is, and which way is better.

A value is a function of mergeable statistics alone; an interval needs the rows and their units as well.
A new metric is one entry of `CLASS_METRICS`, `LABEL_METRICS`, `REGRESSION_METRICS` or `METRICS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trainwright.core.artifacts import MetricValue
from trainwright.core.columns import Target, Task
from trainwright.core.errors import RecipeError, nearest
from trainwright.evaluation import language
from trainwright.evaluation.class_metrics import CLASS_METRICS
from trainwright.evaluation.judged import Judged, Metric
from trainwright.evaluation.label_metrics import LABEL_METRICS
from trainwright.evaluation.regression_metrics import REGRESSION_METRICS
from trainwright.evaluation.text_metrics import TEXT_METRICS
from trainwright.summaries.label_statistics import LabelStatistics


def metric_names(task: Task, *, num_classes: int | None = None) -> list[str]:
    """Names of the metrics of a task, in the order of reports.

    With `num_classes` above 2, without those that need two.
    """
    if task is Task.MULTI_LABEL:
        return list(_LABELS)
    many = num_classes is not None and num_classes > 2
    kind = (
        Task.CLASSIFICATION
        if task.has_classes
        else Task.LANGUAGE_MODELLING
        if task.is_language
        else Task.REGRESSION
    )
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


def _of_both(one: Metric, labels: Metric) -> Metric:
    """One name for two tasks: which is meant shows in what is judged."""

    def value(seen: Any) -> float | None:  # noqa: ANN401 - of either task
        return (labels if isinstance(seen, LabelStatistics) else one).value(seen)

    def interval(judged: Judged, found: float, confidence: float) -> MetricValue:
        return (labels if judged.of_labels else one).interval(judged, found, confidence)

    return replace(one, value=value, interval=interval)


_CLASSES = {metric.name: metric for metric in CLASS_METRICS}
_LABELS = {metric.name: metric for metric in LABEL_METRICS}
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        *(
            _of_both(one, _LABELS[name]) if name in _LABELS else one
            for name, one in _CLASSES.items()
        ),
        *(one for name, one in _LABELS.items() if name not in _CLASSES),
        *REGRESSION_METRICS,
        Metric(
            "bits_per_byte",
            Task.LANGUAGE_MODELLING,
            greater_is_better=False,
            value=language.bits_per_byte,
            interval=language.bits_per_byte_interval,
        ),
        Metric(
            "perplexity",
            Task.LANGUAGE_MODELLING,
            greater_is_better=False,
            value=language.perplexity,
            interval=language.perplexity_interval,
        ),
        *map(_of_texts, TEXT_METRICS),
    )
}
