"""The linear family finds the minimum that scikit-learn finds, with C = 1 / strength."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples, Features
from trainwright.core.protocols import Workplace
from trainwright.models.tables.linear import Linear
from trainwright.recipe.sections import TrainingSettings

ROWS, COLUMNS = 400, 6


def make(num_classes, seed):
    random = np.random.default_rng(seed)
    dense = random.normal(size=(ROWS, COLUMNS)) * np.exp(random.normal(size=COLUMNS))
    noisy = dense @ random.normal(size=COLUMNS) + random.normal(size=ROWS) * 2
    if num_classes:
        noisy = np.digitize(noisy, np.quantile(noisy, np.linspace(0, 1, num_classes + 1)[1:-1]))
    features = Features(dense, tuple(map(str, range(COLUMNS))))
    kind, task = (
        (ColumnType.CATEGORY, Task.CLASSIFICATION)
        if num_classes
        else (ColumnType.NUMBER, Task.REGRESSION)
    )
    classes = tuple(map(str, range(num_classes)))
    return Examples(features, noisy.astype(float)), Target(Column("y", kind), task, classes)


def fit(rows, target, strength):
    return (
        Linear(strengths=(strength,))
        .fit(
            rows,
            rows,
            target=target,
            seed=0,
            training=TrainingSettings(threads=2),
            workplace=Workplace(Path()),
            pacer=Unhurried(),
        )
        .estimator
    )


@pytest.mark.parametrize("num_classes", [2, 3, 5])
@pytest.mark.parametrize("strength", [100.0, 1.0, 0.01])
def test_logistic_regression_is_scikit_learns(num_classes, strength):
    """Both solvers end at a small slope, not at the minimum itself: hence the tolerance."""
    rows, target = make(num_classes, seed=num_classes)
    reference = LogisticRegression(C=1 / strength, tol=1e-10, max_iter=10_000)
    reference.fit(rows.features.dense, rows.target)
    found = fit(rows, target, strength).predict(rows.features)
    np.testing.assert_allclose(
        found, reference.predict_proba(rows.features.dense), rtol=0, atol=5e-5
    )


@pytest.mark.parametrize("strength", [100.0, 1.0, 0.01])
def test_ridge_is_scikit_learns(strength):
    """The target is scaled to unit spread before the fit; that moves no minimum of a ridge."""
    rows, target = make(0, seed=7)
    reference = Ridge(alpha=strength).fit(rows.features.dense, rows.target)
    found = fit(rows, target, strength).predict(rows.features)
    expected = reference.predict(rows.features.dense)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * expected.std())


def test_heavy_tails_are_met_by_the_median():
    """With no feature that tells, absolute error is least at the median (pseudo-Huber: near it)."""
    random = np.random.default_rng(0)
    values = np.exp(random.normal(size=2_001) * 2)
    features = Features(np.zeros((2_001, 1)), ("nothing",))
    target = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION, heavy_tailed=True)
    found = fit(Examples(features, values), target, 1.0).predict(features)
    assert found[0] == pytest.approx(np.median(values), rel=0.1)
    assert found[0] < 0.3 * values.mean()
