"""Every metric equals scikit-learn's on inputs drawn anew, to 1e-12."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from sklearn import metrics as reference

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.evaluation.evaluate import measure

SEED = secrets.randbits(31)
LABELS = ("a", "b", "c", "d")


def target_of(num_classes):
    column = Column("y", ColumnType.CATEGORY)
    return Target(column, Task.CLASSIFICATION, LABELS[:num_classes])


def drawn(num_classes, rows=400, digits=2):
    generator = np.random.default_rng(SEED + num_classes)
    probabilities = generator.dirichlet(np.ones(num_classes), rows).round(digits) + 1e-3
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    blurred = 0.7 * probabilities + 0.3 / num_classes
    codes = np.array([generator.choice(num_classes, p=p) for p in blurred])
    return probabilities, codes


def expected_calibration_error(told, hit, bins=15):
    place = np.minimum((told * bins).astype(int), bins - 1)
    return sum(
        abs(told[place == k].mean() - hit[place == k].mean()) * np.mean(place == k)
        for k in np.unique(place)
    )


def test_metrics_of_two_classes_equal_scikit_learns():
    probabilities, codes = drawn(2)
    told, decided = probabilities[:, 1], probabilities.argmax(axis=1)
    expected = {
        "accuracy": reference.accuracy_score(codes, decided),
        "balanced_accuracy": reference.balanced_accuracy_score(codes, decided),
        "f1": reference.f1_score(codes, decided),
        "macro_f1": reference.f1_score(codes, decided, average="macro"),
        "log_loss": reference.log_loss(codes, probabilities),
        "roc_auc": reference.roc_auc_score(codes, told),
        "pr_auc": reference.average_precision_score(codes, told),
        "brier": reference.brier_score_loss(codes, told),
        "ece": expected_calibration_error(told, codes == 1),
    }
    for name, value in expected.items():
        got = measure(name, probabilities, codes.astype(float), target_of(2))
        assert got == pytest.approx(value, abs=1e-12), (name, SEED)


@pytest.mark.parametrize("num_classes", [3, 4])
def test_metrics_of_many_classes_equal_scikit_learns(num_classes):
    probabilities, codes = drawn(num_classes)
    decided = probabilities.argmax(axis=1)
    expected = {
        "accuracy": reference.accuracy_score(codes, decided),
        "balanced_accuracy": reference.balanced_accuracy_score(codes, decided),
        "macro_f1": reference.f1_score(codes, decided, average="macro"),
        "log_loss": reference.log_loss(codes, probabilities),
        "roc_auc": reference.roc_auc_score(codes, probabilities, multi_class="ovr"),
        "brier": np.mean(((probabilities - np.eye(num_classes)[codes]) ** 2).sum(axis=1)),
        "ece": expected_calibration_error(probabilities.max(axis=1), codes == decided),
    }
    for name, value in expected.items():
        got = measure(name, probabilities, codes.astype(float), target_of(num_classes))
        assert got == pytest.approx(value, abs=1e-12), (name, SEED)


def test_metrics_of_numbers_equal_scikit_learns():
    generator = np.random.default_rng(SEED)
    target = generator.normal(3, 2, 300)
    predicted = target + generator.normal(0, 1, 300)
    spec = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
    expected = {
        "rmse": reference.root_mean_squared_error(target, predicted),
        "mae": reference.mean_absolute_error(target, predicted),
        "r2": reference.r2_score(target, predicted),
    }
    for name, value in expected.items():
        got = measure(name, Prediction(predicted), target, spec)
        assert got == pytest.approx(value, abs=1e-12), (name, SEED)


def test_a_sure_mistake_costs_what_scikit_learn_says():
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    codes = np.array([1, 1, 0])
    got = measure("log_loss", probabilities, codes.astype(float), target_of(2))
    assert got == pytest.approx(reference.log_loss(codes, probabilities), abs=1e-12)
