from __future__ import annotations

import numpy as np

from trainwright.models.tables.scores import probabilities


def test_two_classes_share_one_score_and_nothing_overflows():
    found = probabilities(np.array([[-1e4], [-2.0], [0.0], [2.0], [1e4]]))
    expected = 1 / (1 + np.exp(-2.0))
    np.testing.assert_allclose(found[:, 1], [0, 1 - expected, 0.5, expected, 1], atol=1e-15)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_several_classes_are_a_softmax():
    scores = np.array([[1.0, 2.0, 3.0], [1e4, 0.0, -1e4]])
    expected = np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum()
    np.testing.assert_allclose(probabilities(scores), [expected, [1, 0, 0]], atol=1e-15)
