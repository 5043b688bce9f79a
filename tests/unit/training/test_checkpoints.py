"""A checkpoint is there whole or not at all, and is refused when a byte of it changed."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from trainwright.core import durable
from trainwright.core.errors import EnvironmentFault, TrustError
from trainwright.training import checkpoints as module
from trainwright.training.checkpoints import Checkpoints, CheckpointWarning, NewerFormatError, read
from trainwright.training.protocols import Progress
from trainwright.training.state import TrainingState


def state(step: int, *, loss: float | None = None) -> TrainingState:
    weights = {"layer.weight": torch.full((2, 3), float(step)), "layer.steps": torch.tensor(step)}
    optimizer = {"state": {0: {"mean": torch.arange(5.0) * step}}, "betas": (0.9, 0.99)}
    parts = {"model": weights, "optimizer": optimizer, "observer": {"seen": float("nan")}}
    return TrainingState(Progress(epoch=1, batch=2, step=step), {"seed": 0}, loss, parts)


def steps(folder: Path) -> list[int]:
    return [int(path.name.split("-")[1]) for path in Checkpoints(folder).paths()]


def test_a_state_comes_back_as_it_was(tmp_path):
    folder = Checkpoints(tmp_path)
    folder.save(state(3, loss=0.5))
    found = folder.newest()
    assert found is not None
    assert found.progress == Progress(epoch=1, batch=2, step=3)
    assert (found.loss, found.settings) == (0.5, {"seed": 0})
    assert torch.equal(found.parts["model"]["layer.weight"], torch.full((2, 3), 3.0))
    assert found.parts["optimizer"]["betas"] == (0.9, 0.99)
    assert torch.equal(found.parts["optimizer"]["state"][0]["mean"], torch.arange(5.0) * 3)
    assert str(found.parts["observer"]["seen"]) == "nan"


def test_weights_are_a_plain_safetensors_file_under_the_modules_names(tmp_path):
    path = Checkpoints(tmp_path).save(state(3))
    assert set(load_file(path / "weights.safetensors")) == {"layer.weight", "layer.steps"}


def test_there_is_nothing_where_there_is_nothing(tmp_path):
    assert Checkpoints(tmp_path / "none").newest() is None


def test_the_newest_and_the_best_stay(tmp_path):
    folder = Checkpoints(tmp_path, keep_last=2, keep_best=1)
    for step, loss in enumerate([0.9, 0.2, 0.8, None, 0.7, 0.3], start=1):
        folder.save(state(step, loss=loss))
    assert steps(tmp_path) == [2, 5, 6]


def test_an_older_one_goes_only_when_the_new_one_is_there(tmp_path, monkeypatch):
    folder = Checkpoints(tmp_path, keep_last=1, keep_best=0)
    folder.save(state(1))
    there_when_removed = []
    real = module.remove_folder
    monkeypatch.setattr(
        module,
        "remove_folder",
        lambda path: (there_when_removed.append(read(tmp_path / "step-00000002")), real(path)),
    )
    folder.save(state(2))
    assert [one.progress.step for one in there_when_removed] == [2]


def test_a_second_one_of_a_step_does_not_touch_the_first(tmp_path):
    folder = Checkpoints(tmp_path)
    folder.save(state(4))
    folder.save(state(4, loss=0.1))
    assert [path.name for path in folder.paths()] == ["step-00000004", "step-00000004-2"]
    assert folder.newest().loss == 0.1


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pair")
    for step in (1, 2):
        Checkpoints(folder).save(state(step, loss=0.25))
    return folder


FILES = ["manifest.json", "state.json", "state.safetensors", "weights.safetensors"]


@pytest.mark.parametrize("name", FILES)
def test_any_flipped_bit_is_refused_before_anything_is_parsed(pair, tmp_path, monkeypatch, name):
    folder = tmp_path / "copy"
    shutil.copytree(pair, folder)
    path = folder / "step-00000002" / name
    whole = path.read_bytes()
    parsed = []
    real = module.parse_tensors
    monkeypatch.setattr(module, "parse_tensors", lambda data: (parsed.append(1), real(data))[1])
    for place in range(0, len(whole), max(1, len(whole) // 20)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        with pytest.raises(TrustError):
            read(path.parent)
    assert not parsed
    with pytest.warns(CheckpointWarning, match=r"step-00000002 is damaged[\s\S]*step-00000001 is"):
        assert Checkpoints(folder).newest().progress.step == 1
    assert steps(folder) == [1]


def test_without_the_hashes_a_flipped_bit_would_pass(pair, tmp_path, monkeypatch):
    """The control of the test above."""
    folder = tmp_path / "copy"
    shutil.copytree(pair, folder)
    path = folder / "step-00000002" / "weights.safetensors"
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    manifest = json.loads((path.parent / "manifest.json").read_text())
    digest = manifest["files"]["weights.safetensors"]["sha256"]
    real = module.sha256_bytes
    monkeypatch.setattr(
        module, "sha256_bytes", lambda data: digest if data == bytes(whole) else real(data)
    )
    assert read(path.parent).progress.step == 2


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["remove", "truncate", "grow", "link", "empty"])
def test_any_harmed_file_means_the_one_before(pair, tmp_path, name, harm):
    folder = tmp_path / "copy"
    shutil.copytree(pair, folder)
    path = folder / "step-00000002" / name
    data = path.read_bytes()
    path.unlink()
    if harm == "truncate":
        path.write_bytes(data[:-1])
    elif harm == "grow":
        path.write_bytes(data + b" ")
    elif harm == "link":
        path.symlink_to(folder / "step-00000001" / name)
    elif harm == "empty":
        path.touch()
    with pytest.warns(CheckpointWarning, match="damaged"):
        assert Checkpoints(folder).newest().progress.step == 1


def test_a_file_too_many_is_refused(pair, tmp_path):
    shutil.copytree(pair / "step-00000002", tmp_path / "step-00000002")
    (tmp_path / "step-00000002" / "more.json").write_text("{}")
    with pytest.raises(TrustError, match="not those of its manifest"):
        read(tmp_path / "step-00000002")


def test_a_renamed_one_is_refused(pair, tmp_path):
    shutil.copytree(pair / "step-00000001", tmp_path / "step-00000009")
    with pytest.raises(TrustError, match="it is of step 1"):
        read(tmp_path / "step-00000009")


def test_when_all_are_damaged_training_begins_anew_and_says_so(pair, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(pair, folder)
    for path in Checkpoints(folder).paths():
        (path / "state.json").unlink()
    with pytest.warns(CheckpointWarning, match="training begins anew"):
        assert Checkpoints(folder).newest() is None


def test_a_read_that_fails_means_the_one_before(pair, tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(pair, folder)
    real, failed = os.read, []

    def once(handle: int, count: int) -> bytes:
        if not failed:
            failed.append(1)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(handle, count)

    monkeypatch.setattr(os, "read", once)
    with pytest.warns(CheckpointWarning, match="Input/output error"):
        assert Checkpoints(folder).newest().progress.step == 1


def test_a_newer_format_is_refused_and_not_gone_behind(pair, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(pair, folder)
    path = folder / "step-00000002" / "manifest.json"
    body = json.loads(path.read_text())
    body.pop("sha256")
    body["format"] = 7
    text = durable.canonical_json(body)
    path.write_bytes(durable.canonical_json({**body, "sha256": durable.sha256_bytes(text)}))
    with pytest.raises(
        NewerFormatError, match=r"format 7; this trainwright reads up to 1[\s\S]*-U"
    ):
        Checkpoints(folder).newest()


# Every call by which a save reaches the disk; each fails once.
CALLS = ["os.open", "os.fsync", "Path.open", "Path.write_bytes", "Path.rename", "Path.chmod"]
CALLS += ["Path.mkdir"]


def plant(monkeypatch, name: str, count: int, failure: OSError) -> list[int]:
    """Let call number `count` fail; gives the list of calls."""
    owner: object = os if name.startswith("os.") else Path
    attribute = name.split(".")[1]
    real = getattr(owner, attribute)
    calls: list[int] = []

    def planted(*arguments, **options):
        calls.append(1)
        if len(calls) == count:
            raise failure
        return real(*arguments, **options)

    monkeypatch.setattr(owner, attribute, planted)
    return calls


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("name", CALLS)
def test_a_save_that_fails_at_any_call_leaves_the_old_or_the_new_one(
    tmp_path, monkeypatch, name, code
):
    count = 0
    while True:
        count += 1
        folder = tmp_path / f"{name}-{count}"
        store = Checkpoints(folder, keep_last=1, keep_best=0)
        store.save(state(1))
        with monkeypatch.context() as patch:
            calls = plant(patch, name, count, OSError(code, os.strerror(code)))
            told = None
            try:
                store.save(state(2))
            except EnvironmentFault as error:
                told = error
        assert told is None or (str(folder) in told.where and told.mend)
        found = store.newest()
        assert found is not None
        assert found.progress.step in (1, 2)
        durable.sweep(folder)
        assert all(read(path) for path in folder.iterdir())
        if len(calls) < count:
            break
    assert count > 1, f"{name} is never called"


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    store = Checkpoints(tmp_path)
    store.save(state(1))
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(EnvironmentFault, match=r"needs \d+ MB and 0 MB are free[\s\S]*make room"):
        store.save(state(2))
    assert steps(tmp_path) == [1]
