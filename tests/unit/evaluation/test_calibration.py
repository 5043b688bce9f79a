from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from trainwright.core import parts
from trainwright.core.errors import TrustError
from trainwright.evaluation.calibration import (
    IsotonicCalibrator,
    LabelCalibrator,
    PriorCalibrator,
    TemperatureCalibrator,
)


def drawn(rows=2000, num_classes=2, sharpness=3.0, seed=0):
    """Probabilities that are too sure by `sharpness`, and classes."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, num_classes))
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = (generator.random(rows)[:, None] > truth.cumsum(axis=1)).sum(axis=1)
    told = np.exp(sharpness * logits)
    return told / told.sum(axis=1, keepdims=True), np.minimum(codes, num_classes - 1)


@pytest.mark.parametrize("num_classes", [2, 4])
def test_the_temperature_undoes_what_made_the_model_too_sure(num_classes):
    probabilities, codes = drawn(rows=20_000, num_classes=num_classes)
    assert TemperatureCalibrator.fit(probabilities, codes).temperature == pytest.approx(3, rel=0.1)


def test_the_temperature_is_that_of_least_log_loss():
    probabilities, codes = drawn(rows=300)

    def loss(temperature):
        told = TemperatureCalibrator(temperature).apply(probabilities)
        return -np.log(told[np.arange(300), codes]).mean()

    best = TemperatureCalibrator.fit(probabilities, codes).temperature
    assert loss(best) <= min(loss(best * 0.99), loss(best * 1.01))


def test_isotonic_equals_scikit_learns_but_for_the_ends():
    probabilities, codes = drawn(rows=500)
    expected = IsotonicRegression(out_of_bounds="clip").fit(probabilities[:, 1], codes)
    told = IsotonicCalibrator.fit(probabilities, codes).apply(probabilities)[:, 1]
    edge = 1 / 502
    assert told == pytest.approx(
        np.clip(expected.predict(probabilities[:, 1]), edge, 1 - edge), abs=1e-12
    )


@pytest.mark.parametrize("num_classes", [2, 4])
def test_the_prior_takes_off_what_class_weights_put_on(num_classes):
    honest, codes = drawn(rows=20_000, num_classes=num_classes, sharpness=1.0)
    weights = np.arange(1.0, num_classes + 1) ** 2
    pushed = honest * weights / (honest * weights).sum(axis=1, keepdims=True)
    found = PriorCalibrator.fit(pushed, codes)
    expected = -np.log(weights) + np.log(weights).mean()
    np.testing.assert_allclose(found.shifts, expected, atol=0.08)
    shares = np.bincount(codes) / len(codes)
    np.testing.assert_allclose(found.apply(pushed).mean(axis=0), shares, atol=1e-4)


def test_a_class_without_rows_is_still_possible():
    probabilities, codes = drawn(rows=200, num_classes=3)
    told = PriorCalibrator.fit(probabilities, np.minimum(codes, 1)).apply(probabilities)
    assert 0 < told[:, 2].mean() < 0.01


@pytest.mark.parametrize("shifts", ["[1]", '["a", 1]', "[1e9, 0]", "3"])
def test_a_prior_that_was_not_saved_so_is_not_trusted(tmp_path, shifts):
    (tmp_path / "calibrator.json").write_text(f'{{"kind": "prior", "shifts": {shifts}}}')
    with pytest.raises(TrustError, match="run the recipe again"):
        PriorCalibrator.load(tmp_path)


@pytest.mark.parametrize("method", [TemperatureCalibrator, IsotonicCalibrator, PriorCalibrator])
def test_maps_are_monotone_sum_to_one_and_stay_off_the_ends(method):
    probabilities, codes = drawn()
    calibrator = method.fit(probabilities, codes)
    grid = np.linspace(0, 1, 501)
    told = calibrator.apply(np.stack([1 - grid, grid], axis=1))
    assert (np.diff(told[:, 1]) >= 0).all()
    assert told.sum(axis=1) == pytest.approx(np.ones(501), abs=1e-12)
    assert told.min() > 0
    assert told.max() < 1


@pytest.mark.parametrize("num_classes", [2, 3, 9])
def test_a_row_is_the_same_bits_alone_and_in_a_batch(num_classes):
    probabilities, codes = drawn(rows=333, num_classes=num_classes)
    methods = [TemperatureCalibrator] + [IsotonicCalibrator] * (num_classes == 2)
    for method in methods:
        calibrator = method.fit(probabilities, codes)
        batch = calibrator.apply(probabilities)
        alone = np.concatenate([calibrator.apply(probabilities[k : k + 1]) for k in range(333)])
        assert (batch == alone).all()
        assert (calibrator.apply(np.asfortranarray(probabilities)) == batch).all()


@pytest.mark.parametrize("method", [TemperatureCalibrator, IsotonicCalibrator])
def test_saved_and_loaded_by_kind_it_is_the_same(method, tmp_path):
    probabilities, codes = drawn(rows=200)
    calibrator = method.fit(probabilities, codes)
    calibrator.save(tmp_path)
    again = parts.load(calibrator.kind, tmp_path)
    assert again == calibrator
    assert (again.apply(probabilities) == calibrator.apply(probabilities)).all()


def of_labels(probabilities):
    bent = IsotonicCalibrator((0.1, 0.7), (0.3, 0.4))
    return LabelCalibrator((TemperatureCalibrator(2.5), None, bent)), probabilities[:, :3]


def test_each_label_goes_by_its_own_calibrator_and_the_rows_need_not_sum_to_one(tmp_path):
    calibrator, probabilities = of_labels(drawn(rows=99, num_classes=4)[0])
    told = calibrator.apply(probabilities)
    logits = np.log(probabilities[:, 0] / (1 - probabilities[:, 0]))
    assert told[:, 0] == pytest.approx(1 / (1 + np.exp(-logits / 2.5)), abs=1e-6)
    assert (told[:, 1] == probabilities[:, 1]).all()
    assert told[:, 2] == pytest.approx(np.interp(probabilities[:, 2], [0.1, 0.7], [0.3, 0.4]))
    alone = np.concatenate([calibrator.apply(probabilities[k : k + 1]) for k in range(99)])
    assert (told == alone).all()
    calibrator.save(tmp_path)
    assert parts.load("by-label", tmp_path) == calibrator


@pytest.mark.parametrize(
    "value", [[], 3, [3], [{"kind": "temperature", "temperature": 0}], [{"kind": "prior"}], [[]]]
)
def test_calibrators_of_labels_that_were_not_saved_so_are_not_trusted(value, tmp_path):
    (tmp_path / "calibrator.json").write_text(json.dumps({"kind": "by-label", "parts": value}))
    with pytest.raises(TrustError, match="not a calibrator as it was saved"):
        LabelCalibrator.load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0},
        {"temperature": "1"},
        {"temperature": -1.0},
        {"kind": "isotonic"},
        {"more": 1},
    ],
)
def test_a_changed_temperature_file_is_not_trusted(change, tmp_path):
    TemperatureCalibrator(1.5).save(tmp_path)
    path = tmp_path / "calibrator.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(TrustError, match="not a calibrator as it was saved"):
        TemperatureCalibrator.load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": [0.2, 0.1]},
        {"outputs": [0.4, 0.3]},
        {"outputs": [0.1]},
        {"outputs": [0.0, 1.5]},
        {"inputs": [], "outputs": []},
        {"inputs": "ab"},
    ],
)
def test_a_changed_isotonic_file_is_not_trusted(change, tmp_path):
    IsotonicCalibrator((0.1, 0.2), (0.3, 0.4)).save(tmp_path)
    path = tmp_path / "calibrator.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(TrustError, match="not a calibrator as it was saved"):
        IsotonicCalibrator.load(tmp_path)


def test_classes_that_are_parted_without_a_mistake_are_made_no_surer_than_the_rows_bear_out():
    codes = np.arange(200) % 2
    probabilities = np.where(codes[:, None] == [0, 1], 0.9, 0.1)
    told = TemperatureCalibrator.fit(probabilities, codes).apply(probabilities)
    assert 1 - told.max(axis=1).mean() == pytest.approx(1 / 202, rel=1e-3)
    surer = np.where(codes[:, None] == [0, 1], 0.9999, 0.0001)  # raw probabilities stay as they are
    assert TemperatureCalibrator.fit(surer, codes).temperature == pytest.approx(1, abs=1e-5)
