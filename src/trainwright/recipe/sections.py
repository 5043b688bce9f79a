"""The small sections: training, evaluation, deployment, monitoring, tracking."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from trainwright.recipe.quantities import Bound, Seconds
from trainwright.recipe.reads import Section


class TrainingSettings(Section):
    """How the fit is run."""

    budget: Seconds = Field(default=300.0, ge=1)
    """Bounds everything after the snapshot, package included."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Of everything random after the split."""
    threads: int = Field(default=2, ge=1, le=256)
    """Part of what a package is a function of."""


class EvaluationSettings(Section):
    """What is measured, and what must hold."""

    metric: str | None = None
    """Replaces the proper loss in the choice among candidates."""
    slices: tuple[str, ...] = ()
    """Columns whose values are reported one by one."""
    cross_validation: int | None = Field(default=None, ge=2, le=50)
    """Compare the families by so many folds."""
    must_beat_baseline: bool = False
    """The verdict "no signal" is exit 1."""


class DeploymentSettings(Section):
    """When the package may become champion."""

    gate: dict[str, Bound] = Field(default={})
    """METRIC: ">= 0.70"; compared with the worse bound of the interval."""


class DriftSettings(Section):
    """When a drift alarm is raised."""

    false_alarm_rate: float = Field(default=0.01, gt=0, lt=0.5)
    """A call, over all columns."""


class MonitoringSettings(Section):
    """What is watched after launch."""

    drift: DriftSettings = DriftSettings()
    """When live rows count as drifted."""


class TrackingSettings(Section):
    """Where runs are mirrored to, after the fact."""

    kind: Literal["mlflow", "none"] = "mlflow"
    """mlflow or none."""
    uri: str | None = None
    """A tracking server; mlflow.db in the workspace where not said."""

    @model_validator(mode="after")
    def _fits(self) -> TrackingSettings:
        if self.kind == "none" and self.uri is not None:
            raise ValueError("kind none cannot use: uri | mend: remove uri, or kind: mlflow")
        return self
