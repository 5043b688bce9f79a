from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.protocols import Workplace
from trainwright.models.tables.lightgbm import LightGBM
from trainwright.recipe.sections import TrainingSettings


def fit(train, validation, target, *, seed=0, **settings):
    return LightGBM(**settings).fit(
        train,
        validation,
        target=target,
        seed=seed,
        training=TrainingSettings(threads=2),
        workplace=Workplace(Path()),
        pacer=Unhurried(),
    )


def by_hand(train, validation, objective, iterations, **settings):
    """LightGBM's own call, with the settings of the family's docstring."""
    rows = lightgbm.Dataset(
        train.features.dense, train.target, categorical_feature=list(train.features.categorical)
    )
    return lightgbm.train(
        {"objective": objective, "verbosity": -1, "deterministic": True, "force_row_wise": True,
         "num_threads": 2, **settings},
        rows,
        num_boost_round=iterations,
    ).predict(validation.features.dense)  # fmt: skip


PLAIN = {"feature_fraction": 1.0, "bagging_fraction": 1.0, "lambda_l2": 0.0}


@pytest.mark.parametrize(
    ("num_classes", "objective"), [(2, "binary"), (3, "multiclass"), (0, "regression")]
)
def test_it_predicts_what_lightgbm_predicts_by_hand(num_classes, objective, examples_of, target_of):
    train = examples_of(300, num_classes, seed=1, missing=0.1)
    validation = examples_of(80, num_classes, seed=2, missing=0.1)
    settings = {"learning_rate": 0.1, "num_leaves": 7, "min_data_in_leaf": 5}
    found = fit(train, None, target_of(num_classes), num_iterations=20, **settings, **PLAIN)
    expected = by_hand(
        train,
        validation,
        objective,
        20,
        num_class=max(1, num_classes if num_classes > 2 else 1),
        min_data_per_group=15,
        **settings,
    )
    answer = found.estimator.predict(validation.features)
    answer = answer[:, 1] if num_classes == 2 else answer
    # the target is centred and scaled before the fit of a regression: equal up to rounding
    np.testing.assert_allclose(
        answer, expected, rtol=1e-12 if num_classes else 1e-4, atol=1e-4 * (not num_classes)
    )


def test_it_stops_where_validation_was_best(examples_of, target_of):
    train, validation = examples_of(300, 2, seed=1), examples_of(200, 2, seed=2)
    found = fit(train, validation, target_of(2), patience=20, learning_rate=0.3)
    assert found.stopped == "early"
    losses = {point.iteration: point.validation for point in found.curve}
    assert min(losses, key=losses.get) == found.iterations
    assert found.estimator.trees.text.count("\nTree=") == found.iterations
    assert len(found.curve) <= 203


def test_the_curve_is_thinned_and_keeps_the_best_and_the_last(examples_of, target_of):
    rows = examples_of(60, 0, seed=1)
    found = fit(rows, rows, target_of(0), num_iterations=450, num_leaves=3)
    assert len(found.curve) <= 203
    assert {1, found.iterations} <= {point.iteration for point in found.curve}
    assert any(point.train is not None for point in found.curve)


def test_the_curve_is_in_the_units_of_the_target(examples_of, target_of):
    train, validation = examples_of(300, 0, seed=1), examples_of(300, 0, seed=2)
    found = fit(train, validation, target_of(0))
    answer = found.estimator.predict(validation.features)
    best = min(point.validation for point in found.curve)
    assert best == pytest.approx(np.square(answer - validation.target).mean(), rel=1e-4)


def test_another_seed_is_another_model(examples_of, target_of):
    train, validation = examples_of(300, 2, seed=1), examples_of(100, 2, seed=2)
    texts = {
        fit(train, validation, target_of(2), seed=seed).estimator.trees.text for seed in (0, 1, 1)
    }
    assert len(texts) == 2
