from __future__ import annotations

import numpy as np
import pytest

from told_labels import too_sure
from trainwright.evaluation.calibration import IsotonicCalibrator, TemperatureCalibrator, of_two
from trainwright.evaluation.label_calibration import fit_label_calibrator


def fitted(told, truth, units=None, *, by_time=False):
    units = np.arange(len(truth)) if units is None else units
    return fit_label_calibrator(told, truth, units, seed=5, by_time=by_time)


@pytest.mark.parametrize("by_time", [False, True])
def test_each_label_gets_what_it_needs(by_time):
    truth, told, _ = too_sure()
    first, second, third = fitted(told, truth, by_time=by_time).parts
    assert isinstance(first, TemperatureCalibrator)
    assert first.temperature == pytest.approx(3, rel=0.15)
    assert isinstance(second, TemperatureCalibrator)
    assert second.temperature == pytest.approx(1, rel=0.15)  # honest already
    assert isinstance(third, IsotonicCalibrator)


def test_a_label_of_few_rows_has_the_temperature_of_all():
    truth, told, _ = too_sure()
    truth[:, 1] = 0
    truth[:19, 1] = 1
    cells = of_two(told.ravel()), truth.ravel().astype(int)
    assert fitted(told, truth).parts[1] == TemperatureCalibrator.fit(*cells)
    truth[19, 1] = 1
    assert fitted(told, truth).parts[1] != TemperatureCalibrator.fit(
        of_two(told.ravel()), truth.ravel().astype(int)
    )


def test_honest_labels_few_rows_and_one_unit_are_left_alone():
    truth, told, honest = too_sure()
    assert fitted(honest, truth) is None
    assert fitted(told[:99], truth[:99]) is None
    assert fitted(told, truth, np.zeros(len(truth), int)) is None


def test_a_label_that_happens_to_gain_by_less_than_two_errors_keeps_the_one_of_all():
    generator = np.random.default_rng(2)
    told = generator.random((400, 60))
    truth = (generator.random(told.shape) < told).astype(np.float64)
    found = fitted(told, truth)  # 60 honest labels: one in six would gain by one error
    assert found is None or sum(part is not None for part in found.parts) <= 4


def test_of_many_rows_and_labels_some_are_asked(monkeypatch):
    from trainwright.evaluation import label_calibration

    truth, told, _ = too_sure()
    both = truth[:, [1, 0]], told[:, [1, 0]]  # the honest one is the rarer
    monkeypatch.setattr(label_calibration, "MOST_LABELS", 1)
    first = fitted(*reversed(both)).parts[0]
    cells = of_two(both[1].ravel()), both[0].ravel().astype(int)
    assert first == TemperatureCalibrator.fit(*cells)
    monkeypatch.setattr(label_calibration, "MOST_LABELS", 2)
    assert fitted(*reversed(both)).parts[0] != first
    monkeypatch.setattr(label_calibration, "MOST_ROWS", 500)
    assert fitted(told, truth) == fitted(told[::3], truth[::3], np.arange(0, len(truth), 3))
