from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trainwright.core.artifacts import Prediction
from trainwright.monitoring.movement import INDEPENDENT, PERSISTENT
from trainwright.monitoring.quality import OTHER_CLASS, Record, live_quality


def of_classes(rows, hit_rate, *, seed):
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, rows)
    said = np.where(random.random(rows) < hit_rate, truth, 1 - truth)
    chances = np.where(said[:, None] == np.arange(2), 0.8, 0.2)
    return Prediction(said, chances), truth.astype(np.float64)


def judge(reference, prediction, target, *, record=None):
    record = record or Record(rows=2000, units=2000, hurst=INDEPENDENT)
    return live_quality(
        reference, prediction, target=target, record=record, min_rows=200, false_alarm_rate=0.01
    )


REFERENCE = {
    "accuracy": {"value": 0.8, "low": 0.78, "high": 0.82},
    "log_loss": {"value": 0.5, "low": 0.47, "high": 0.53},
    "rmse": {"value": 1.0, "low": 0.95, "high": 1.05},
}


def test_quality_as_on_the_reference_does_not_alarm():
    prediction, truth = of_classes(2000, 0.8, seed=1)
    found = judge(REFERENCE, prediction, truth)
    assert not found["alarm"]
    assert found["known"] == 2000
    assert found["message"] == "not worse than on the reference"


def test_quality_that_is_wholly_worse_alarms_and_says_where():
    prediction, truth = of_classes(2000, 0.6, seed=2)
    found = judge(REFERENCE, prediction, truth)
    assert found["alarm"]
    assert found["message"].startswith("worse than on the reference: accuracy 0.5")
    assert "against 0.8, log_loss" in found["message"]


def test_quality_that_is_better_does_not_alarm():
    prediction, truth = of_classes(2000, 0.95, seed=3)
    assert not judge(REFERENCE, prediction, truth)["alarm"]


def test_a_class_that_the_model_does_not_know_counts_as_wrong_and_is_told():
    prediction, truth = of_classes(1000, 0.8, seed=5)
    sound = judge(REFERENCE, prediction, truth)
    truth[:150] = OTHER_CLASS
    found = judge(REFERENCE, prediction, truth)
    assert found["alarm"]
    assert found["message"].endswith("; 150 answers are of a class that the model does not know")
    assert found["metrics"]["accuracy"]["value"] == np.mean(prediction.values == truth)
    assert found["metrics"]["log_loss"]["value"] == pytest.approx(
        sound["metrics"]["log_loss"]["value"], abs=0.05
    )
    alone = judge(REFERENCE, prediction, np.full(1000, OTHER_CLASS))
    assert (alone["metrics"]["accuracy"]["value"], set(alone["metrics"])) == (0, {"accuracy"})


def test_a_number_of_minus_one_is_a_number():
    values = np.random.default_rng(6).normal(size=500).round()
    found = judge(REFERENCE, Prediction(values + 0.5), values)
    assert found["known"] == 500
    assert found["metrics"]["mae"]["value"] == 0.5
    assert "class" not in found["message"]


def test_rows_whose_target_is_not_known_do_not_count():
    prediction, truth = of_classes(1000, 0.8, seed=4)
    truth[:900] = np.nan
    found = judge(REFERENCE, prediction, truth)
    assert found["known"] == 100
    assert "insufficient data" in found["message"]
    assert found["metrics"] == {}


def test_without_targets_quality_is_not_judged():
    prediction, _ = of_classes(300, 0.8, seed=5)
    found = judge(REFERENCE, prediction, None)
    assert (found["known"], found["alarm"]) == (0, False)


def test_intervals_are_those_of_the_textbook():
    prediction, truth = of_classes(700, 0.8, seed=6)
    metrics = judge({}, prediction, truth)["metrics"]
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
    found = judge(REFERENCE, prediction, truth)
    assert found["alarm"] is alarm
    assert set(found["metrics"]) == {"rmse", "mae"}


def test_a_bad_day_does_not_alarm_where_days_differ_and_a_bad_quarter_does():
    days = Record(rows=60_000, units=60, hurst=PERSISTENT)
    prediction, truth = of_classes(1000, 0.72, seed=8)
    assert judge(REFERENCE, prediction, truth)["metrics"]["accuracy"]["alarm"]  # as single rows
    day = judge(REFERENCE, prediction, truth, record=days)["metrics"]["accuracy"]
    assert not day["alarm"]
    assert day["low"] < 0.65
    assert day["high"] > 0.79
    prediction, truth = of_classes(90_000, 0.6, seed=9)
    assert judge(REFERENCE, prediction, truth, record=days)["metrics"]["accuracy"]["alarm"]


def test_without_movement_quality_alarms_as_often_as_was_asked():
    random = np.random.default_rng(10)
    alarmed = 0
    for _ in range(300):
        hits = random.binomial(2000, 0.8) / 2000
        error = 1.96 * np.sqrt(hits * (1 - hits) / 2000)
        reference = {"accuracy": {"value": hits, "low": hits - error, "high": hits + error}}
        prediction, truth = of_classes(500, 0.8, seed=int(random.integers(2**31)))
        alarmed += judge(reference, prediction, truth)["alarm"]
    assert alarmed <= 9  # of 300 at 1 %: more has a chance under 0.2 %


def test_of_several_labels_whole_rows_are_judged():
    random = np.random.default_rng(3)
    truth = (random.random((2000, 4)) < 0.3).astype(np.float64)
    wrong = random.random((2000, 4)) < 0.2
    said = np.where(wrong, 1 - truth, truth).astype(np.int64)
    truth[:100] = np.nan
    reference = {
        "hamming_loss": {"value": 0.1, "low": 0.09, "high": 0.11},
        "subset_accuracy": {"value": 0.4, "low": 0.38, "high": 0.42},
    }
    found = judge(reference, Prediction(said, said.astype(np.float64)), truth)
    assert found["known"] == 1900
    assert found["metrics"]["hamming_loss"]["value"] == pytest.approx(0.2, abs=0.01)
    assert found["metrics"]["hamming_loss"]["alarm"]
    assert not found["metrics"]["subset_accuracy"]["alarm"]
    assert found["metrics"]["jaccard"]["reference"] is None
