"""Trainwright: the training system that proves its own numbers.

The names here are the public interface; each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.core.artifacts import Evaluation, Finding, Snapshot, Split
    from trainwright.core.columns import Target, Task
    from trainwright.core.errors import (
        CommandError,
        DataError,
        EnvironmentFault,
        Interrupted,
        RecipeError,
        TrainingError,
        TrainwrightError,
        TrustError,
    )
    from trainwright.deployment.package import load_package
    from trainwright.flow.audit import audit
    from trainwright.flow.comparison import compare
    from trainwright.flow.estimate import estimate
    from trainwright.flow.evaluation import evaluate
    from trainwright.flow.export import export
    from trainwright.flow.monitoring import monitor
    from trainwright.flow.prediction import predict
    from trainwright.flow.preparation import prepare
    from trainwright.flow.proving.prove import prove
    from trainwright.flow.reproduction import reproduce
    from trainwright.flow.resolving import load_model
    from trainwright.flow.run import run, train
    from trainwright.recipe import Recipe, load_recipe, parse_recipe

_HOMES = {
    "CommandError": "trainwright.core.errors",
    "DataError": "trainwright.core.errors",
    "EnvironmentFault": "trainwright.core.errors",
    "Evaluation": "trainwright.core.artifacts",
    "Finding": "trainwright.core.artifacts",
    "Interrupted": "trainwright.core.errors",
    "Recipe": "trainwright.recipe",
    "RecipeError": "trainwright.core.errors",
    "Snapshot": "trainwright.core.artifacts",
    "Split": "trainwright.core.artifacts",
    "Target": "trainwright.core.columns",
    "Task": "trainwright.core.columns",
    "TrainingError": "trainwright.core.errors",
    "TrainwrightError": "trainwright.core.errors",
    "TrustError": "trainwright.core.errors",
    "audit": "trainwright.flow.audit",
    "compare": "trainwright.flow.comparison",
    "estimate": "trainwright.flow.estimate",
    "evaluate": "trainwright.flow.evaluation",
    "export": "trainwright.flow.export",
    "load_model": "trainwright.flow.resolving",
    "load_package": "trainwright.deployment.package",
    "load_recipe": "trainwright.recipe",
    "monitor": "trainwright.flow.monitoring",
    "parse_recipe": "trainwright.recipe",
    "predict": "trainwright.flow.prediction",
    "prepare": "trainwright.flow.preparation",
    "prove": "trainwright.flow.proving.prove",
    "reproduce": "trainwright.flow.reproduction",
    "run": "trainwright.flow.run",
    "train": "trainwright.flow.run",
}

__all__ = [
    "CommandError",
    "DataError",
    "EnvironmentFault",
    "Evaluation",
    "Finding",
    "Interrupted",
    "Recipe",
    "RecipeError",
    "Snapshot",
    "Split",
    "Target",
    "Task",
    "TrainingError",
    "TrainwrightError",
    "TrustError",
    "audit",
    "compare",
    "estimate",
    "evaluate",
    "export",
    "load_model",
    "load_package",
    "load_recipe",
    "monitor",
    "parse_recipe",
    "predict",
    "prepare",
    "prove",
    "reproduce",
    "run",
    "train",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import a public name's home when it is first asked for (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
