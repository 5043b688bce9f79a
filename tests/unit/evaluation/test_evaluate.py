from __future__ import annotations

import time

import numpy as np
import pytest

from trainwright.core.artifacts import Prediction, Split
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import canonical_json
from trainwright.core.errors import DataError, RecipeError, TrainingError
from trainwright.evaluation.decision import as_prediction
from trainwright.evaluation.evaluate import OTHERS, evaluate, measure
from trainwright.evaluation.metrics import METRICS, is_greater_better, metric_names

TWO = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))
FOUR = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b", "c", "d"))
NUMBERS = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)


def binary(rows, seed=0):
    generator = np.random.default_rng(seed)
    told = generator.random(rows)
    target = (generator.random(rows) < told).astype(float)
    return as_prediction(np.stack([1 - told, told], axis=1)), target


def judged(prediction, target, *, spec=TWO, units=None, **settings):
    units = np.arange(len(target)) if units is None else units
    return evaluate(
        prediction,
        target,
        spec=spec,
        units=units,
        split=Split.VALIDATION,
        threshold=None,
        **settings,
    )


def test_fifty_thousand_rows_take_under_three_seconds():
    prediction, target = binary(50_000)
    started = time.process_time()
    found = judged(prediction, target)
    assert time.process_time() - started < 3
    assert list(found.metrics) == metric_names(Task.CLASSIFICATION)


@pytest.mark.parametrize("rows", [1, 2, 7, 40])
@pytest.mark.parametrize("units", ["rows", "one unit", "pairs"])
@pytest.mark.parametrize("right", [True, False])
def test_no_interval_has_zero_width_and_each_holds_its_value(rows, units, right):
    place = {
        "rows": np.arange(rows),
        "one unit": np.zeros(rows, int),
        "pairs": np.arange(rows) // 2,
    }[units]
    codes = np.arange(rows) % 4
    told = np.eye(4)[codes if right else (codes + 1) % 4]
    two = np.eye(2)[codes % 2 if right else 1 - codes % 2]
    numbers = np.arange(rows) + (0.0 if right else 2.0)
    for found in (
        judged(as_prediction(two), (codes % 2).astype(float), spec=TWO, units=place),
        judged(as_prediction(told), codes.astype(float), spec=FOUR, units=place),
        judged(Prediction(numbers), np.arange(rows).astype(float), spec=NUMBERS, units=place),
    ):
        for name, metric in found.metrics.items():
            assert metric.low < metric.high, name
            assert metric.low <= metric.value <= metric.high, name
        canonical_json(found.to_json())  # no NaN, no infinity


def test_one_class_alone_has_no_roc_auc_rather_than_a_made_up_one():
    prediction, _ = binary(50)
    found = judged(prediction, np.zeros(50))
    assert "roc_auc" not in found.metrics
    assert "pr_auc" not in found.metrics
    assert "log_loss" in found.metrics
    assert "r2" not in judged(Prediction(np.arange(5.0)), np.ones(5), spec=NUMBERS).metrics


def test_more_than_two_classes_have_no_f1_of_the_positive_class():
    assert "f1" not in metric_names(Task.CLASSIFICATION, num_classes=4)
    assert {"f1", "macro_f1"} <= set(metric_names(Task.CLASSIFICATION))
    assert is_greater_better("f1")
    assert not is_greater_better("log_loss")


def test_a_higher_level_is_wider_and_equal_seeds_are_equal():
    prediction, target = binary(400)
    plain, again = judged(prediction, target), judged(prediction, target)
    assert plain == again
    sure = judged(prediction, target, confidence=0.9875)
    for name, metric in plain.metrics.items():
        assert sure.metrics[name].value == metric.value
        assert sure.metrics[name].high - sure.metrics[name].low > metric.high - metric.low, name


def test_the_order_of_rows_does_not_move_a_value():
    prediction, target = binary(300)
    order = np.random.default_rng(1).permutation(300)
    moved = judged(as_prediction(prediction.probabilities[order]), target[order])
    for name, metric in judged(prediction, target).metrics.items():
        assert moved.metrics[name].value == metric.value


def test_small_slices_are_judged_together_and_every_row_is_in_one():
    prediction, target = binary(200)
    values = np.array(["big"] * 120 + ["middle"] * 60 + ["tiny"] * 12 + ["less"] * 8, dtype=object)
    found = judged(prediction, target, slices={"size": values}).slices
    assert [(s.value, s.rows) for s in found] == [("big", 120), ("middle", 60), (OTHERS, 20)]
    alone = measure("accuracy", as_prediction(prediction.probabilities[:120]), target[:120], TWO)
    assert found[0].metrics["accuracy"].value == alone


def test_a_slice_where_the_model_fails_stands_out():
    prediction, target = binary(2000)
    bad = np.arange(2000) % 4 == 0
    broken = prediction.probabilities.copy()
    broken[bad] = broken[bad][:, ::-1]
    values = np.where(bad, "bad", "good").astype(object)
    found = judged(as_prediction(broken), target, slices={"group": values})
    by_value = {s.value: s.metrics["roc_auc"] for s in found.slices}
    assert by_value["bad"].high < found.metrics["roc_auc"].low < by_value["good"].low


def test_plots_are_thin_and_add_up():
    prediction, target = binary(5000)
    plots = judged(prediction, target).plots
    for name in ("roc", "precision_recall"):
        assert 50 < len(plots[name]["x"]) <= 200
        assert len(plots[name]["x"]) == len(plots[name]["y"])
    x, y = plots["roc"]["x"], plots["roc"]["y"]
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    area = float(np.trapezoid(y, x))
    assert area == pytest.approx(measure("roc_auc", prediction, target, TWO), abs=0.005)
    assert sum(map(sum, plots["confusion"]["counts"])) == 5000
    assert sum(plots["calibration"]["rows"]) == 5000
    numbers = judged(Prediction(target * 2), target, spec=NUMBERS).plots
    assert sum(numbers["residuals"]["counts"]) == 5000
    assert len(numbers["predicted_actual"]["actual"]) == 200


def test_rows_without_a_known_target_are_refused_with_their_count():
    prediction, target = binary(10)
    target[3] = np.nan
    with pytest.raises(DataError, match=r"1 of 10 rows have no target[^$]*remove these rows"):
        judged(prediction, target)
    with pytest.raises(DataError, match="fractions"):
        judged(as_prediction(np.empty((0, 2))), np.empty(0))


def test_a_loss_that_is_not_finite_is_refused():
    for wild in (np.array([1e200, 0.0]), np.array([np.nan, 0.0])):
        with pytest.raises(TrainingError, match="look for extreme values of the target"):
            judged(Prediction(wild), np.zeros(2), spec=NUMBERS)


def test_measuring_an_unknown_metric_proposes_the_nearest():
    prediction, target = binary(10)
    with pytest.raises(RecipeError, match="use 'accuracy'"):
        measure("acuracy", prediction, target, TWO)


def test_every_metric_is_named_as_it_is_registered():
    assert all(name == metric.name for name, metric in METRICS.items())
