from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from trainwright.core.artifacts import Column, ColumnType, Prediction, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.evaluation.metrics import METRICS, Judged, binned_precision, find_metric
from trainwright.evaluation.metrics import precision_bins as bins_of
from trainwright.summaries.intervals import Units


def drawn(rows, digits=3):
    generator = np.random.default_rng()
    is_positive = generator.random(rows) < 0.2
    return (generator.normal(size=rows) + is_positive).round(digits), is_positive


def binned(scores, is_positive):
    cells = np.bincount(bins_of(scores, is_positive) * 2 + is_positive)
    cells = np.append(cells, [0] * (len(cells) % 2)).astype(float)
    return binned_precision(cells[None, :])[0]


@pytest.mark.parametrize("digits", [1, 6])
def test_bins_lose_nothing_of_the_average_precision_of_few_positives(digits):
    scores, is_positive = drawn(1000, digits)
    expected = average_precision_score(is_positive, scores)
    assert binned(scores, is_positive) == pytest.approx(expected, abs=1e-12)


def test_bins_lose_little_of_the_average_precision_of_many():
    scores, is_positive = drawn(50_000)
    expected = average_precision_score(is_positive, scores)
    assert binned(scores, is_positive) == pytest.approx(expected, abs=2e-3)
    assert bins_of(scores, is_positive).max() <= 400


def test_values_come_from_statistics_alone_and_intervals_are_around_them():
    probabilities = np.random.default_rng(0).dirichlet([1, 1], 100)
    target = (np.arange(100) % 2).astype(float)
    prediction = Prediction(probabilities.argmax(axis=1), probabilities)
    judged = Judged(prediction, target, units=Units.of(np.arange(100)), seed=0)
    for metric in METRICS.values():
        if metric.task is Task.CLASSIFICATION:
            value = metric.value(judged.statistics)
            assert metric.interval(judged, value, 0.95).value == value


def test_a_metric_that_does_not_suit_the_target_is_refused():
    four = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b", "c", "d"))
    with pytest.raises(RecipeError, match=r"'f1' is not defined for this target[^$]*macro_f1"):
        find_metric("f1", spec=four)
    assert find_metric("macro_f1", spec=four) is METRICS["macro_f1"]
