"""What can be refused before anything is computed: settings that do not fit together.

Small named checks, each giving faults; all are told at once (exit 2).
"""

from __future__ import annotations

from collections.abc import Iterator

from trainwright.core.artifacts import Snapshot, Task
from trainwright.core.errors import Fault, RecipeError, nearest
from trainwright.evaluation.metrics import METRICS, metric_names
from trainwright.recipe.schema import Recipe


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that asks for what does not exist, before data are touched.

    Raises:
        RecipeError: with every fault.
    """
    _refuse(_metrics_exist(recipe, task=recipe.task))


def check_with_snapshot(recipe: Recipe, snapshot: Snapshot) -> None:
    """Refuse what can only be judged once the columns and the task are known.

    Raises:
        RecipeError: with every fault.
    """
    _refuse(
        _metrics_exist(recipe, task=snapshot.target.task),
        _slices_exist(recipe, snapshot),
    )


def _metrics_exist(recipe: Recipe, *, task: Task | None) -> Iterator[Fault]:
    known = list(METRICS) if task is None else metric_names(task)
    wanted = [("evaluation.metric", recipe.evaluation.metric)] if recipe.evaluation.metric else []
    wanted += [(f"deployment.gate.{name}", name) for name in recipe.deployment.gate]
    for where, name in wanted:
        if name not in known:
            near = nearest(name, known)
            kind = f" for {task.value}" if task else ""
            yield Fault(
                f"there is no metric {name!r}{kind}",
                where,
                f"use {near!r}" if near else f"use one of: {', '.join(known)}",
            )


def _slices_exist(recipe: Recipe, snapshot: Snapshot) -> Iterator[Fault]:
    names = [column.name for column in snapshot.inputs]
    for name in recipe.evaluation.slices:
        if name not in names:
            near = nearest(name, names)
            yield Fault(
                f"there is no column {name!r} to slice by",
                "evaluation.slices",
                f"use {near!r}" if near else f"the columns are: {', '.join(names)[:300]}",
            )


def _refuse(*checks: Iterator[Fault]) -> None:
    faults = [fault for check in checks for fault in check]
    if faults:
        raise RecipeError.of(faults)
