from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from trainwright.core.artifacts import Prediction, Split
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.evaluation.class_metrics import binned_precision
from trainwright.evaluation.class_metrics import precision_bins as bins_of
from trainwright.evaluation.evaluate import evaluate
from trainwright.evaluation.judged import Judged
from trainwright.evaluation.metrics import METRICS, find_metric, metric_names
from trainwright.summaries.entities import count_entities
from trainwright.summaries.intervals import Units
from trainwright.summaries.statistics import ClassStatistics


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


def tagged(sentences, *, seed=0):
    """Words of sentences of two, tagged at random, and half of them decided right."""
    draw = np.random.default_rng(seed)
    true = draw.integers(0, 3, 2 * sentences)
    decided = np.where(draw.random(2 * sentences) < 0.5, true, draw.integers(0, 3, 2 * sentences))
    spec = Target(Column("t", ColumnType.WORDS), Task.TOKEN_CLASSIFICATION, ("O", "B-X", "I-X"))
    prediction = Prediction(decided, np.eye(3)[decided] * 0.9 + 1 / 30, np.full(sentences, 2))
    return prediction, true.astype(float), spec, np.repeat(np.arange(sentences), 2)


def test_entity_f1_is_twice_the_hits_over_both_counts():
    prediction, true, spec, units = tagged(200)
    found = evaluate(
        prediction, true, spec=spec, units=units, split=Split.VALIDATION, threshold=None
    ).metrics
    counts = count_entities(
        true.astype(np.int64),
        prediction.values,
        classes=spec.classes,
        row_words=prediction.row_words,
    ).sum(axis=0)
    assert found["entity_f1"].value == pytest.approx(2 * counts[2] / (counts[0] + counts[1]))
    assert found["entity_f1"].low < found["entity_f1"].value < found["entity_f1"].high
    assert 0.05 < found["entity_f1"].high - found["entity_f1"].low < 0.25
    assert "accuracy" in found


def test_entity_f1_of_sentences_that_stand_twice_is_no_surer():
    prediction, true, spec, units = tagged(100)
    twice = Prediction(
        np.tile(prediction.values, 2), np.tile(prediction.probabilities, (2, 1)), np.full(200, 2)
    )
    widths = []
    for asked, target, of in (
        (prediction, true, units),
        (twice, np.tile(true, 2), np.tile(units, 2)),
    ):
        found = evaluate(
            asked, target, spec=spec, units=of, split=Split.VALIDATION, threshold=None
        ).metrics["entity_f1"]
        widths.append(found.high - found.low)
    assert widths[1] == pytest.approx(widths[0], rel=0.05)


def test_tags_that_are_no_entities_have_no_entity_f1():
    prediction, true, spec, units = tagged(50)
    spec = replace(spec, classes=("NOUN", "VERB", "X"))
    found = evaluate(
        prediction, true, spec=spec, units=units, split=Split.VALIDATION, threshold=None
    ).metrics
    assert "entity_f1" not in found
    assert "macro_f1" in found


def test_entity_statistics_of_two_parts_are_those_of_the_whole():
    prediction, true, spec, _ = tagged(40)
    counts = count_entities(
        true.astype(np.int64),
        prediction.values,
        classes=spec.classes,
        row_words=prediction.row_words,
    )
    codes = true.astype(np.int64)
    whole, left, right = (
        ClassStatistics.of(
            prediction.probabilities[part],
            codes[part],
            prediction.values[part],
            entities=counts[part],
        )
        for part in (slice(None), slice(None, 30), slice(30, None))
    )
    assert left.merge(right).entities == whole.entities


def test_mase_is_the_absolute_error_in_units_of_the_naive_one():
    target = np.array([1.0, 2.0, 4.0, 8.0])
    prediction = Prediction(target + np.array([1.0, -1.0, 2.0, -4.0]))
    judged = Judged(prediction, target, units=Units.of(np.arange(4)), seed=0, naive_error=0.5)
    metric, plain = METRICS["mase"], METRICS["mae"]
    assert metric.value(judged.statistics) == 4.0
    found, error = metric.interval(judged, 4.0, 0.95), plain.interval(judged, 2.0, 0.95)
    assert (found.value, found.low, found.high) == (4.0, error.low / 0.5, error.high / 0.5)
    unknown = Judged(prediction, target, units=Units.of(np.arange(4)), seed=0)
    assert metric.value(unknown.statistics) is None
    assert "mase" in metric_names(Task.FORECASTING)
    assert "mase" not in metric_names(Task.REGRESSION)
