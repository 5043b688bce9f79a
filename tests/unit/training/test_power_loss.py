"""A power loss at any moment of a save takes no checkpoint that was acknowledged, and leaves none torn.

All states are built in which a disk may be that keeps for sure nothing but what was flushed. The
controls leave out each flush in turn, or do things in another order: bad states must turn up.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import torch

from power_loss import ROOT, Operation, Recorder, State, crash_states, whole
from trainwright.core.durable import flush_folder, flush_tree, make_folder, write_bytes
from trainwright.core.errors import TrainwrightError
from trainwright.training import checkpoints as module
from trainwright.training.checkpoints import MANIFEST, Checkpoints, CheckpointWarning, read
from trainwright.training.protocols import Progress
from trainwright.training.state import TrainingState
from trainwright.training.trainer import held

WHERE = Path("run", "checkpoints")  # both made by the first save
MOMENTS = ((1, 0.5), (2, 0.2), (3, 0.9), (4, None))  # step and loss; 1 and 3 are retired


@pytest.fixture(autouse=True)
def _no_real_flush(monkeypatch):
    """Building thousands of states must not wait for the disk of the tests."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def folder(tmp_path) -> Iterator[Path]:
    """In memory where there is such a place: a state is a dozen files."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as name:
        yield Path(name)


@cache
def state(step: int, loss: float | None) -> TrainingState:
    generator = torch.Generator().manual_seed(step)
    weights = {"weight": torch.rand(20, 10, generator=generator)}  # 800 bytes: it can tear
    optimizer = {"mean": torch.rand(20, 10, generator=generator), "betas": (0.9, 0.99)}
    parts = {"model": weights, "optimizer": optimizer}
    return TrainingState(Progress(step=step), {"seed": 0}, loss, parts)


def store(root: Path, kind: type[Checkpoints] = Checkpoints) -> Checkpoints:
    return kind(root / WHERE, keep_last=1, keep_best=1)


def record(
    root: Path, *, saves: int = len(MOMENTS), kind: type[Checkpoints] = Checkpoints
) -> list[Operation]:
    """What so many saves do to the disk; each is acknowledged when it returns."""
    root.mkdir()
    with Recorder(root) as recorder:
        for step, loss in MOMENTS[:saves]:
            store(root, kind).save(state(step, loss))
            recorder.told((step, loss))
    assert whole(recorder.operations).files == files_of(root), "something was not recorded"
    return recorder.operations


def files_of(root: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(root)): None if path.is_dir() else path.read_bytes()
        for path in root.rglob("*")
    }


def fault(root: Path, after: State) -> str | None:
    """What is wrong in this state, or None; the next start is made in it."""
    after.build(root)
    checkpoints = store(root)
    found = {}
    for path in checkpoints.paths():
        try:
            found[path.name] = read(path)
        except TrainwrightError as error:
            return f"{path.name} stands there damaged: {error.what}"
    if not all(map(is_as_saved, found.values())):
        return "one was accepted that is not what was saved"
    with held(root / WHERE), warnings.catch_warnings():
        warnings.simplefilter("error", CheckpointWarning)
        newest = checkpoints.newest()
    if after.told:
        step = max(step for step, _ in after.told)
        if newest is None or newest.progress.step < step:
            return f"step {step} was acknowledged and is lost"
        best = min(loss for _, loss in after.told if loss is not None)
        if best < min(one.loss for one in found.values() if one.loss is not None):
            return f"the best one acknowledged, with a loss of {best}, is lost"
    left = {path.name for path in (root / WHERE).iterdir()} - {"lock", *found}
    return f"litter stays: {left}" if left else None


def is_as_saved(found: TrainingState) -> bool:
    saved = state(found.progress.step, found.loss).parts
    return torch.equal(found.parts["model"]["weight"], saved["model"]["weight"]) and torch.equal(
        found.parts["optimizer"]["mean"], saved["optimizer"]["mean"]
    )


def first_fault(states: Iterable[State], folder: Path) -> tuple[str | None, int]:
    """What is wrong with the first bad state, and how many were looked at."""
    number = 0
    for number, after in enumerate(states, start=1):
        root = folder / "crashed"
        found = fault(root, after)
        shutil.rmtree(root)
        if found is not None:
            return found, number
    return None, number


def test_a_power_loss_at_any_moment_of_three_saves_takes_nothing_acknowledged(folder):
    found, number = first_fault(crash_states(record(folder / "recorded", saves=3)), folder)
    print(f"{number} states")
    assert found is None
    assert number > 500


@pytest.mark.slow
def test_a_power_loss_takes_nothing_whatever_parts_of_all_changes_are_kept(folder):
    operations = record(folder / "recorded")
    found, number = first_fault(crash_states(operations, thorough=True), folder)
    print(f"{number} states")
    assert found is None
    assert number > 5000


def kind_of(flush: Operation, operations: Sequence[Operation]) -> str:
    """What a flush is of."""
    if flush.inode == ROOT:
        return "a folder above"
    made = next(one for one in operations if one.kind == "link" and one.target == flush.inode)
    if not made.is_folder:
        return "a file"
    known = {"run": "a folder above", "checkpoints": "the folder of checkpoints"}
    return known.get(made.name, "a checkpoint's folder")


@pytest.mark.parametrize(
    "kind", ["a file", "a checkpoint's folder", "the folder of checkpoints", "a folder above"]
)
def test_each_flush_that_is_left_out_loses_something(folder, kind):
    operations = record(folder / "recorded", saves=2)
    left_out = [
        place
        for place, one in enumerate(operations)
        if one.kind == "flush"
        and kind_of(one, operations) == kind
        and not is_repeated(operations, place)
    ]
    assert left_out
    for place in left_out:
        fewer = without_flush(operations, place)
        found, _ = first_fault(crash_states(fewer, start=place), folder)
        assert found is not None, f"operation {place} need not have been made"


def is_repeated(operations: Sequence[Operation], place: int) -> bool:
    """Nothing was changed since the flush before this one."""
    same = [one for one in operations[:place] if one.inode == operations[place].inode]
    return bool(same) and same[-1].kind == "flush"


def without_flush(operations: Sequence[Operation], place: int) -> list[Operation]:
    """All but this flush and its repetitions."""
    left, dropped = list(operations[:place]), operations[place]
    for number, one in enumerate(operations[place:], start=place):
        if number > place and one.inode == dropped.inode and one.kind != "flush":
            return [*left, *operations[number:]]
        if one != dropped:
            left.append(one)
    return left


class RetiringFirst(Checkpoints):
    def save(self, state: TrainingState) -> Path:
        for path in self.paths():
            module.remove_folder(path)
        return super().save(state)


def test_older_ones_retired_before_the_new_one_is_there_are_lost(folder):
    operations = record(folder / "recorded", saves=2, kind=RetiringFirst)
    found, _ = first_fault(crash_states(operations), folder)
    assert found == "step 1 was acknowledged and is lost"


def test_one_that_is_removed_under_its_own_name_is_found_torn(folder, monkeypatch):
    monkeypatch.setattr(module, "remove_folder", shutil.rmtree)
    operations = record(folder / "recorded", saves=2)
    found, _ = first_fault(crash_states(operations), folder)
    assert "step-00000001 stands there damaged" in str(found)


@contextmanager
def named_first(path: Path) -> Iterator[Path]:
    """Every flush is made, but after the name that says that all is there."""
    make_folder(path.parent)
    aside = path.with_name(".aside.tmp-1")
    aside.mkdir()
    yield aside
    aside.rename(path)
    flush_tree(path)
    flush_folder(path.parent)


def in_place(order: Callable[[Iterable[Path]], list[Path]]):
    """Each file is written durably, but under the checkpoint's name."""

    @contextmanager
    def staged(path: Path) -> Iterator[Path]:
        make_folder(path.parent)
        elsewhere = path.parents[len(WHERE.parts)].with_name("elsewhere") / path.name
        elsewhere.mkdir(parents=True)
        yield elsewhere
        make_folder(path)
        for file in order(elsewhere.iterdir()):
            write_bytes(path / file.name, file.read_bytes())

    return staged


