from __future__ import annotations

import numpy as np
import pytest

from trainwright.models.tables.probe import probe


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(400, 5))


FOLDS = np.arange(400) % 4


def test_a_column_that_tells_the_class_is_found(rows):
    target = (rows[:, 2] > 0).astype(np.float64)
    found = probe(rows, target, folds=FOLDS, task="classification")
    assert found.shape == (400, 2)
    assert ((found[:, 1] > 0.5) == target).mean() > 0.97
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_noise_is_not_told(rows):
    target = np.random.default_rng(1).integers(0, 2, 400).astype(np.float64)
    found = probe(rows, target, folds=FOLDS, task="classification")
    assert 0.4 < ((found[:, 1] > 0.5) == target).mean() < 0.6


def test_no_row_is_predicted_by_a_model_that_saw_it(rows):
    """One row's target goes wild: its own prediction may not move, nor any of its fold."""
    target = rows[:, 0].copy()
    before = probe(rows, target, folds=FOLDS, task="regression")
    target[8] = 1e6
    after = probe(rows, target, folds=FOLDS, task="regression")
    same_fold = FOLDS[8] == FOLDS
    np.testing.assert_array_equal(after[same_fold], before[same_fold])
    assert (after[~same_fold] != before[~same_fold]).any()


def test_many_classes_and_values_have_their_shapes_and_repeat_exactly(rows):
    classes = np.digitize(rows[:, 0], [-0.5, 0.5]).astype(np.float64)
    for target, task, shape in (
        (classes, "classification", (400, 3)),
        (rows[:, 0], "regression", (400,)),
    ):
        first, second = (probe(rows, target, folds=FOLDS, task=task) for _ in range(2))
        assert first.shape == shape
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("num_classes", [2, 3])
def test_where_one_fold_holds_all_rows_every_row_gets_the_same_answer(rows, num_classes):
    alone = np.zeros(400, np.int64)
    classes = np.arange(400.0) % num_classes
    found = probe(rows, classes, folds=alone, task="classification")
    np.testing.assert_allclose(found, np.tile(np.bincount(classes.astype(int)) / 400, (400, 1)))
    found = probe(rows, rows[:, 0], folds=alone, task="regression")
    np.testing.assert_allclose(found, rows[:, 0].mean())


def test_rows_of_no_fold_are_learnt_from_and_not_asked(rows):
    target = (rows[:, 2] > 0).astype(np.float64)
    whole = probe(rows, target, folds=FOLDS, task="classification")
    one = probe(rows, target, folds=np.where(FOLDS == 2, 2, -1), task="classification")
    np.testing.assert_array_equal(one[FOLDS == 2], whole[FOLDS == 2])
    assert np.isnan(one[FOLDS != 2]).all()
