"""The release gate: what must hold before a package may become champion, at the interval's worse bound.

A bound that the value meets but the interval does not is not met: the number would be luck.
"""

from __future__ import annotations

from collections.abc import Mapping

from trainwright.core.artifacts import Check, Evaluation
from trainwright.core.columns import Task
from trainwright.evaluation.metrics import METRICS, is_greater_better, metric_names, unknown_metric
from trainwright.recipe.quantities import holds


def check_gate(evaluation: Evaluation, gate: Mapping[str, str]) -> list[Check]:
    """One check a gated metric, in the recipe's order.

    Args:
        evaluation: With intervals.
        gate: Metric -> bound, ">= 0.70".

    Raises:
        RecipeError: a metric that the task does not have.
    """
    is_classes = evaluation.loss[0] == "log_loss"
    task = Task.CLASSIFICATION if is_classes else Task.REGRESSION
    known = list(dict.fromkeys([*metric_names(task), *evaluation.metrics]))
    for name in gate:
        if name not in known:
            raise unknown_metric(name, known, where=f"deployment.gate.{name}")
    return [_check(evaluation, name, bound) for name, bound in gate.items()]


def _check(evaluation: Evaluation, name: str, bound: str) -> Check:
    assert name in METRICS
    told = evaluation.metrics.get(name)
    title = f"gate {name} {bound}"
    if told is None:
        return Check(title, passed=False, detail=f"{name} is not defined on these rows")
    worse = told.low if is_greater_better(name) else told.high
    detail = (
        f"{name} {told.value:.4g}, interval {told.low:.4g} to {told.high:.4g}:"
        f" its worse bound {worse:.4g} {'meets' if holds(bound, worse) else 'misses'} {bound}"
    )
    return Check(title, passed=holds(bound, worse), detail=detail)
