from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trainwright.core.artifacts import Prediction
from trainwright.monitoring.quality import live_quality


def of_classes(rows, hit_rate, *, seed):
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, rows)
    said = np.where(random.random(rows) < hit_rate, truth, 1 - truth)
    chances = np.where(said[:, None] == np.arange(2), 0.8, 0.2)
    return Prediction(said, chances), truth.astype(np.float64)


REFERENCE = {
    "accuracy": {"value": 0.8, "low": 0.78, "high": 0.82},
    "log_loss": {"value": 0.5, "low": 0.47, "high": 0.53},
    "rmse": {"value": 1.0, "low": 0.95, "high": 1.05},
}


def test_quality_as_on_the_reference_does_not_alarm():
    prediction, truth = of_classes(2000, 0.8, seed=1)
    found = live_quality(REFERENCE, prediction, target=truth, min_rows=200)
    assert not found["alarm"]
    assert found["known"] == 2000
    assert found["message"] == "not worse than on the reference"


def test_quality_that_is_wholly_worse_alarms_and_says_where():
    prediction, truth = of_classes(2000, 0.6, seed=2)
    found = live_quality(REFERENCE, prediction, target=truth, min_rows=200)
    assert found["alarm"]
    assert found["message"] == "worse than the reference: accuracy, log_loss"


def test_quality_that_is_better_does_not_alarm():
    prediction, truth = of_classes(2000, 0.95, seed=3)
    assert not live_quality(REFERENCE, prediction, target=truth, min_rows=200)["alarm"]


def test_rows_whose_target_is_not_known_do_not_count():
    prediction, truth = of_classes(1000, 0.8, seed=4)
    truth[:900] = np.nan
    found = live_quality(REFERENCE, prediction, target=truth, min_rows=200)
    assert found["known"] == 100
    assert "insufficient data" in found["message"]
    assert found["metrics"] == {}


def test_without_targets_quality_is_not_judged():
    prediction, _ = of_classes(300, 0.8, seed=5)
    found = live_quality(REFERENCE, prediction, target=None, min_rows=200)
    assert (found["known"], found["alarm"]) == (0, False)


def test_intervals_are_those_of_the_textbook():
    prediction, truth = of_classes(700, 0.8, seed=6)
    metrics = live_quality({}, prediction, target=truth, min_rows=200)["metrics"]
    hits = int(np.sum(prediction.values == truth))
    wilson = stats.binomtest(hits, 700).proportion_ci(method="wilson")
    assert metrics["accuracy"]["low"] == pytest.approx(wilson.low)
    assert metrics["accuracy"]["high"] == pytest.approx(wilson.high)
    losses = -np.log(prediction.probabilities[np.arange(700), truth.astype(int)])
    low, high = stats.t.interval(0.95, 699, losses.mean(), stats.sem(losses))
    assert metrics["log_loss"]["low"] == pytest.approx(low)
    assert metrics["log_loss"]["high"] == pytest.approx(high)


@pytest.mark.parametrize(("spread", "alarm"), [(1.0, False), (1.3, True)])
def test_a_regression_is_judged_by_its_errors(spread, alarm):
    random = np.random.default_rng(7)
    truth = random.normal(size=3000)
    prediction = Prediction(truth + random.normal(0, spread, 3000))
    found = live_quality(REFERENCE, prediction, target=truth, min_rows=200)
    assert found["alarm"] is alarm
    assert set(found["metrics"]) == {"rmse", "mae"}
