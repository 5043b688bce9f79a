"""What a MODEL or a RUN on the command line means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trainwright.core.artifacts import Snapshot
from trainwright.core.errors import CommandError, TrustError
from trainwright.core.protocols import Model
from trainwright.data.snapshot import load_snapshot
from trainwright.deployment.package import Package, load_package
from trainwright.models.fitted import FittedModel
from trainwright.runs.folder import RunFolder
from trainwright.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class NamedPackage:
    """A package, the name that answers carry, and its run where that is known here."""

    folder: Path
    name: str
    run: RunFolder | None

    def load(self) -> Package:
        """Verify and load it.

        Raises:
            TrustError: it is damaged.
        """
        return load_package(self.folder)


def resolve_model(text: str, workspace: Workspace) -> NamedPackage:
    """Find a package: `name@champion`, `name/3`, a run, or a package's folder.

    Raises:
        CommandError: nothing is meant by it.
        TrustError: the registered package is no longer the one that was registered.
    """
    path = Path(text)
    if path.is_file() or (path / "manifest.json").is_file():  # a file is refused when it is loaded
        return NamedPackage(path, path.resolve().name, None)
    known = workspace.registry.models()
    name = text.split("@")[0].split("/")[0]
    if "@" in text or "/" in text or name in known:
        version = workspace.registry.resolve(text)
        folder = workspace.root / version.package
        runs = {run.id: run for run in workspace.list_runs()}
        return NamedPackage(folder, version.label, runs.get(version.run))
    run = workspace.find_run(text)
    require_package(run)
    return NamedPackage(run.package, run.id, run)


def load_model(model: str, *, workspace: Path | None = None) -> Model:
    """A model ready to predict.

    Args:
        model: `name@champion`, `name/3`, a run, or a package's folder.
        workspace: The workspace's folder.

    Raises:
        CommandError: nothing is meant by it.
        TrustError: the package is damaged.
    """
    return resolve_model(model, Workspace.open(workspace)).load().model


def require_package(run: RunFolder) -> None:
    """Refuse a run that has no package.

    Raises:
        CommandError: it did not come so far.
    """
    if not run.package.is_dir():
        raise CommandError(
            f"run {run.id} has no package: it is {run.state}",
            where=str(run.path),
            mend="run its recipe again; `trainwright runs` lists what is there",
        )


def snapshot_of(run: RunFolder, workspace: Workspace) -> Snapshot:
    """The snapshot that a run used.

    Raises:
        TrustError: it is gone or damaged.
    """
    begun = [event for event in run.events() if event["kind"] == "started"]
    if not begun:
        raise TrustError("the run's record does not say what it used", where=str(run.path))
    return load_snapshot(workspace.snapshots / begun[-1]["snapshot"])


def fitted_model_of(run: RunFolder) -> FittedModel:
    """The run's model with its parts, for what looks inside it.

    Raises:
        TrustError: the package is damaged, or holds a model of another kind.
    """
    model = load_package(run.package).model
    if not isinstance(model, FittedModel):
        raise TrustError(
            f"the package holds a {model.kind}, not a fitted-model", where=str(run.package)
        )
    return model
