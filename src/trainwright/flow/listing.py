"""`trainwright runs` and `trainwright models`: what is there."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainwright.core.errors import TrainwrightError
from trainwright.recipe.sections import TrackingSettings
from trainwright.runs.folder import RunFolder
from trainwright.runs.tracking import sync
from trainwright.runs.workspace import Workspace


def list_runs(*, workspace: Path | None = None) -> list[dict[str, Any]]:
    """Every run, newest first; a run whose record is damaged is listed as such."""
    return [_row(folder) for folder in Workspace.open(workspace).list_runs()]


def list_models(*, workspace: Path | None = None) -> list[dict[str, Any]]:
    """Every version of every model, newest first within a model.

    Raises:
        TrustError: the registry was changed.
    """
    listed = Workspace.open(workspace).registry.models()
    return [
        {**asdict(version), "version": version.label, "aliases": list(version.aliases)}
        for name in sorted(listed)
        for version in sorted(listed[name], key=lambda version: -version.number)
    ]


def sync_runs(*, uri: str | None = None, workspace: Path | None = None) -> dict[str, int]:
    """Mirror what the tracker lacks.

    Raises:
        EnvironmentFault: it could not all be brought over.
    """
    mirrored = sync(Workspace.open(workspace), TrackingSettings(kind="mlflow", uri=uri))
    return {"runs": mirrored.runs, "versions": mirrored.versions}


def _row(folder: RunFolder) -> dict[str, Any]:
    row = {"run": folder.id, "name": folder.name, "family": "-", "metrics": "", "version": None}
    try:
        row["state"] = folder.state
        if (folder.path / "run.json").exists():
            record = folder.read_json("run.json")
            shown = list(record["validation"].items())[:3]
            row["family"] = record["model"]["family"]
            row["metrics"] = ", ".join(f"{name} {value['value']:.4f}" for name, value in shown)
            row["version"] = record["version"]
    except TrainwrightError as error:
        row["state"] = f"damaged: {error.what}"
    return row
