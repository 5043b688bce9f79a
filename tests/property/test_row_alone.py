"""A row's prediction is the same bits alone, in any batch, and at any place in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples, Features
from trainwright.core.parts import families
from trainwright.core.protocols import Workplace
from trainwright.models.fitted import normalised
from trainwright.recipe.sections import TrainingSettings

ROWS, COLUMNS, TERMS = 6_000, 7, 9  # more rows than one block of the linear family


def make_features(num_rows, seed):
    random = np.random.default_rng(seed)
    dense = random.normal(size=(num_rows, COLUMNS)) * 10.0 ** random.integers(-3, 4, COLUMNS)
    dense[:, 3] = random.integers(0, 6, num_rows)
    dense[random.random(dense.shape) < 0.1] = np.nan
    terms = csr_matrix(random.random((num_rows, TERMS)) * (random.random((num_rows, TERMS)) < 0.2))
    return Features(
        dense, tuple(map(str, range(COLUMNS))), (3,), terms, tuple(map(str, range(TERMS)))
    )


def part(features, rows):
    return Features(
        features.dense[rows], features.names, (3,), features.sparse[rows], features.sparse_names
    )


@pytest.fixture(scope="module")
def fitted():
    """(family, classes) -> estimator and its answer for all rows at once."""
    features = make_features(ROWS, seed=0)
    found = {}
    for name in ("linear", "lightgbm"):
        for num_classes in (0, 2, 3, 11):
            random = np.random.default_rng(num_classes)
            values = (
                random.integers(0, num_classes, 300) if num_classes else random.normal(size=300)
            )
            kind = ColumnType.CATEGORY if num_classes else ColumnType.NUMBER
            task = Task.CLASSIFICATION if num_classes else Task.REGRESSION
            target = Target(Column("y", kind), task, tuple(map(str, range(num_classes))))
            short = {"num_iterations": 8} if name == "lightgbm" else {"strengths": (1.0,)}
            estimator = (
                families.find(name)(**short)
                .fit(
                    Examples(part(features, slice(0, 300)), values.astype(float)),
                    Examples(part(features, slice(300, 400)), values[:100].astype(float)),
                    target=target, seed=0, training=TrainingSettings(threads=2),
                    workplace=Workplace(Path()), pacer=Unhurried(),
                )
                .estimator
            )  # fmt: skip
            found[name, num_classes] = estimator, estimator.predict(features)
    return features, found


@settings(max_examples=60, deadline=None)
@given(start=st.integers(0, ROWS - 1), size=st.integers(1, 70))
def test_a_slice_of_the_batch_is_answered_as_in_the_batch(fitted, start, size):
    features, found = fitted
    rows = slice(start, start + size)
    for estimator, whole in found.values():
        np.testing.assert_array_equal(estimator.predict(part(features, rows)), whole[rows])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 30))
def test_normalised_probabilities_do_not_depend_on_their_neighbours(seed, num_rows, num_classes):
    raw = np.random.default_rng(seed).random((num_rows, num_classes)) ** 9
    whole = normalised(raw)
    np.testing.assert_allclose(whole.sum(axis=1), 1.0, atol=1e-12)
    assert whole.min() > 0
    for row in range(num_rows):
        np.testing.assert_array_equal(normalised(raw[row : row + 1])[0], whole[row])
