from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import f1_score

from trainwright.evaluation.label_decision import (
    cross_fit_thresholds,
    decide_labels,
    fit_thresholds,
)


def case(rows: int = 90, labels: int = 3):
    generator = np.random.default_rng(4)
    truth = (generator.random((rows, labels)) < [0.5, 0.35, 0.3]).astype(np.float64)
    told = np.clip(0.2 + 0.25 * truth + generator.normal(0, 0.2, truth.shape), 0, 1).round(1)
    return truth, told


def f1(truth, told, thresholds, average):
    decided = decide_labels(told, thresholds).values
    return f1_score(truth, decided, average=average, zero_division=0)


@pytest.mark.parametrize(("metric", "average"), [(None, "micro"), ("macro_f1", "macro")])
def test_no_other_thresholds_reach_more(metric, average):
    truth, told = case()
    found = f1(truth, told, fit_thresholds(told, truth, metric=metric), average)
    grid = [*np.arange(-0.05, 1.1, 0.1), 2.0]
    best = max(f1(truth, told, cut, average) for cut in product(grid, repeat=3))
    assert found == pytest.approx(best, abs=1e-12)


def test_a_label_of_few_rows_shares_the_threshold_of_all():
    truth, told = case()
    rare = np.zeros((len(truth), 1))
    rare[:3] = 1
    lone = np.where(rare == 1, 0.03, 0.01)
    thresholds = fit_thresholds(np.hstack([told, lone]), np.hstack([truth, rare]))
    assert thresholds[3] > 0.03  # though 0.02 would part its rows


def test_a_baseline_of_one_probability_tells_all_or_none():
    truth, _ = case()
    told = np.full_like(truth, 0.1)
    decided = decide_labels(told, fit_thresholds(told, truth)).values
    assert set(decided.mean(axis=0).tolist()) <= {0.0, 1.0}


def test_printed_labels_are_told_by_thresholds_of_other_rows():
    truth, told = case()
    found = cross_fit_thresholds(told, truth, np.arange(len(truth)), seed=1, by_time=False)
    own = decide_labels(told, fit_thresholds(told, truth))
    assert (found.values != own.values).any()
    assert np.array_equal(found.probabilities, told)


def test_one_unit_leaves_nothing_to_learn_from():
    truth, told = case()
    found = cross_fit_thresholds(told, truth, np.zeros(len(truth), int), seed=1, by_time=False)
    assert np.array_equal(found.values, told >= 0.5)
