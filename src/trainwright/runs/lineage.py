"""What came from what: version <- run <- snapshot <- source files, from what each wrote down itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from trainwright.core.durable import read_json
from trainwright.core.errors import CommandError
from trainwright.runs.folder import RunFolder
from trainwright.runs.registry import Version
from trainwright.runs.workspace import Workspace


def lineage(workspace: Workspace, name: str) -> dict[str, Any]:
    """The chain behind a model version or a run, and the versions that came from it.

    Args:
        workspace: Where to look.
        name: `name@champion`, `name/3`, or a RUN as `Workspace.find_run` takes it.

    Returns:
        `{model, run, snapshot, sources, versions}`; what is not (or no longer) there is None.

    Raises:
        CommandError: it names neither.
    """
    version = None
    if "@" in name or "/" in name:
        version = workspace.registry.resolve(name)
        run = _run_of(workspace, version)
    else:
        run = workspace.find_run(name)
    return {
        "model": _model(version) if version else None,
        "run": _run(run) if run else None,
        **(_snapshot(workspace, run) if run else {"snapshot": None, "sources": None}),
        "versions": _versions_from(workspace, run),
    }


def _run_of(workspace: Workspace, version: Version) -> RunFolder | None:
    """The run that made a version; None when its folder was removed."""
    try:
        return workspace.find_run(version.run)
    except CommandError:
        return None


def _model(version: Version) -> dict[str, Any]:
    return {**asdict(version), "label": version.label, "aliases": list(version.aliases)}


def _run(run: RunFolder) -> dict[str, Any]:
    """The run's own facts; a run that did not end well has no summary."""
    summary = run.read_json("run.json") if (run.path / "run.json").is_file() else {}
    provenance = run.read_json("provenance.json") if run.provenance.is_file() else {}
    return {
        "id": run.id,
        "state": run.state,
        "model": summary.get("model"),
        "validation": summary.get("validation"),
        "package": summary.get("package"),
        "started": provenance.get("started"),
        "git": provenance.get("git"),
    }


def _snapshot(workspace: Workspace, run: RunFolder) -> dict[str, Any]:
    """The snapshot that the run names, with its source files as its manifest lists them."""
    path = run.path / "run.json"
    snapshot = run.read_json("run.json").get("snapshot") if path.is_file() else None
    manifest = workspace.snapshots / str(snapshot) / "manifest.json"
    if snapshot is None or not manifest.is_file():
        return {"snapshot": snapshot, "sources": None}
    return {"snapshot": snapshot, "sources": read_json(manifest).get("sources")}


def _versions_from(workspace: Workspace, run: RunFolder | None) -> list[str]:
    """Labels of all versions that came from the run."""
    return [
        version.label
        for versions in workspace.registry.models().values()
        for version in versions
        if run is not None and version.run == run.id
    ]