def manifest_first(files: Iterable[Path]) -> list[Path]:
    return sorted(files, key=lambda file: file.name != MANIFEST)


def manifest_last(files: Iterable[Path]) -> list[Path]:
    return manifest_first(files)[::-1]


@pytest.mark.parametrize("staged", [named_first, in_place(manifest_first), in_place(manifest_last)])
def test_one_that_has_its_name_before_it_is_whole_is_found_torn(folder, monkeypatch, staged):
    """It is the name that says that all is there, the manifest what; its place in the order is free."""
    monkeypatch.setattr(module, "staged_folder", staged)
    operations = record(folder / "recorded", saves=1)
    found, _ = first_fault(crash_states(operations), folder)
    assert "step-00000001 stands there damaged" in str(found)


def test_a_power_loss_after_a_kill_and_a_new_start_takes_nothing_either(folder):
    """The kills that leave a name unflushed on which what comes later builds."""
    first = record(folder / "recorded", saves=2)
    known: set[object] = set()
    for kill in unflushed_names(first):
        second = live_on(
            first[:kill], folder / f"killed-{kill}", saves=not first[kill - 1].old_name
        )
        found, number = first_fault(unknown(crash_states(second, start=kill), known), folder)
        print(f"{number} states")
        assert found is None
        place = next(n for n, one in enumerate(second) if n >= kill and one.kind == "flush")
        found, _ = first_fault(crash_states(without_flush(second, place), start=place), folder)
        assert found is not None, "nothing found without the flush that the new start begins with"


@pytest.mark.slow
def test_a_power_loss_after_a_kill_at_any_operation_takes_nothing(folder):
    first = record(folder / "recorded", saves=2)
    choose, known, total = random.Random(0), set(), 0
    for kill in range(len(first) + 1):
        second = live_on(first[:kill], folder / f"killed-{kill}")
        states = list(unknown(crash_states(second, start=kill), known))
        found, number = first_fault(choose.sample(states, min(len(states), 200)), folder)
        total += number
        assert found is None
    print(f"{total} states")
    assert total > 5000


def unflushed_names(operations: Sequence[Operation]) -> list[int]:
    """Right after a folder was made for checkpoints, or one was renamed to be removed."""
    return [
        place
        for place, one in enumerate(operations, start=1)
        if one.name in WHERE.parts or (one.kind == "move" and one.name.startswith("."))
    ]


def live_on(before: Sequence[Operation], root: Path, *, saves: bool = True) -> list[Operation]:
    """What a new start, and a save, do after a kill; all that was done before it is there."""
    whole(before).build(root)
    with Recorder(root, before=before) as recorder, held(root / WHERE):
        found = store(root).newest()
        if saves:
            moment = MOMENTS[0 if found is None else found.progress.step]
            store(root).save(state(*moment))
            recorder.told(moment)
    assert whole(recorder.operations).files == files_of(root), "something was not recorded"
    return recorder.operations


def unknown(states: Iterable[State], known: set[object]) -> Iterator[State]:
    """Those that did not come before."""
    for one in states:
        key = (tuple(one.files.items()), one.told)
        if key not in known:
            known.add(key)
            yield one
