from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import f1_score

from told_labels import too_sure
from trainwright.evaluation.decision import Decision
from trainwright.evaluation.label_decision import cross_fit_labels, fit_labels, fit_thresholds
from trainwright.summaries.label_statistics import label_losses


def case(rows: int = 90, labels: int = 3):
    generator = np.random.default_rng(4)
    truth = (generator.random((rows, labels)) < [0.5, 0.35, 0.3]).astype(np.float64)
    told = np.clip(0.2 + 0.25 * truth + generator.normal(0, 0.2, truth.shape), 0, 1).round(1)
    return truth, told


def decided(told, thresholds):
    return Decision(None, thresholds).apply(told).values


def f1(truth, told, thresholds, average):
    return f1_score(truth, decided(told, thresholds), average=average, zero_division=0)


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
    labels = decided(told, fit_thresholds(told, truth))
    assert set(labels.mean(axis=0).tolist()) <= {0.0, 1.0}


def test_printed_labels_are_told_by_thresholds_of_other_rows():
    truth, told = case()
    found = cross_fit_labels(told, truth, np.arange(len(truth)), seed=1, by_time=False)
    own = decided(told, fit_thresholds(told, truth))
    assert (found.values != own).any()
    assert np.array_equal(found.probabilities, told)  # too few rows to calibrate


def test_one_unit_leaves_nothing_to_learn_from():
    truth, told = case()
    found = cross_fit_labels(told, truth, np.zeros(len(truth), int), seed=1, by_time=False)
    assert np.array_equal(found.values, told >= 0.5)


def test_labels_are_told_by_thresholds_of_calibrated_probabilities():
    truth, told, _ = too_sure()
    units = np.arange(len(truth))
    found = fit_labels(told, truth, units, seed=5, by_time=False)
    calibrated = found.calibrator.apply(told)
    assert found.threshold == fit_thresholds(calibrated, truth)
    assert np.array_equal(found.apply(told).probabilities, calibrated)
    assert f1_score(truth, found.apply(told).values, average="micro") > 0.65


def test_printed_probabilities_are_nearer_the_truth_and_by_calibrators_of_other_rows():
    truth, told, honest = too_sure()
    units = np.arange(len(truth))
    found = cross_fit_labels(told, truth, units, seed=5, by_time=False).probabilities
    own = fit_labels(told, truth, units, seed=5, by_time=False).apply(told).probabilities
    best, raw = label_losses(honest, truth).mean(), label_losses(told, truth).mean()
    printed = label_losses(found, truth).mean()
    assert printed - best < 0.1 * (raw - best)
    assert label_losses(own, truth).mean() < printed  # which flatters
    assert np.abs(found - honest).mean() < 0.4 * np.abs(told - honest).mean()
