from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trainwright.core.errors import DataError
from trainwright.evaluation.comparison import compare_auc, compare_losses

ROWS = np.arange(300)


def test_losses_are_compared_by_the_paired_t_test():
    generator = np.random.default_rng()
    a, b = generator.gamma(2, size=300), generator.gamma(2.1, size=300)
    got = compare_losses(a, b, units=ROWS)
    expected = stats.ttest_rel(a, b)
    interval = expected.confidence_interval(0.95)
    assert got.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (got.low, got.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert got.is_significant == (expected.pvalue < 0.05)


def test_groups_count_once():
    a = np.repeat(np.random.default_rng(0).normal(0.3, 1, 10), 30)
    rows, groups = (compare_losses(a, np.zeros(300), units=u) for u in (ROWS, ROWS // 30))
    assert groups.units == 10
    assert groups.p_value > rows.p_value


def test_aucs_of_one_sample_are_compared_by_their_covariance():
    """Against the difference's variance over all pairs, as DeLong et al. write it."""
    generator = np.random.default_rng()
    is_positive = generator.random(300) < 0.4
    a = generator.normal(size=300) + is_positive
    b = a + generator.normal(size=300)
    parts = []
    for scores in (a, b):
        wins = (scores[is_positive][:, None] > scores[~is_positive]).astype(float)
        parts.append((wins.mean(axis=1), wins.mean(axis=0)))
    v10, v01 = parts[0][0] - parts[1][0], parts[0][1] - parts[1][1]
    error = np.sqrt(v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01))
    got = compare_auc(a, b, is_positive, units=ROWS)
    assert got.difference == pytest.approx(v10.mean(), abs=1e-12)
    assert got.high - got.low == pytest.approx(2 * stats.norm.ppf(0.975) * error, rel=1e-9)
    assert got.p_value == pytest.approx(2 * stats.norm.sf(abs(v10.mean()) / error), rel=1e-9)


def test_equal_models_do_not_differ():
    same = np.random.default_rng(0).random(300)
    assert not compare_losses(same, same, units=ROWS).is_significant
    assert compare_losses(same, same, units=ROWS).p_value == 1
    assert compare_auc(same, same, same > 0.5, units=ROWS).p_value == 1


def test_noise_is_called_a_difference_in_one_of_twenty():
    generator = np.random.default_rng(0)
    called = sum(
        compare_losses(*generator.normal(size=(2, 60)), units=np.arange(60)).is_significant
        for _ in range(400)
    )
    assert 8 <= called <= 34


def test_rows_that_do_not_pair_are_refused():
    with pytest.raises(DataError, match="compare runs of one snapshot"):
        compare_losses(np.ones(3), np.ones(4), units=np.arange(3))
    with pytest.raises(DataError, match="compare on more rows"):
        compare_losses(np.ones(3), np.ones(3), units=np.zeros(3, np.int64))
    with pytest.raises(DataError, match="compare by log loss"):
        compare_auc(np.ones(3), np.ones(3), np.ones(3, bool), units=np.arange(3))
