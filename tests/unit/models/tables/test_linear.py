from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.protocols import Workplace
from trainwright.models.tables.linear import Linear
from trainwright.recipe.sections import TrainingSettings


def fit(train, validation, target, **settings):
    return Linear(**settings).fit(
        train,
        validation,
        target=target,
        seed=0,
        training=TrainingSettings(threads=2),
        workplace=Workplace(Path()),
        pacer=Unhurried(),
    )


def test_noise_is_met_with_a_strong_penalty_and_signal_with_a_weak_one(examples_of, target_of):
    train, validation = examples_of(200, 2, seed=1), examples_of(200, 2, seed=2)
    sizes = []
    for rows in (train, type(train)(train.features, np.roll(train.target, 7))):
        estimator = fit(rows, validation, target_of(2)).estimator
        sizes.append(np.abs(estimator.weights[0]).max())
    assert sizes[0] > 50 * sizes[1]


def test_the_chosen_strength_has_the_least_validation_loss(examples_of, target_of):
    train, validation = examples_of(200, 3, seed=1), examples_of(200, 3, seed=2)
    found = fit(train, validation, target_of(3))
    least = min(found.curve, key=lambda point: point.validation)
    answer = found.estimator.predict(validation.features)
    right = answer[np.arange(200), validation.target.astype(int)]
    assert -np.log(right).mean() == pytest.approx(least.validation, rel=1e-12)
    assert found.iterations == least.iteration


def test_a_missing_value_counts_as_the_centre(examples_of, target_of, rows_of):
    rows = examples_of(100, 0)
    estimator = fit(rows, rows, target_of(0)).estimator
    holes = rows_of(rows.features, slice(0, 10))
    zeros = rows_of(rows.features, slice(0, 10))
    holes.dense[:, 0], zeros.dense[:, 0] = np.nan, 0.0
    rows.features.dense[:10, 0] = 0.0
    np.testing.assert_array_equal(estimator.predict(holes), estimator.predict(zeros))


def test_one_wild_row_does_not_rule_the_others(examples_of, target_of):
    train, validation = examples_of(200, 0, seed=1), examples_of(200, 0, seed=2)
    tame = fit(train, validation, target_of(0)).curve[-1].validation
    train.features.dense[3, 1] = 1e300
    train.features.dense[4, 1] = -np.inf
    wild = fit(train, validation, target_of(0)).curve[-1].validation
    assert wild < 1.1 * tame
