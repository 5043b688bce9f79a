"""Naive Bayes on terms and the neighbours' answer against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from trainwright.core.features import Features
from trainwright.models.tables.neighbours import neighbour_answers, points_of
from trainwright.models.tables.terms import term_answers


def terms(rows: int, seed: int) -> Features:
    generator = np.random.default_rng(seed)
    sparse = csr_matrix(random_array((rows, 40), density=0.2, rng=generator))
    return Features(
        np.empty((rows, 0)), (), sparse=sparse, sparse_names=tuple(f"t{k}" for k in range(40))
    )


@pytest.mark.parametrize("num_classes", [2, 3])
def test_terms_are_scikit_learns_naive_bayes(num_classes: int) -> None:
    train, rows = terms(120, 0), terms(30, 1)
    codes = np.random.default_rng(2).integers(0, num_classes, 120)
    found = term_answers(train, codes.astype(float), rows, num_classes=num_classes)
    reference = MultinomialNB(alpha=0.1).fit(train.sparse, codes).predict_proba(rows.sparse)
    assert found == pytest.approx(reference, abs=1e-9)


def test_the_likeliest_class_is_that_of_the_nearest_ten() -> None:
    generator = np.random.default_rng(3)
    train, rows = generator.normal(size=(300, 4)), generator.normal(size=(80, 4))
    codes = (train[:, 0] + train[:, 1] > 0).astype(np.int64)
    found = neighbour_answers(train, codes.astype(float), rows, num_classes=2)
    assert found.sum(axis=1) == pytest.approx(1)
    reference = KNeighborsClassifier(10, weights="distance").fit(train, codes).predict_proba(rows)
    clear = np.abs(reference[:, 0] - 0.5) > 0.15  # our weights fall off a little slower
    assert (found.argmax(axis=1) == reference.argmax(axis=1))[clear].all()


def test_numbers_are_the_weighted_mean_of_the_nearest_ten() -> None:
    generator = np.random.default_rng(4)
    train, rows = generator.normal(size=(300, 3)), generator.normal(size=(50, 3))
    values = train[:, 0] * 2
    found = neighbour_answers(train, values, rows, num_classes=0)
    reference = KNeighborsRegressor(10, weights="distance").fit(train, values).predict(rows)
    assert found == pytest.approx(reference, abs=0.15)


def test_columns_of_one_unit_keep_it_and_others_are_scaled() -> None:
    generator = np.random.default_rng(5)
    pixels = generator.uniform(0, 16, (50, 12)) * np.linspace(0.5, 1, 12)
    mixed = pixels * np.array([1e6, *([1.0] * 11)])
    for values, kept in ((pixels, True), (mixed, False)):
        plain = Features(values, tuple(map(str, range(12))))
        points = points_of(Features(values, plain.names), plain)
        assert np.allclose(points, values - values.mean(axis=0)) == kept
        assert points.std(axis=0).max() < 10
