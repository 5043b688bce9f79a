"""A threshold within limits, held to Fairlearn's differences at every threshold there is."""

from __future__ import annotations

import fairlearn.metrics as fairlearn
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.evaluation.decision import cross_fit_decision, fit_decision
from trainwright.evaluation.fair_threshold import FairnessLimit

BINARY = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))
NAMES = (
    "demographic_parity_difference",
    "equal_opportunity_difference",
    "equalized_odds_difference",
)


def drawn(seed: int, rows: int = 400):
    random = np.random.default_rng(seed)
    group = random.integers(0, 3, rows)
    truth = (random.random(rows) < np.array([0.3, 0.5, 0.4])[group]).astype(np.int64)
    score = np.clip(0.4 * truth + 0.12 * group + 0.4 * random.random(rows), 0.01, 0.99).round(2)
    return group, truth, np.stack([1 - score, score], axis=1)


def fitted(probabilities, truth, limit):
    units = np.arange(len(truth))
    return fit_decision(
        probabilities, truth, units, spec=BINARY, seed=0, methods=(), limit=limit
    ).threshold


def by_hand(truth, score, group, name):
    """Of each threshold the difference, and the balanced accuracy."""
    known = []
    for threshold in np.unique(score):
        told = (score >= threshold).astype(int)
        difference = getattr(fairlearn, name)(truth, told, sensitive_features=group)
        known.append((difference, balanced_accuracy_score(truth, told)))
    return np.array(known)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_of_the_thresholds_within_the_limit_the_best_is_taken(name: str, seed: int) -> None:
    group, truth, probabilities = drawn(seed)
    score = probabilities[:, 1]
    known = by_hand(truth, score, group, name)
    for at_most in (0.02, 0.1, 0.3):
        told = score >= fitted(probabilities, truth, FairnessLimit({name: at_most}, (group,)))
        found = getattr(fairlearn, name)(truth, told, sensitive_features=group)
        assert found <= at_most + 1e-9
        within = known[known[:, 0] <= at_most + 1e-9, 1].max()
        assert balanced_accuracy_score(truth, told) == pytest.approx(within, abs=1e-12)


def test_the_excess_is_that_of_fairlearn_over_all_limits() -> None:
    group, truth, probabilities = drawn(7)
    score = probabilities[:, 1]
    _, place = np.unique(score, return_inverse=True)
    at_most = dict(zip(NAMES, (0.2, 0.15, 0.25), strict=True))
    found = FairnessLimit(at_most, (group,)).excess(place, truth)
    expected = np.max(
        [by_hand(truth, score, group, n)[:, 0] - b for n, b in at_most.items()], axis=0
    )
    assert found == pytest.approx(np.maximum(expected, 0), abs=1e-9)
    assert 0 < np.count_nonzero(found) < len(found)


def test_groups_of_few_rows_are_not_judged_and_no_limit_changes_nothing() -> None:
    group, truth, probabilities = drawn(1)
    few = np.where(np.arange(len(group)) < 29, 1, 0)
    loose = fitted(probabilities, truth, FairnessLimit({NAMES[0]: 0.0}, (few,)))
    free = fitted(probabilities, truth, FairnessLimit({NAMES[0]: 0.99}, (group,)))
    assert loose == free
    assert fitted(probabilities, truth, None) is None  # classes are even: the most probable one


def test_what_is_printed_is_decided_by_thresholds_of_other_rows() -> None:
    group, truth, probabilities = drawn(2, rows=1_200)
    limit = FairnessLimit({NAMES[0]: 0.1}, (group,))
    units = np.arange(len(truth))
    prediction = cross_fit_decision(
        probabilities, truth, units, spec=BINARY, seed=0, by_time=False, methods=(), limit=limit
    )
    free = cross_fit_decision(
        probabilities, truth, units, spec=BINARY, seed=0, by_time=False, methods=()
    )
    found = [
        fairlearn.demographic_parity_difference(truth, one.values, sensitive_features=group)
        for one in (prediction, free)
    ]
    assert found[0] < 0.15 < found[1]
