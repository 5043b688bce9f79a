"""What a MODEL or a RUN on the command line means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from trainwright.core.artifacts import Snapshot
from trainwright.core.errors import CommandError, RecipeError, TrustError
from trainwright.core.protocols import AsksOutside, Model
from trainwright.data.snapshot import load_snapshot
from trainwright.deployment.package import Package, load_package
from trainwright.models.fitted import FittedModel
from trainwright.recipe import Recipe, parse_recipe
from trainwright.runs.folder import RunFolder
from trainwright.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class NamedPackage:
    """A package, the name that answers carry, and its run where that is known here."""

    folder: Path
    name: str
    run: RunFolder | None
    hash: str | None = None  # as it was registered

    def load(self) -> Package:
        """Verify and load it.

        Raises:
            TrustError: it is damaged, or not the one that was registered under this name.
        """
        package = load_package(self.folder)
        if self.hash not in (None, package.hash):
            raise TrustError(
                f"another package stands where {self.name} was registered",
                where=str(self.folder),
                mend=f"name the folder itself if you trust it: {self.folder}",
            )
        return package


def resolve_model(text: str, workspace: Workspace) -> NamedPackage:
    """Find a package: `name@champion`, `name/3`, a run, or the folder of a package or of a run.

    Raises:
        CommandError: nothing is meant by it.
        TrustError: the registry was changed.
    """
    path = Path(text)
    if (run := _run_at(path, workspace)) is not None:
        require_package(run)
        return NamedPackage(run.package, run.id, run)
    is_spelt_as_path = text.startswith((".", "/")) and path.is_dir()
    if is_spelt_as_path or _is_there(path) or _is_there(path / "manifest.json"):
        # What is no package is refused when it is loaded.
        return NamedPackage(path, path.resolve().name, None)
    known = workspace.registry.models()
    name = text.split("@")[0].split("/")[0]
    if "@" in text or "/" in text or name in known:
        version = workspace.registry.resolve(text)
        folder = workspace.registry.package_folder(version)
        runs = {run.id: run for run in workspace.list_runs()}
        run = runs.get(version.run)
        return NamedPackage(folder, version.label, run, version.package_hash)
    found = workspace.find_run(text)
    require_package(found)
    return NamedPackage(found.package, found.id, found)


def _run_at(path: Path, workspace: Workspace) -> RunFolder | None:
    """The run of this workspace whose folder this is."""
    if not _is_there(path / "events.jsonl"):
        return None
    here = path.resolve()
    return next((run for run in workspace.list_runs() if run.path.resolve() == here), None)


def _is_there(path: Path) -> bool:
    """Is it a file? What cannot be the name of one (too long, with NUL) is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def recipe_of(package: Package) -> Recipe:
    """The recipe that a package was made by.

    Raises:
        TrustError: its facts do not hold one.
    """
    try:
        return parse_recipe(package.facts["recipe"])
    except (KeyError, TypeError, RecipeError) as error:
        raise TrustError(
            "the package does not say by which recipe it was made",
            where=str(package.folder / "facts.json"),
        ) from error


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


def base_of(run: RunFolder) -> Path:
    """The folder of the recipe that a run was started with: where its paths start.

    Raises:
        TrustError: the run's record does not say.
    """
    begun = [event for event in run.events() if event["kind"] == "started"]
    if not begun:
        raise TrustError("the run's record does not say what it used", where=str(run.path))
    return Path(begun[-1]["base"])


def fitted_model_of(run: RunFolder) -> FittedModel:
    """The run's model with its parts, for what looks inside it.

    Raises:
        TrustError: the package is damaged, or holds a model of another kind.
    """
    model = load_package(run.package).model
    if not isinstance(model, FittedModel):
        raise TrustError(
            f"the package is of kind {model.kind!r}, not 'fitted-model'", where=str(run.package)
        )
    return answering(model, run)


def answering(model: FittedModel, run: RunFolder) -> FittedModel:
    """The model; one that asks an endpoint looks into the run's answers first, and keeps new ones there.

    The run's recipe, which named the endpoint, was this machine's own.
    """
    if not isinstance(model.estimator, AsksOutside):
        return model
    return replace(model, estimator=model.estimator.keeping(run.answers))
