"""A network's run is struck in every phase, by everything that strikes runs; what it promised holds."""

from __future__ import annotations

import errno
import html
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file

from network_run import (
    EPOCHS,
    handlers_of_the_command,
    hashes,
    litter,
    on_call,
    send,
    start,
    write_case,
)
from trainwright.cli.main import status_of
from trainwright.core import durable
from trainwright.core.errors import DataError, Fault
from trainwright.runs.folder import RunFolder
from trainwright.runs.history import History
from trainwright.runs.registry import Registry
from trainwright.runs.workspace import Workspace
from trainwright.training import checkpoints as module_of_checkpoints
from trainwright.training.checkpoints import CheckpointWarning
from trainwright.training.feeding.sources import ArraySource
from trainwright.training.feeding.workers import Workers, WorkerWarning
from trainwright.training.signals import deferred_signals
from trainwright.training.step import Update

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
    assert told["error"]["mend"] == "run the same command again; it goes on"
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


def test_a_signal_while_the_tracker_is_waited_for_changes_nothing_about_a_run_that_is_through(
    unbroken: Unbroken, recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_call(monkeypatch, owner_of("trainwright.flow.run"), "mirror", send(signal.SIGTERM))
    status, result = trainwright("run", recipe)
    assert (status, result["version"]) == (0, "tiny/1"), result
    assert "a signal ended the wait for the mirror" in result["warnings"][-1]
    assert runs(trainwright) == {result["run"]: "done"}
    assert hashes(Path(result["package"])) == unbroken.package


def only_run(recipe: Path) -> Path:
    (folder,) = (recipe.parent / "workspace" / "runs").iterdir()
    return folder


@pytest.mark.parametrize("phase", ["data load", "mid-step", "evaluation"])
def test_train_goes_on_with_the_run_that_is_named(
    phase: str,
    unbroken: Unbroken,
    recipe: Path,
    trainwright: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, name, call, when = PHASES[phase]
    named = {} if when is None else {"when": when}
    on_call(monkeypatch, owner_of(place), name, send(signal.SIGTERM), call=call, **named)
    status, told = trainwright("train", recipe)
    run = only_run(recipe).name
    assert (status, told["error"]["mend"]) == (75, f"the same command with --resume {run} goes on")
    status, result = trainwright("train", recipe, "--resume", run)
    assert (status, result["run"], result["version"]) == (0, run, "")
    assert hashes(only_run(recipe) / "package") == unbroken.package
    assert trainwright("train", recipe, "--resume", run)[0] == 2  # it is through


def test_a_second_signal_lets_the_save_under_way_come_to_its_end(
    unbroken: Unbroken, recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = send(signal.SIGTERM)
    on_call(monkeypatch, Update, "_apply", stop, call=23)
    for call in (
        1,
        2,
    ):  # of the weights, of the state: before the checkpoint of step 20 there are eight
        on_call(monkeypatch, module_of_checkpoints, "write_tensors", stop, call=8 + call)
    assert trainwright("run", recipe)[0] == 75
    assert checkpoints(only_run(recipe))[-1] == "step-00000023"
    assert trainwright("run", recipe)[0] == 0
    assert hashes(only_run(recipe) / "package") == unbroken.package


def test_a_save_that_would_outlast_the_grace_is_not_begun(
    unbroken: Unbroken, recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM, then SIGKILL in 30 s: a save takes 40, by a clock that each flush moves on."""
    now = [0.0]
    with monkeypatch.context() as patch:
        patch.setitem(deferred_signals.__wrapped__.__kwdefaults__, "now", lambda: now[0])

        def later(folder: Path, flush: Callable[[Path], None] = durable.flush_tree) -> None:
            now[0] += 40.0
            flush(folder)

        patch.setattr(durable, "flush_tree", later)
        on_call(patch, Update, "_apply", send(signal.SIGTERM), call=23)
        status, told = trainwright("run", recipe)
    assert status == 75
    assert "step 20 is kept, and step 23 was not saved: that takes 40 s" in told["error"]["what"]
    assert told["error"]["mend"] == "run the same command again; it goes on"
    folder = only_run(recipe)
    assert RunFolder(folder).events()[-1]["what"] == told["error"]["what"]
    assert checkpoints(folder)[-1] == "step-00000020"
    assert not litter(folder)
    assert trainwright("run", recipe)[0] == 0
    assert hashes(folder / "package") == unbroken.package


def test_training_that_leaves_the_numbers_names_step_and_rows_and_keeps_what_it_had(
    recipe: Path, trainwright: Command
) -> None:
    burst = [
        "--set",
        "training.optimizer={kind: sgd, learning_rate: 1e30}",
        "--set",
        "training.checkpoints={every: 1, asynchronous: false}",
    ]
    status, told = trainwright("run", recipe, *burst)
    folder = only_run(recipe)
    assert (status, runs(trainwright)) == (6, {folder.name: "failed"})
    assert re.match(r"step 2, epoch 0: rows (table\.csv:\d+, ){7}", told["error"]["where"])
    assert not (folder / "package").exists()
    assert not (recipe.parent / "workspace" / "registry.jsonl").exists()
    kept = folder / "checkpoints" / "mlp.training"
    assert checkpoints(folder) == ["step-00000001"]
    weights = load_file(kept / "step-00000001" / "weights.safetensors")
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    assert len(json.loads((kept / "poisoned" / "rows.json").read_text())["rows"]) == 16
    assert (kept / "poisoned" / "batch.safetensors").exists()
    history = (folder / "history.jsonl").read_text()
    assert '"loss": "NaN"' in history
    assert (
        trainwright("train", recipe, "--resume", folder.name, *burst)[0] == 2
    )  # nothing to go on with


def test_a_poisoned_row_is_named_as_the_user_knows_it(
    recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ArraySource.batch
    victim = 7

    def poisoned(self: ArraySource, rows: Any, *, epoch: int, training: bool) -> Any:
        batch = dict(whole(self, rows, epoch=epoch, training=training))
        if training and victim in rows:
            batch["numbers"] = batch["numbers"].clone()
            batch["numbers"][list(rows).index(victim)] = float("nan")
        return batch

    monkeypatch.setattr(ArraySource, "batch", poisoned)
    status, told = trainwright("run", recipe)
    assert status == 6
    assert "1 of the 16 rows of the batch are not finite" in told["error"]["what"]
    snapshot = next((recipe.parent / "workspace" / "snapshots").glob("*/train.parquet"))
    position = pl.read_parquet(snapshot)["__row__"][victim]
    assert f": rows table.csv:{position};" in told["error"]["where"]


def test_a_run_that_diverged_leaves_a_report_with_its_curves_and_what_to_do(
    recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ArraySource.batch

    def poisoned(self: ArraySource, rows: Any, *, epoch: int, training: bool) -> Any:
        batch = dict(whole(self, rows, epoch=epoch, training=training))
        if training and epoch == 2:
            batch["numbers"] = batch["numbers"] * float("inf")
        return batch

    monkeypatch.setattr(ArraySource, "batch", poisoned)
    status, told = trainwright("run", recipe)
    assert status == 6
    report = only_run(recipe) / "report.html"
    assert told["error"]["where"].endswith(f"the curves up to there: {report}")
    page = html.unescape(report.read_text())
    assert f"The run failed: {told['error']['what']}." in page
    assert f"<code>{told['error']['mend']}</code>" in page
    assert "At step 29, loss was no finite number." in page
    curve = page[page.index("<h3>Loss</h3>") :]
    steps = re.findall(r"<tr><td[^>]*>(\d+)</td>", curve[: curve.index("</figure>")])
    assert {"10", "14", "20", "28", "29"} <= set(steps)
    assert "early_stopping" in page  # a default: the resolved recipe


def test_a_run_that_another_error_ended_leaves_a_report_too(
    recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DataError("a cell is wrong", where="table.csv:7", mend="mend it", others=[Fault("b")])

    monkeypatch.setattr("trainwright.flow.run.write_fates", refuse)
    status, told = trainwright("run", recipe)
    assert (status, told["error"]["where"]) == (3, "table.csv:7")
    page = (only_run(recipe) / "report.html").read_text()
    assert "The run failed: a cell is wrong." in page
    assert "<h3>Loss</h3>" in page
    assert "mlp" in page


DISK = {
    "full": (errno.ENOSPC, module_of_checkpoints, "write_tensors"),
    "a flush fails": (errno.EIO, durable, "flush_tree"),
    "the last flush fails": (errno.EIO, durable, "flush_folder"),
    "too large": (errno.EFBIG, module_of_checkpoints, "write_tensors"),
    "read-only": (errno.EROFS, durable, "_claim"),
}


@pytest.mark.parametrize("fault", DISK)
def test_a_disk_that_refuses_a_checkpoint_ends_the_run_and_leaves_what_was_there(
    fault: str,
    unbroken: Unbroken,
    recipe: Path,
    trainwright: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number, owner, operation = DISK[fault]

    def refuse() -> None:
        raise OSError(number, os.strerror(number))

    def in_training(path: Path, *_: object) -> bool:
        return "mlp.training" in str(path) and len(checkpoints(only_run(recipe))) == 2

    with monkeypatch.context() as patch:
        on_call(patch, owner, operation, refuse, when=in_training)
        status, told = trainwright("run", recipe)
    folder = only_run(recipe)
    assert (status, runs(trainwright)) == (5, {folder.name: "interrupted"})
    assert str(folder / "checkpoints" / "mlp.training") in told["error"]["where"]
    assert told["error"]["mend"]
    assert checkpoints(folder) == ["step-00000005", "step-00000010"]
    assert not litter(folder)
    status, result = trainwright("run", recipe)
    assert (status, result["run"]) == (0, folder.name)
    assert hashes(folder / "package") == unbroken.package


def test_a_damaged_checkpoint_is_refused_by_its_hash_and_the_one_before_is_used(
    unbroken: Unbroken, recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = send(signal.SIGTERM)
    on_call(monkeypatch, Update, "_apply", stop, call=23)
    assert trainwright("run", recipe)[0] == 75
    folder = only_run(recipe)
    *_, before, newest = checkpoints(folder)
    victim = folder / "checkpoints" / "mlp.training" / newest / "weights.safetensors"
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(bytes(data))
    with pytest.warns(CheckpointWarning, match=f"{newest} is damaged[^$]*{before} is used"):
        assert trainwright("run", recipe)[0] == 0
    assert hashes(folder / "package") == unbroken.package


def test_a_killed_worker_does_not_change_the_package(
    unbroken: Unbroken, recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[Workers] = []
    whole = Workers.batches

    def noted(self: Workers, *arguments: Any, **named: Any) -> Any:
        pools.append(self)
        for number, batch in enumerate(whole(self, *arguments, **named)):
            if (len(pools), number) == (2, 3):
                os.kill(self._workers[0].pid, signal.SIGKILL)
            yield batch

    monkeypatch.setattr(Workers, "batches", noted)
    status, _ = trainwright("run", recipe, "--set", "training.workers=2")
    assert status == 0
    assert len(pools) == EPOCHS
    assert len(set(pools)) == 1
    package = only_run(recipe) / "package"
    changed = {name for name, digest in hashes(package).items() if unbroken.package[name] != digest}
    assert changed <= {"facts.json", "manifest.json", "card.md"}  # they hold the recipe
    assert json.loads((package / "facts.json").read_text())["recipe"]["training"]["workers"] == 2


@pytest.mark.parametrize("always", [False, True])
def test_a_hanging_worker_is_named_with_its_rows_and_replaced_so_often_as_is_said(
    always: bool,
    unbroken: Unbroken,
    recipe: Path,
    trainwright: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(Workers.__init__.__kwdefaults__, "timeout_seconds", 0.5)
    monkeypatch.setitem(Workers.__init__.__kwdefaults__, "max_restarts", 1 if always else 3)
    hand_out, stopped = Workers._hand_out, set()

    def hang(self: Workers, request: Any) -> None:
        if request.epoch == 1 and (always or not stopped):
            stopped.add(self._workers[0].pid)
            os.kill(self._workers[0].pid, signal.SIGSTOP)
            if always:  # the next one is stopped while it starts
                monkeypatch.setattr("trainwright.training.feeding.workers._START_SECONDS", 0.5)
        hand_out(self, request)

    monkeypatch.setattr(Workers, "_hand_out", hang)
    where = r"worker 0 \(pid \d+\), rows table\.csv:\d+"
    with pytest.warns(WorkerWarning, match=rf"for 0\.5 s and was killed[^$]*{where}"):
        status, told = trainwright("run", recipe, "--set", "training.workers=1")
    folder = only_run(recipe)
    if always:
        assert (status, runs(trainwright)) == (3, {folder.name: "failed"})
        assert re.match(where, told["error"]["where"])
        assert "as were 1 before it" in told["error"]["what"]
        assert len(stopped) == 2
        return
    assert status == 0
    package = hashes(folder / "package")
    changed = {name for name, digest in package.items() if unbroken.package[name] != digest}
    assert changed <= {"facts.json", "manifest.json", "card.md"}  # they hold the recipe


def test_a_run_that_another_process_holds_is_not_touched(
    recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = send(signal.SIGTERM)
    on_call(monkeypatch, Update, "_apply", stop, call=23)
    assert trainwright("run", recipe)[0] == 75
    folder = only_run(recipe)
    (folder / ".lock").write_text("1")  # of an owner that is gone, though its number lives
    before = hashes(folder)
    with RunFolder(folder).hold():
        status, told = trainwright("train", recipe, "--resume", folder.name)
        assert (status, f"pid {os.getpid()}" in told["error"]["what"]) == (5, True)
        status, result = trainwright("run", recipe)
        assert (status, result["run"] == folder.name) == (0, False)
        assert hashes(folder) == before | {".lock": hashes(folder)[".lock"]}
    assert trainwright("train", recipe, "--resume", folder.name)[0] == 0


def test_a_batch_size_that_memory_took_is_kept_by_a_run_that_goes_on(
    recipe: Path, trainwright: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Update.rehearse

    def rehearse(self: Update, tensors: Any, num_rows: int) -> None:
        if num_rows > 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        whole(self, tensors, num_rows)

    monkeypatch.setattr(Update, "rehearse", rehearse)
    automatic = ("--set", "training.batch_size=auto")
    status, unbroken = trainwright("run", recipe, *automatic)
    decided = json.loads(Path(unbroken["run_dir"], "decisions.json").read_text())["points"]
    assert (status, [v for k, v in decided.items() if k.endswith("batch-size")]) == (0, [4])
    with monkeypatch.context() as patch:
        on_call(patch, Update, "_apply", send(signal.SIGTERM), call=23)
        assert trainwright("run", recipe, *automatic)[0] == 75
    status, result = trainwright("run", recipe, *automatic)
    assert (status, result["run"] == unbroken["run"]) == (0, False)
    assert hashes(Path(result["package"])) == hashes(Path(unbroken["package"]))


@pytest.mark.parametrize("hidden", [5000, 60000])  # its updates do not fit; it does not fit itself
def test_memory_that_runs_out_is_told_with_what_mends_it(hidden: int, recipe: Path) -> None:
    recipe.write_text(
        recipe.read_text().replace("hidden: 16, layers: 1", f"hidden: {hidden}, layers: 2")
    )
    child = start(["run", recipe, "--workspace", recipe.parent / "workspace"], room=300 << 20)
    child.join(120)
    told = (recipe.parent / "child.log").read_text()
    assert child.exitcode == 6, told
    assert re.search(r"error: memory (ran out|does not suffice)", told), told
    assert re.search(r"mend:  (accumulate: 2|a smaller model)", told), told


def test_kills_at_random_instants_lose_nothing(unbroken: Unbroken, recipe: Path) -> None:
    _kill(unbroken, recipe, kills=3)


@pytest.mark.slow
def test_a_hundred_kills_at_random_instants_lose_nothing(unbroken: Unbroken, recipe: Path) -> None:
    _kill(unbroken, recipe, kills=100)


def _kill(unbroken: Unbroken, recipe: Path, *, kills: int) -> None:
    """So many kills, in as many runs as it takes."""
    draw = random.Random(kills)
    killed = 0
    while killed < kills:
        killed += _killed_and_gone_on(unbroken, recipe, draw, most=min(5, kills - killed))
        shutil.rmtree(recipe.parent / "workspace" / "runs")
        (recipe.parent / "workspace" / "registry.jsonl").unlink()


def _killed_and_gone_on(unbroken: Unbroken, recipe: Path, draw: random.Random, *, most: int) -> int:
    """Kill one run until it comes through or was killed so often; how often it was."""
    command = ["run", recipe, "--workspace", recipe.parent / "workspace"]
    log = recipe.parent / "child.log"
    killed = newest = 0
    while True:
        child = start(command)
        child.join(draw.uniform(0.1, 1.5) if killed < most else 300)
        child.kill()
        child.join()
        if child.exitcode == 0 or _is_through(recipe):
            break
        assert child.exitcode == -signal.SIGKILL, log.read_text()
        killed += 1
        steps = _steps_kept(recipe)
        assert steps >= newest  # what was acknowledged is there
        newest = steps
    assert hashes(only_run(recipe) / "package") == unbroken.package
    assert not litter(recipe.parent)
    events = RunFolder(only_run(recipe)).events()
    *silent, _ = [event["at"] for event in events if event["kind"] == "started"]
    told = re.findall(r"attempt of (\S+) ended without a word: killed", log.read_text())
    assert set(told) == set(silent)  # more than once where who told it was killed at once
    log.unlink()
    return killed


def test_a_run_that_was_killed_before_its_first_event_is_gone_at_the_next_start(
    unbroken: Unbroken, recipe: Path, trainwright: Command
) -> None:
    workspace = Workspace(recipe.parent / "workspace")
    orphan, living = workspace.new_run("tiny"), workspace.new_run("tiny")
    orphan.write_recipe({"name": "tiny"})
    with living.hold():
        status, result = trainwright("run", recipe)
    assert status == 0
    assert {run.id for run in workspace.list_runs()} == {living.id, result["run"]}
    assert hashes(Path(result["package"])) == unbroken.package


def _is_through(recipe: Path) -> bool:
    """Was the run recorded as done, and only what follows it killed: the mirror to the tracker?"""
    folders = (recipe.parent / "workspace" / "runs").glob("*")
    return any(RunFolder(folder).state == "done" for folder in folders)


def _steps_kept(recipe: Path) -> int:
    """Updates that the run, if one was begun, need not make again."""
    steps = 0
    for folder in (recipe.parent / "workspace" / "runs").glob("*"):
        if (folder / "package").exists() or (folder / "checkpoints" / "mlp").exists():
            return STEPS
        steps = max((steps, *(int(name[5:13]) for name in checkpoints(folder))))
    return steps


@pytest.mark.slow
def test_the_loop_holds_no_more_memory_after_many_epochs(
    recipe: Path, trainwright: Command
) -> None:
    long = ["training.epochs=120", "training.checkpoints.every=50", "training.early_stopping=null"]
    settings = [word for setting in long for word in ("--set", setting)]
    status, result = trainwright("run", recipe, *settings)
    assert status == 0
    records = History(Path(result["run_dir"]) / "history.jsonl").read()["mlp"]
    held = [
        (record["epoch"], record["memory_bytes"]) for record in records if "memory_bytes" in record
    ]
    early = np.mean([size for epoch, size in held if 20 <= epoch < 30])
    late = np.mean([size for epoch, size in held if 110 <= epoch < 120])
    assert late <= early * 1.01**9  # 1 % in ten epochs, nine times


@pytest.mark.parametrize("number", [pytest.param(4), pytest.param(20, marks=pytest.mark.slow)])
def test_runs_that_start_at_once_on_an_empty_workspace_all_come_through(
    number: int, unbroken: Unbroken, tmp_path: Path
) -> None:
    recipe = write_case(tmp_path)
    command = ["run", recipe, "--workspace", tmp_path / "workspace", "--new"]
    started = [start(command) for _ in range(number)]
    for child in started:
        child.join(600)
    assert [child.exitcode for child in started] == [0] * number, (
        tmp_path / "child.log"
    ).read_text()
    packages = [hashes(run / "package") for run in (tmp_path / "workspace" / "runs").iterdir()]
    assert packages == [unbroken.package] * number
    (versions,) = Registry(tmp_path / "workspace" / "registry.jsonl").models().values()
    assert sorted(version.number for version in versions) == list(range(1, number + 1))


def test_the_package_is_the_same_in_another_folder_and_with_other_hashes_of_words(
    tmp_path: Path,
) -> None:
    """In a process of its own, without the test's shortcuts: folds are made, so it has its own twin."""
    started = []
    for seed in ("1", "77"):
        folder = tmp_path / f"in {seed}"
        folder.mkdir()
        recipe = write_case(folder)
        command = [sys.executable, "-m", "trainwright", "run", str(recipe)]
        command += ["--workspace", str(folder / "workspace"), "--set", "training.epochs=1"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        log = (folder / "log").open("wb")
        started.append((recipe, subprocess.Popen(command, env=environment, stdout=log, stderr=log)))
        log.close()
    packages = []
    for recipe, process in started:
        assert process.wait(300) == 0, (recipe.parent / "log").read_text()
        packages.append(hashes(only_run(recipe) / "package"))
    assert packages[0] == packages[1]


def test_signals_to_the_whole_process_group_leave_no_worker_behind(recipe: Path) -> None:
    """As a terminal or a supervisor sends them: workers ignore them, the run saves and ends them."""
    command = [
        sys.executable,
        "-m",
        "trainwright",
        "run",
        str(recipe),
        "--set",
        "training.workers=1",
    ]
    where = ["--workspace", str(recipe.parent / "workspace"), "--set", "training.epochs=100000"]
    with subprocess.Popen(
        [*command, *where], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, process_group=0
    ) as process:
        deadline = time.monotonic() + 120
        while not any(map(checkpoints, (recipe.parent / "workspace" / "runs").glob("*"))):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        os.killpg(process.pid, signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 75, told.decode()
    assert b"Traceback" not in told
    while _alive_in(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _alive_in(group: int) -> list[str]:
    """Processes of a group that are neither gone nor waiting to be buried."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = entry.read_text().rpartition(")")
            state, _, own_group = rest.split()[:3]
            if int(own_group) == group and state != "Z":
                found.append(name)
    return found
