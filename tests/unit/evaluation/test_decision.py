from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.evaluation.decision import cross_fit_decision, decide, fit_decision

TWO = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))
THREE = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b", "c"))


def drawn(rows=3000, *, shift=0.0, sharpness=1.0, seed=0):
    generator = np.random.default_rng(seed)
    logit = generator.normal(size=rows) + shift
    codes = (generator.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    told = 1 / (1 + np.exp(-sharpness * logit))
    return np.stack([1 - told, told], axis=1), codes


def fitted(probabilities, codes, **settings):
    units = np.arange(len(codes))
    return fit_decision(probabilities, codes, units, spec=TWO, seed=0, **settings)


def test_a_calibrated_model_keeps_its_probabilities():
    kept = [fitted(*drawn(rows=300, seed=seed)).calibrator for seed in range(40)]
    assert sum(calibrator is not None for calibrator in kept) <= 3


def test_a_gain_within_its_standard_error_is_not_enough():
    """A little too sure: any gain at all would keep 16 of 40 calibrators here."""
    kept = [fitted(*drawn(rows=300, sharpness=1.2, seed=seed)).calibrator for seed in range(40)]
    assert sum(calibrator is not None for calibrator in kept) <= 5


def test_a_model_that_is_too_sure_is_calibrated():
    assert fitted(*drawn(sharpness=4)).calibrator is not None


def test_a_bent_curve_is_mended_by_isotonic():
    probabilities, codes = drawn(rows=20_000)
    bent = probabilities[:, 1] ** 3
    decision = fitted(np.stack([1 - bent, bent], axis=1), codes)
    assert decision.calibrator is not None
    assert decision.calibrator.kind == "isotonic"


def test_balanced_classes_get_no_threshold():
    assert fitted(*drawn()).threshold is None


def test_a_rare_class_gets_the_threshold_of_the_best_balanced_accuracy():
    probabilities, codes = drawn(shift=-2, rows=300)
    decision = fitted(probabilities, codes)
    assert 0 < decision.threshold < 0.4
    told = decision.apply(probabilities)
    best = max(
        balanced_accuracy_score(codes, told.probabilities[:, 1] >= t)
        for t in told.probabilities[:, 1]
    )
    assert balanced_accuracy_score(codes, told.values) == pytest.approx(best, abs=1e-12)


def test_the_rare_class_may_be_the_first_one():
    probabilities, codes = drawn(shift=3)
    assert fitted(probabilities, codes).threshold > 0.7


def test_a_metric_of_decided_classes_replaces_the_rule():
    probabilities, codes = drawn(rows=300)
    decision = fitted(probabilities, codes, metric="f1")
    told = decision.apply(probabilities)
    best = max(f1_score(codes, told.probabilities[:, 1] >= t) for t in told.probabilities[:, 1])
    assert f1_score(codes, told.values) == pytest.approx(best, abs=1e-12)
    assert fitted(probabilities, codes, metric="roc_auc").threshold is None


def test_many_classes_tell_the_most_probable_one():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet([8, 1, 1], 500)
    codes = (generator.random(500)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    decision = fit_decision(probabilities, codes, np.arange(500), spec=THREE, seed=0)
    assert decision.threshold is None
    assert (decide(probabilities, None) == probabilities.argmax(axis=1)).all()


def test_one_class_alone_fits_nothing():
    probabilities, _ = drawn(rows=300)
    assert fitted(probabilities, np.zeros(300, dtype=np.int64)) == fitted(
        probabilities, np.ones(300, dtype=np.int64)
    )


def test_cross_fitting_does_not_see_the_rows_it_judges():
    """A fold's targets may be anything: what is told of its rows stays, bit for bit."""
    probabilities, codes = drawn(shift=-2, sharpness=3, rows=1200)
    units = np.arange(1200) // 240  # five blocks: one a fold by time
    settings = {"spec": TWO, "seed": 3, "by_time": True}
    before = cross_fit_decision(probabilities, codes, units, **settings)
    noise = codes.copy()
    noise[units == 2] = 1 - noise[units == 2]
    after = cross_fit_decision(probabilities, noise, units, **settings)
    judged = units == 2
    assert (before.probabilities[judged] == after.probabilities[judged]).all()
    assert (before.values[judged] == after.values[judged]).all()
    assert (before.probabilities[~judged] != after.probabilities[~judged]).any()


def test_one_probability_for_all_rows_gets_no_threshold():
    codes = (np.arange(1000) % 12 == 0).astype(np.int64)
    probabilities = np.tile([0.92, 0.08], (1000, 1))
    decision = fitted(probabilities, codes)
    assert decision.threshold is None
    assert not decide(probabilities, decision.threshold).any()  # and not the rare class for all


def test_a_threshold_fitted_on_noise_does_not_flatter_when_cross_fitted():
    generator = np.random.default_rng(0)
    apparent, honest = [], []
    for seed in range(30):
        told = generator.random(200) * 0.2
        probabilities = np.stack([1 - told, told], axis=1)
        codes = (generator.random(200) < 0.1).astype(np.int64)
        units = np.arange(200)
        own = fit_decision(probabilities, codes, units, spec=TWO, seed=seed).apply(probabilities)
        crossed = cross_fit_decision(
            probabilities, codes, units, spec=TWO, seed=seed, by_time=False
        )
        apparent.append(balanced_accuracy_score(codes, own.values))
        honest.append(balanced_accuracy_score(codes, crossed.values))
    assert np.mean(apparent) > 0.55
    assert abs(np.mean(honest) - 0.5) < 0.025


def test_equal_seeds_give_equal_bits_and_one_unit_gives_raw_probabilities():
    probabilities, codes = drawn(sharpness=3, rows=500)
    units = np.arange(500)
    settings = {"spec": TWO, "by_time": False}
    first = cross_fit_decision(probabilities, codes, units, seed=1, **settings)
    again = cross_fit_decision(probabilities, codes, units, seed=1, **settings)
    assert (first.probabilities == again.probabilities).all()
    alone = cross_fit_decision(probabilities, codes, np.zeros(500, np.int64), seed=1, **settings)
    assert (alone.probabilities == probabilities).all()
