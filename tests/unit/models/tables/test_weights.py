"""A row of weight 2 teaches as two equal rows do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.features import Examples
from trainwright.core.parts import families
from trainwright.core.protocols import Workplace
from trainwright.models.tables.losses import weighted_middle
from trainwright.recipe.sections import TrainingSettings

TASKS = {"binary": 2, "many classes": 4, "regression": 0}


@pytest.fixture(params=list(TASKS))
def table(request, examples_of, target_of):
    num_classes = TASKS[request.param]
    parts = [examples_of(300, num_classes, seed=seed, num_terms=2) for seed in (1, 2)]
    return *parts, target_of(num_classes)


def fit(name, train, validation, target, **settings):
    return families.find(name)(**settings).fit(
        train,
        validation,
        target=target,
        seed=0,
        training=TrainingSettings(threads=1),
        workplace=Workplace(Path()),
        pacer=Unhurried(),
    )


def weighted_and_copied(train, rows_of):
    counts = np.random.default_rng(0).integers(1, 4, len(train.target))
    places = np.repeat(np.arange(len(counts)), counts)
    copied = Examples(rows_of(train.features, places), train.target[places])
    return replace(train, weights=counts.astype(float)), copied


@pytest.mark.parametrize("name", ["baseline", "linear"])
def test_whole_number_weights_are_copies(name, table, rows_of):
    train, validation, target = table
    answers = [
        fit(name, rows, validation, target).estimator.predict(validation.features)
        for rows in weighted_and_copied(train, rows_of)
    ]
    np.testing.assert_allclose(*answers, atol=2e-4)  # each solved to a slope of 1e-6
    plain = fit(name, train, validation, target).estimator.predict(validation.features)
    assert np.abs(plain - answers[0]).max() > 1e-3


def test_boosting_follows_the_weights_and_tells_no_weighted_train_loss(table):
    train, validation, target = table
    first = train.target == train.target.min() if target.classes else train.target < 0
    weights = np.where(first, 20.0, 1.0)
    plain, heavy = (
        fit("lightgbm", rows, None, target, num_iterations=20)
        for rows in (train, replace(train, weights=weights))
    )
    told = [one.estimator.predict(validation.features) for one in (plain, heavy)]
    shares = [one[:, 0].mean() if target.classes else -one.mean() for one in told]
    assert shares[1] > shares[0] + 0.1
    assert all(point.train is None for point in heavy.curve)


def test_equal_weights_change_nothing_in_boosting(table):
    train, validation, target = table
    ones = replace(train, weights=np.ones(len(train.target)))
    answers = [
        fit("lightgbm", rows, validation, target, num_iterations=20).estimator.predict(
            validation.features
        )
        for rows in (train, ones)
    ]
    np.testing.assert_allclose(*answers, atol=1e-6)


def test_the_weighted_middle_is_that_of_copies():
    random = np.random.default_rng(0)
    for size in (5, 6, 7):
        values, counts = random.normal(size=size), random.integers(1, 4, size)
        copies = np.repeat(values, counts)
        weights = counts.astype(float)
        assert weighted_middle(values, weights, of_absolute=False) == pytest.approx(copies.mean())
        assert weighted_middle(values, weights, of_absolute=True) == np.median(copies)
