"""The recipe as a whole: one section a stage."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializeAsAny

from trainwright.core.columns import Task
from trainwright.core.durable import canonical_json, sha256_bytes
from trainwright.core.parts import Part
from trainwright.recipe.compute import ComputeSettings
from trainwright.recipe.data import DataSettings
from trainwright.recipe.estimate import EstimateSettings
from trainwright.recipe.reads import Section
from trainwright.recipe.sections import (
    DeploymentSettings,
    EvaluationSettings,
    MonitoringSettings,
    TrackingSettings,
    TrainingSettings,
)


class Heading(Section):
    """The keys at the top of a recipe that are no sections."""

    name: str = Field(default="model", pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    """Of the model in the registry; the recipe's file name where not said."""
    task: Task | None = None
    """classification or regression, or multi-label of lists, inferred where not said; forecasting,
    token-classification, language-modelling, instruction-tuning or text-to-text."""


class Recipe(Heading):
    """Everything about a run. Build it with `load_recipe(path)` or `parse_recipe(mapping)`."""

    data: DataSettings
    model: SerializeAsAny[Part]
    """A family with its settings, found by `family`."""
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    deployment: DeploymentSettings = DeploymentSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    tracking: TrackingSettings = TrackingSettings()
    estimate: EstimateSettings = EstimateSettings()
    compute: ComputeSettings = ComputeSettings()

    def resolved(self) -> dict[str, Any]:
        """Every setting with its default written out, as JSON values."""
        return self.model_dump(mode="json")

    def decisive(self) -> dict[str, Any]:
        """The same without where work runs, which has no part in any result."""
        return {key: value for key, value in self.resolved().items() if key != "compute"}

    @property
    def hash(self) -> str:
        """SHA-256 of all that results depend on."""
        return sha256_bytes(canonical_json(self.decisive()))
