"""Metrics of several labels against scikit-learn, and against themselves in parts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from trainwright.core.artifacts import Prediction, Split
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.evaluation.choice import row_losses
from trainwright.evaluation.evaluate import evaluate
from trainwright.evaluation.metrics import METRICS, metric_names
from trainwright.summaries.label_statistics import LabelStatistics

ROWS = 400


def case(seed: int, labels: int = 6):
    generator = np.random.default_rng(seed)
    share = generator.uniform(0.05, 0.6, labels)
    truth = (generator.random((ROWS, labels)) < share).astype(np.int64)
    probabilities = np.clip(
        0.5 * share + 0.4 * truth + generator.normal(0, 0.15, truth.shape), 0.01, 0.99
    ).round(2)
    return truth, probabilities, (probabilities >= 0.4).astype(np.int64)


@pytest.mark.parametrize("seed", range(5))
def test_every_metric_is_that_of_scikit_learn(seed):
    truth, probabilities, decided = case(seed)
    seen = LabelStatistics.of(probabilities, truth, decided)
    wanted = {
        "micro_f1": reference.f1_score(truth, decided, average="micro"),
        "macro_f1": reference.f1_score(truth, decided, average="macro"),
        "jaccard": reference.jaccard_score(truth, decided, average="samples", zero_division=1.0),
        "hamming_loss": reference.hamming_loss(truth, decided),
        "subset_accuracy": reference.accuracy_score(truth, decided),
        "macro_average_precision": reference.average_precision_score(truth, probabilities),
    }
    assert metric_names(Task.MULTI_LABEL) == list(wanted)
    for name, value in wanted.items():
        assert METRICS[name].value(seen) == pytest.approx(value, abs=1e-12), name


def test_the_loss_is_the_mean_of_each_labels_log_loss():
    truth, probabilities, decided = case(9)
    target = Target(Column("t", ColumnType.LABELS), Task.MULTI_LABEL, tuple("abcdef"))
    found = row_losses(Prediction(decided, probabilities), truth.astype(np.float64), target)
    each = [reference.log_loss(truth[:, k], probabilities[:, k]) for k in range(6)]
    assert found.shape == (ROWS,)
    assert found.mean() == pytest.approx(np.mean(each), abs=1e-12)


def test_parts_merge_to_the_whole_to_the_last_bit():
    truth, probabilities, decided = case(1)
    whole = LabelStatistics.of(probabilities, truth, decided)
    parts = [LabelStatistics.of(probabilities[s], truth[s], decided[s]) for s in _thirds()]
    merged = parts[0].merge(parts[1]).merge(parts[2])
    for name in metric_names(Task.MULTI_LABEL):
        assert METRICS[name].value(merged) == METRICS[name].value(whole)


def _thirds() -> list[slice]:
    return [slice(0, 100), slice(100, 250), slice(250, ROWS)]


@pytest.mark.slow
def test_intervals_cover_in_about_nineteen_cases_of_twenty():
    generator = np.random.default_rng(0)
    truth, probabilities, decided = (
        np.concatenate([case(seed)[k] for seed in range(100, 200)]) for k in range(3)
    )
    target = Target(Column("t", ColumnType.LABELS), Task.MULTI_LABEL, tuple("abcdef"))
    whole = LabelStatistics.of(probabilities, truth, decided)
    known = {name: METRICS[name].value(whole) for name in metric_names(Task.MULTI_LABEL)}
    hits = dict.fromkeys(known, 0)
    for _ in range(100):
        rows = generator.choice(len(truth), 300, replace=False)
        found = evaluate(
            Prediction(decided[rows], probabilities[rows]),
            truth[rows].astype(np.float64),
            spec=target,
            units=np.arange(300),
            split=Split.VALIDATION,
            threshold=(0.4,) * 6,
        )
        for name, one in found.metrics.items():
            hits[name] += one.low <= known[name] <= one.high
    assert min(hits.values()) >= 88, hits  # of 100; 95 wanted, 88 is three standard errors less
