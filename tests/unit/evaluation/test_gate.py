from __future__ import annotations

import pytest

from trainwright.core.artifacts import Evaluation, MetricValue, Split
from trainwright.core.errors import RecipeError
from trainwright.evaluation.gate import check_gate

EVALUATION = Evaluation(
    split=Split.VALIDATION,
    rows=100,
    confidence=0.95,
    metrics={"roc_auc": MetricValue(0.72, 0.68, 0.76), "log_loss": MetricValue(0.5, 0.45, 0.55)},
    loss=("log_loss", 0.5),
)


@pytest.mark.parametrize(
    ("metric", "bound", "passed"),
    [
        ("roc_auc", ">= 0.68", True),
        ("roc_auc", ">= 0.70", False),  # the value meets it, the interval does not
        ("log_loss", "<= 0.55", True),
        ("log_loss", "<= 0.52", False),
        ("f1", ">= 0.1", False),  # not defined on these rows
    ],
)
def test_the_interval_has_to_meet_the_bound(metric, bound, passed):
    (check,) = check_gate(EVALUATION, {metric: bound})
    assert check.passed is passed
    assert metric in check.detail


def test_a_metric_of_another_task_is_refused_with_the_nearest():
    with pytest.raises(RecipeError, match=r"'rocauc' does not exist[^$]*use 'roc_auc'"):
        check_gate(EVALUATION, {"rocauc": ">= 0.5"})
    with pytest.raises(RecipeError, match="'rmse' is not defined for this target"):
        check_gate(EVALUATION, {"rmse": "<= 5"})
