"""Measures by group, held to Fairlearn and to closed forms."""

from __future__ import annotations

import fairlearn.metrics as fairlearn
import numpy as np
import pytest
from fairlearn.metrics import MetricFrame

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.evaluation.fairness import Groups, judge_groups
from trainwright.summaries.intervals import wilson

NAMES = ("a", "b", "c")
BINARY = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))


def drawn(rows=900, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, rows)
    truth = (rng.random(rows) < np.array([0.3, 0.5, 0.4])[codes]).astype(float)
    score = np.clip(0.4 * truth + 0.1 * codes + rng.random(rows) * 0.5, 0, 1)
    return codes, truth, score


def judged(codes, truth, score, *, spec=BINARY, names=NAMES):
    prediction = Prediction((score > 0.5).astype(int), np.stack([1 - score, score], axis=1))
    units = np.arange(len(codes))
    return judge_groups(prediction, truth, [Groups("g", names, codes)], spec=spec, units=units)[0]


def test_rates_and_differences_are_those_of_fairlearn():
    codes, truth, score = drawn()
    told = (score > 0.5).astype(int)
    found = judged(codes, truth, score)
    frame = MetricFrame(
        metrics={
            "selection_rate": fairlearn.selection_rate,
            "true_positive_rate": fairlearn.true_positive_rate,
            "false_positive_rate": fairlearn.false_positive_rate,
        },
        y_true=truth,
        y_pred=told,
        sensitive_features=codes,
    )
    for code, group in enumerate(found["groups"]):
        for name, expected in frame.by_group.loc[code].items():
            assert group["classes"]["yes"][name]["value"] == pytest.approx(expected, abs=1e-12)
    differences = found["differences"]["yes"]
    for name in (
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equalized_odds_difference",
        "equal_opportunity_difference",
    ):
        expected = getattr(fairlearn, name)(truth, told, sensitive_features=codes)
        assert differences[name] == pytest.approx(expected, abs=1e-12)


def test_intervals_are_wilsons():
    codes, truth, score = drawn()
    group = judged(codes, truth, score)["groups"][1]["classes"]["yes"]
    positives = (codes == 1) & (truth == 1)
    share = float((score[positives] > 0.5).mean())
    expected = wilson(share, int(positives.sum()), confidence=0.95)
    assert group["true_positive_rate"] == pytest.approx(expected.to_json())


def test_the_calibration_gap_is_what_is_told_less_what_is_true():
    codes, truth, score = drawn()
    group = judged(codes, truth, score)["groups"][2]["classes"]["yes"]
    gap = (score - truth)[codes == 2].mean()
    assert group["calibration_gap"]["value"] == pytest.approx(gap, abs=1e-12)
    assert group["calibration_gap"]["low"] < gap < group["calibration_gap"]["high"]


def test_small_groups_are_counted_and_not_judged():
    codes, truth, score = drawn()
    codes[codes == 2] = 1
    codes[:29] = 2
    found = judged(codes, truth, score)
    assert found["groups"][2] == {"name": "c", "rows": 29}


def test_a_group_without_positives_has_no_true_positive_rate():
    codes, truth, score = drawn()
    truth[codes == 0] = 0
    found = judged(codes, truth, score)
    assert found["groups"][0]["classes"]["yes"]["true_positive_rate"] is None
    rates = [group["classes"]["yes"]["true_positive_rate"] for group in found["groups"][1:]]
    expected = abs(rates[0]["value"] - rates[1]["value"])
    assert found["differences"]["yes"]["equal_opportunity_difference"] == pytest.approx(expected)


def test_each_of_several_classes_is_judged_against_the_rest():
    codes, truth, score = drawn()
    spec = Target(BINARY.column, Task.CLASSIFICATION, ("x", "y", "z"))
    probabilities = np.stack([1 - score, score / 2, score / 2], axis=1)
    prediction = Prediction(np.argmax(probabilities, axis=1), probabilities)
    groups = [Groups("g", NAMES, codes)]
    found = judge_groups(prediction, truth, groups, spec=spec, units=np.arange(len(codes)))[0]
    assert list(found["groups"][0]["classes"]) == ["x", "y", "z"]
    rate = found["groups"][0]["classes"]["x"]["selection_rate"]["value"]
    assert rate == pytest.approx((prediction.values[codes == 0] == 0).mean())


def test_numbers_are_judged_by_their_errors():
    codes, truth, score = drawn()
    spec = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
    groups = [Groups("g", NAMES, codes)]
    found = judge_groups(Prediction(score), truth, groups, spec=spec, units=np.arange(len(codes)))[
        0
    ]
    error = (score - truth)[codes == 1]
    errors = found["groups"][1]["errors"]
    assert errors["mean_error"]["value"] == pytest.approx(error.mean())
    assert errors["mean_absolute_error"]["value"] == pytest.approx(np.abs(error).mean())
    assert found["differences"] == {}


def test_crossed_groups_are_every_pair():
    one = Groups("a", ("x", "y"), np.array([0, 1, 1]))
    both = one.crossed(Groups("b", ("p", "q", "r"), np.array([2, 0, 1])))
    assert both.column == "a and b"
    assert [both.names[code] for code in both.codes] == ["x and r", "y and p", "y and q"]
