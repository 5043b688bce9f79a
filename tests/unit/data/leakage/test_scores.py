from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import r2_score, roc_auc_score

from trainwright.core.columns import Task
from trainwright.data.leakage.pairs import clock_difference, is_clock, likeness
from trainwright.data.leakage.scores import (
    area,
    build_answer,
    column_score,
    explained,
    order_score,
    ranks,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng()


def test_area_is_that_of_scikit_learn_with_ties(rng: np.random.Generator) -> None:
    positive = rng.integers(0, 2, 300).astype(float)
    score = rng.integers(0, 12, 300) + positive
    assert area(positive, score) == pytest.approx(roc_auc_score(positive, score), abs=1e-12)


def test_explained_variance_is_that_of_scikit_learn(rng: np.random.Generator) -> None:
    truth = rng.normal(size=200)
    answer = truth + rng.normal(size=200) / 2
    assert explained(truth, answer) == pytest.approx(r2_score(truth, answer), abs=1e-12)


def test_ranks_are_those_of_scipy(rng: np.random.Generator) -> None:
    values = rng.integers(0, 40, 200).astype(float)
    assert (ranks(values) == stats.rankdata(values)).all()


def test_likeness_is_the_absolute_rank_correlation_where_both_are_known(
    rng: np.random.Generator,
) -> None:
    one, other = rng.normal(size=(2, 200))
    one[:20] = np.nan
    wanted = abs(stats.spearmanr(one[20:], other[20:]).statistic)
    assert likeness(one, other) == pytest.approx(wanted, abs=1e-12)


def test_noise_scores_nothing_and_a_copy_everything(rng: np.random.Generator) -> None:
    folds = np.arange(3000) % 3
    target = rng.integers(0, 2, 3000).astype(float)
    answer = build_answer(target, task=Task.CLASSIFICATION, folds=folds)
    assert column_score(rng.normal(size=3000), answer, ordered=True) == pytest.approx(0.5, abs=0.06)
    assert column_score(rng.integers(0, 900, 3000).astype(float), answer, ordered=False) < 0.56
    assert column_score(target, answer, ordered=False) == 1.0
    values = rng.standard_cauchy(3000)
    regression = build_answer(values, task=Task.REGRESSION, folds=folds)
    assert column_score(-(values**3), regression, ordered=True) == pytest.approx(1.0, abs=1e-9)
    assert column_score(rng.normal(size=3000), regression, ordered=True) < 0.02


def test_a_column_that_is_high_at_both_ends_is_seen_though_its_order_is_not(
    rng: np.random.Generator,
) -> None:
    values = rng.normal(size=4000)
    answer = build_answer(
        (abs(values) > 1).astype(float), task=Task.CLASSIFICATION, folds=np.arange(4000) % 3
    )
    assert order_score(values, answer) < 0.6
    assert column_score(values, answer, ordered=True) > 0.98


def test_clock_columns_are_told_from_other_numbers(rng: np.random.Generator) -> None:
    minutes = rng.integers(0, 1440, 500)
    clock = (minutes // 60 * 100 + minutes % 60).astype(float)
    assert is_clock(clock)
    assert not is_clock(clock + 60)
    assert not is_clock(minutes.astype(float))
    assert not is_clock(clock + 0.5)


def test_a_clock_difference_goes_round_midnight() -> None:
    left, right = np.array([10.0, 2350.0, 1200.0, np.nan]), np.array([2350.0, 10.0, 1130.0, 5.0])
    found = clock_difference(left, right)
    assert found[:3].tolist() == [20.0, -20.0, 30.0]
    assert np.isnan(found[3])
