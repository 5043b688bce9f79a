"""Closed-form intervals against statsmodels, scipy, and the definition written out."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportion_confint

from trainwright.summaries.intervals import (
    Units,
    auc_influence,
    delong_error,
    logit_interval,
    mean_by_unit,
    mean_interval,
    proportion_interval,
    wilson,
)

SEED = secrets.randbits(31)


def test_wilson_equals_statsmodels():
    generator = np.random.default_rng(SEED)
    for _ in range(200):
        count = int(generator.integers(1, 2000))
        hits = int(generator.integers(0, count + 1))
        confidence = float(generator.uniform(0.5, 0.999))
        got = wilson(hits / count, count, confidence=confidence)
        low, high = proportion_confint(hits, count, alpha=1 - confidence, method="wilson")
        assert (got.low, got.high) == pytest.approx((low, high), abs=1e-12)


def test_the_t_interval_of_a_mean_equals_scipys():
    values = np.random.default_rng(SEED).gamma(2.0, size=37)
    got = mean_interval(values, Units.of(np.arange(37)), confidence=0.9, scale=1.0)
    low, high = stats.t.interval(0.9, 36, loc=values.mean(), scale=stats.sem(values))
    assert (got.low, got.high) == pytest.approx((low, high), rel=1e-12)


def test_the_standard_error_by_group_equals_statsmodels():
    generator = np.random.default_rng(SEED)
    groups = np.sort(generator.integers(0, 30, 400))
    values = generator.normal(size=30)[groups] + generator.normal(size=400)
    got = mean_by_unit(values, Units.of(groups))
    fit = OLS(values, np.ones(400)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    units = len(np.unique(groups))
    assert got.error == pytest.approx(float(fit.bse[0]) * np.sqrt(units / (units - 1)), rel=1e-10)


def brute_force_delong(scores, is_positive):
    """Every pair, as DeLong et al. write it: O(positives * negatives)."""
    positive, negative = scores[is_positive], scores[~is_positive]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = wins.mean(axis=1).var(ddof=1) / len(positive)
    variance += wins.mean(axis=0).var(ddof=1) / len(negative)
    return wins.mean(), np.sqrt(variance)


@pytest.mark.parametrize("digits", [1, 8])
def test_delong_equals_all_pairs_also_with_ties(digits):
    generator = np.random.default_rng(SEED)
    is_positive = generator.random(250) < 0.3
    scores = (generator.normal(size=250) + is_positive).round(digits)
    value, error = brute_force_delong(scores, is_positive)
    auc = auc_influence(scores, is_positive)
    assert auc is not None
    assert auc.value == pytest.approx(roc_auc_score(is_positive, scores), abs=1e-12)
    assert auc.value == pytest.approx(value, abs=1e-12)
    got = delong_error(auc, is_positive, Units.of(np.arange(250)))
    assert got == pytest.approx(error, rel=1e-10)


def test_an_auc_of_groups_varies_as_its_groups_do():
    """Each row ten times over: as uncertain as each row once, not a tenth of it."""
    generator = np.random.default_rng(SEED)
    is_positive = generator.random(300) < 0.4
    scores = generator.normal(size=300) + is_positive
    once = auc_influence(scores, is_positive)
    many = auc_influence(np.repeat(scores, 10), np.repeat(is_positive, 10))
    assert once is not None
    assert many is not None
    rows = delong_error(once, is_positive, Units.of(np.arange(300)))
    groups = delong_error(many, np.repeat(is_positive, 10), Units.of(np.repeat(np.arange(300), 10)))
    assert groups == pytest.approx(rows, rel=0.02)


def test_a_proportion_of_groups_counts_each_group_once():
    hits = np.repeat([1.0, 1.0, 1.0, 0.0] * 25, 10)
    got = proportion_interval(hits, Units.of(np.repeat(np.arange(100), 10)), confidence=0.95)
    alone = wilson(0.75, 100, confidence=0.95)
    assert got.high - got.low == pytest.approx(alone.high - alone.low, rel=0.03)


def test_no_interval_has_zero_width():
    one, ten = Units.of(np.array([5])), Units.of(np.arange(10))
    found = [
        proportion_interval(np.ones(10), ten, confidence=0.95),
        proportion_interval(np.zeros(10), ten, confidence=0.95),
        proportion_interval(np.ones(1), one, confidence=0.95),
        proportion_interval(np.ones(10), Units.of(np.zeros(10, int)), confidence=0.95),
        mean_interval(np.zeros(10), ten, confidence=0.95, scale=1.0),
        mean_interval(np.array([2.0]), one, confidence=0.95, scale=1.0),
        mean_interval(np.zeros(10), ten, confidence=0.95, scale=0.0),
        logit_interval(1.0, 0.0, confidence=0.95, count=10),
        logit_interval(0.5, float("nan"), confidence=0.95, count=1),
    ]
    assert all(interval.low < interval.high for interval in found)
    assert all(interval.low <= interval.value <= interval.high for interval in found)
