"""Calibrators of several labels beside SciPy's and scikit-learn's, and against what is known to be true."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from told_labels import too_sure
from trainwright.evaluation.calibration import of_two
from trainwright.evaluation.label_calibration import fit_label_calibrator


def loss(probabilities, labels):
    told = np.clip(np.where(labels == 1, probabilities, 1 - probabilities), 1e-12, 1)
    return -np.log(told).mean()


def test_the_temperature_of_all_labels_is_that_of_least_loss_over_all_cells():
    generator = np.random.default_rng(0)
    margins = generator.normal(size=(600, 4)) * 1.5
    truth = (generator.random(margins.shape) < expit(margins)).astype(float)
    told = expit(2.2 * margins)
    parts = fit_label_calibrator(told, truth, np.arange(600), seed=0, by_time=False).parts
    best = minimize_scalar(
        lambda power: loss(expit(logit(told) * power), truth), bounds=(0.01, 5), method="bounded"
    )
    assert [part.temperature for part in parts] == pytest.approx([1 / best.x] * 4, rel=1e-3)


def test_a_labels_own_map_is_scikit_learns_isotonic_regression_but_for_the_ends():
    truth, told, honest = too_sure(3_000)
    found = fit_label_calibrator(told, truth, np.arange(3_000), seed=0, by_time=False)
    expected = IsotonicRegression(out_of_bounds="clip").fit(told[:, 2], truth[:, 2])
    mapped = found.parts[2].apply(of_two(told[:, 2]))[:, 1]
    edge = 1 / 3_002
    np.testing.assert_allclose(
        mapped, np.clip(expected.predict(told[:, 2]), edge, 1 - edge), atol=1e-12
    )
    assert loss(found.apply(told), truth) < loss(told, truth) - 0.9 * (
        loss(told, truth) - loss(honest, truth)
    )


def test_labels_told_without_a_mistake_are_made_no_surer_than_the_rows_bear_out():
    generator = np.random.default_rng(1)
    truth = (generator.random((200, 2)) < 0.4).astype(float)
    told = np.where(truth == 1, 0.9, 0.1) + generator.normal(0, 0.01, truth.shape)
    found = fit_label_calibrator(told, truth, np.arange(200), seed=0, by_time=False)
    calibrated = found.apply(told)
    doubt = np.minimum(calibrated, 1 - calibrated).mean(axis=0)
    np.testing.assert_allclose(doubt, 1 / 202, rtol=0.6)  # of one label, or of both together
    assert calibrated[truth == 1].min() > told[truth == 1].min()
