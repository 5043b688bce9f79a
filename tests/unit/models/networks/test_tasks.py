"""What a network learns of one target."""

import numpy as np
import pytest

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.models.networks.tasks import TableTask, can_teach
from trainwright.training.objectives.binary import BinaryCrossEntropy
from trainwright.training.objectives.categorical import CrossEntropy, Focal
from trainwright.training.objectives.classification import CrossEntropyPart, FocalPart
from trainwright.training.objectives.deviation import MeanAbsolute, MeanSquared, Quantile
from trainwright.training.objectives.regression import MeanSquaredPart, QuantilePart

NAN = float("nan")


def test_classes_begin_at_the_baselines_shares(target_of):
    task = TableTask.of(target_of(3), np.array([0.0, 0.0, 1.0, NAN]))
    assert np.exp(task.start) == pytest.approx([7 / 12, 4 / 12, 1 / 12])
    assert (
        task.objective == task.judge == CrossEntropy(num_classes=3) or task.judge == CrossEntropy()
    )


def test_the_recipes_objective_trains_and_the_proper_loss_judges(target_of):
    task = TableTask.of(target_of(2), np.array([0.0, 1.0]), FocalPart())
    assert isinstance(task.objective, Focal)
    assert task.judge == CrossEntropy()


def test_balanced_weights_know_the_rows_of_each_class(target_of):
    part = CrossEntropyPart(class_weights="balanced")
    task = TableTask.of(target_of(2), np.array([0.0, 0.0, 0.0, 1.0]), part)
    assert task.objective.class_weights == pytest.approx((4 / 6, 2.0))


def test_numbers_are_learnt_standardised(target_of):
    values = np.array([1.0, 3.0, NAN])
    task = TableTask.of(target_of(0), values)
    np.testing.assert_array_equal(task.learnt(values), np.float32([-1.0, 1.0, NAN]))
    assert task.start == (0.0,)
    assert isinstance(task.judge, MeanSquared)


def test_heavy_tails_are_learnt_to_the_median_on_a_log_scale(target_of):
    values = np.exp(np.random.default_rng(0).normal(size=101) * 2)
    task = TableTask.of(target_of(0, heavy_tailed=True), values)
    assert task.link.curve == "log"
    assert isinstance(task.objective, MeanAbsolute)
    assert task.link.inverse(np.array(task.start))[0] == pytest.approx(np.median(values))


def test_means_are_never_learnt_on_a_log_scale(target_of):
    values = np.exp(np.random.default_rng(0).normal(size=101) * 2)
    task = TableTask.of(target_of(0, heavy_tailed=True), values, MeanSquaredPart())
    assert task.link.curve == "identity"
    assert task.start == pytest.approx((0.0,), abs=1e-9)


def test_a_quantile_is_judged_as_one(target_of):
    task = TableTask.of(target_of(0), np.arange(9.0), QuantilePart(q=0.9))
    assert isinstance(task.judge, Quantile)


def test_an_objective_for_the_other_kind_of_target_is_refused(target_of):
    with pytest.raises(RecipeError, match="kind: mse"):
        TableTask.of(target_of(0), np.arange(9.0), CrossEntropyPart())


def test_missing_classes_are_marked(target_of):
    task = TableTask.of(target_of(2), np.array([0.0, 1.0]))
    assert task.learnt(np.array([1.0, NAN])).tolist() == [1, -100]


@pytest.mark.parametrize(
    ("values", "can"), [([NAN], False), ([1, 1, NAN], False), ([1, 2, NAN], True), ([], False)]
)
def test_a_target_with_one_value_teaches_nothing(values, can):
    assert can_teach(np.array(values, dtype=np.float64)) is can


def test_several_labels_begin_at_the_log_odds_of_each_and_are_learnt_side_by_side():
    target = Target(Column("t", ColumnType.LABELS), Task.MULTI_LABEL, ("a", "b"))
    values = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    task = TableTask.of(target, values)
    assert 1 / (1 + np.exp(-np.array(task.start))) == pytest.approx([2.5 / 4, 0.5 / 4])
    assert task.objective == task.judge == BinaryCrossEntropy()
    assert task.learnt(values).dtype == np.float32
    assert task.learnt(values).shape == (3, 2)
