"""A network's run is struck in every phase, by everything that strikes runs; what it promised holds."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from network_run import EPOCHS, handlers_of_the_command, hashes, litter, on_call, send, write_case
from trainwright.cli.main import status_of

Command = Callable[..., tuple[int, dict[str, Any]]]
STEPS = EPOCHS * 14


@dataclass(frozen=True)
class Unbroken:
    """A finished run that nothing struck; copied before anything is changed."""

    folder: Path
    package: dict[str, str]


@pytest.fixture(scope="module", autouse=True)
def without_folds() -> Iterator[None]:
    """Folds are fits like any other; they would be most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainwright.flow.selection.is_small", lambda *_, **__: False)
        yield


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, without_folds: None) -> Unbroken:
    folder = tmp_path_factory.mktemp("unbroken")
    recipe = write_case(folder)
    assert status_of(["run", str(recipe), "--workspace", str(folder / "workspace")]) == 0
    (run,) = (folder / "workspace" / "runs").iterdir()
    return Unbroken(folder, hashes(run / "package"))


@pytest.fixture
def recipe(unbroken: Unbroken, tmp_path: Path) -> Iterator[Path]:
    """The same recipe in another folder, with a workspace that knows the snapshot and no run."""
    shutil.copytree(unbroken.folder / "workspace" / "snapshots", tmp_path / "workspace/snapshots")
    with handlers_of_the_command():
        yield write_case(tmp_path)


def runs(trainwright: Command) -> dict[str, str]:
    return {run["run"]: run["state"] for run in trainwright("runs")[1]["runs"]}


def checkpoints(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints" / "mlp.training").glob("step-*"))


def is_training(*_: object, training: bool, **__: object) -> bool:
    return training


def is_judging(*_: object, training: bool, **__: object) -> bool:
    return not training


# Where the signal comes: module and name of what is about to be called, which call of it.
PHASES = {
    "first batch": ("trainwright.training.feeding.sources:ArraySource", "batch", 1, is_training),
    "data load": ("trainwright.training.feeding.sources:ArraySource", "batch", 23, is_training),
    "mid-step": ("trainwright.training.step:Update", "_apply", 30, None),
    "evaluation": ("trainwright.training.feeding.sources:ArraySource", "batch", 5, is_judging),
    "checkpoint save": ("trainwright.training.checkpoints", "write_tensors", 7, None),
    "candidate change": ("trainwright.flow.fitting", "fit_candidate", 2, None),
    "keeping a fit": ("trainwright.flow.checkpoints:manifests", "manifest_of", 2, None),
    "judging": ("trainwright.flow.training", "explain", 1, None),
    "packaging": ("trainwright.flow.packaging", "build_reference", 1, None),
    "writing the package": ("trainwright.deployment.package:manifests", "manifest_of", 1, None),
    "registration": ("trainwright.runs.registry:Registry", "register", 1, None),
    "promotion": ("trainwright.runs.registry:Registry", "set_alias", 1, None),
    "report": ("trainwright.flow.run", "write_run_report", 1, None),
}


def owner_of(place: str) -> object:
    import importlib

    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    return getattr(found, name) if name else found


@pytest.mark.parametrize("phase", PHASES)
def test_a_signal_in_any_phase_ends_with_75_and_the_same_command_goes_on_to_the_same_package(
    phase: str,
    unbroken: Unbroken,
    recipe: Path,
    trainwright: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from trainwright.training.step import Update

    steps: list[int] = []
    on_call(monkeypatch, Update, "_apply", lambda: None, when=lambda *_: bool(steps.append(1)))
    place, name, call, when = PHASES[phase]
    number = signal.SIGINT if len(phase) % 2 else signal.SIGTERM
    on_call(
        monkeypatch,
        owner_of(place),
        name,
        send(number),
        call=call,
        **({} if when is None else {"when": when}),
    )
    status, told = trainwright("run", recipe)
    assert (status, told["error"]["status"]) == (75, 75)
    ((run, state),) = runs(trainwright).items()
    assert state == "interrupted"
    folder = recipe.parent / "workspace" / "runs" / run
    made = len(steps)
    if 0 < made < STEPS:
        assert int(checkpoints(folder)[-1][5:13]) == made
    status, result = trainwright("run", recipe)
    assert (status, result["run"], result["version"]) == (0, run, "tiny/1"), result
    assert len(steps) == STEPS
    assert hashes(folder / "package") == unbroken.package
    assert not litter(recipe.parent)
