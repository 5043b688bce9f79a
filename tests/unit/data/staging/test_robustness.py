"""Full disks, files that change meanwhile, and what killed preparations leave behind."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Snapshot
from trainwright.core.errors import DataError, EnvironmentFault
from trainwright.data.prepare import prepare
from trainwright.data.snapshot import verify_snapshot
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import BlockStore
from trainwright.recipe import parse_recipe


def no_probe(features: Any, target: Any, **_: Any) -> Any:
    """A model that learns nothing: the shares of the classes."""
    return np.tile(np.bincount(target.astype(int)) / len(target), (len(target), 1))


def write(folder: Path, rows: int = 200) -> None:
    values = np.random.default_rng(0)
    labels = values.choice(["a", "b"], rows)
    pl.DataFrame({"x": values.normal(size=rows).round(6), "y": labels}).write_csv(folder / "t.csv")


def run(folder: Path) -> Snapshot:
    recipe = parse_recipe({"data": {"source": "t.csv", "target": "y"}})
    return prepare(recipe, base=folder, snapshots=folder / "s", probe=no_probe)


def left(folder: Path) -> set[str]:
    return {path.name for path in (folder / "s").iterdir()}


def after_write(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Call `then` whenever a block was staged."""
    writing = BlockStore.write

    def written(store: BlockStore, frame: pl.DataFrame) -> None:
        writing(store, frame)
        then()

    monkeypatch.setattr(BlockStore, "write", written)


def test_a_file_that_changes_while_it_is_read_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)

    def append() -> None:
        with (tmp_path / "t.csv").open("a") as file:
            file.write("1.0,a\n")

    after_write(monkeypatch, append)
    with pytest.raises(DataError, match="changed while it was read") as caught:
        run(tmp_path)
    assert "run again when nothing writes to it" in caught.value.mend
    assert left(tmp_path) == set()


def test_a_full_disk_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)

    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    after_write(monkeypatch, full)
    with pytest.raises(EnvironmentFault, match="No space left") as caught:
        run(tmp_path)
    assert "make room" in caught.value.mend
    assert left(tmp_path) == set()


def test_a_disk_that_has_no_room_for_an_array_is_an_error_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(EnvironmentFault, match="No space left"):
        Arrays(tmp_path, in_memory=10).full(100, 1, np.int64)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_preparation_left_is_swept_by_the_next(tmp_path: Path) -> None:
    write(tmp_path)
    litter = tmp_path / "s" / ".prepare.tmp-0123"
    litter.mkdir(parents=True)
    (litter / "typed.blocks").write_bytes(b"half a block")
    found = run(tmp_path)
    assert left(tmp_path) == {found.hash, "prepared"}


CHILD = """
import sys
from pathlib import Path
from trainwright.data.prepare import prepare
from trainwright.models.tables.probe import probe
from trainwright.recipe import parse_recipe
folder = Path(sys.argv[1])
recipe = parse_recipe({"data": {"source": "part-*.csv", "target": "y", "budget": 1}})
print("ready", flush=True)
print(prepare(recipe, base=folder, snapshots=folder / sys.argv[2], probe=probe).hash)
"""


@pytest.mark.slow
def test_killed_at_any_instant_and_run_again_the_hash_is_the_same(tmp_path: Path) -> None:
    for number in range(2):
        values = np.random.default_rng(number)
        pl.DataFrame(
            {
                "x": values.normal(size=60_000).round(5),
                "z": values.normal(size=60_000).round(5),
                "kind": values.choice(["red", "green", "blue"], 60_000),
                "y": values.choice(["a", "b"], 60_000),
            }
        ).write_csv(tmp_path / f"part-{number}.csv")
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    whole = subprocess.Popen([*command, "whole"], stdout=subprocess.PIPE, text=True)
    assert whole.stdout is not None
    whole.stdout.readline()
    started = time.monotonic()
    wanted = whole.communicate()[0].splitlines()[-1]
    seconds = time.monotonic() - started
    dice = random.Random(0)
    killed = 0
    for _ in range(12):
        child = subprocess.Popen([*command, "s"], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(dice.random() * 0.9 * seconds)
        killed += child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.communicate()
    done = subprocess.run([*command, "s"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == wanted
    assert killed > 0
    names = {path.name for path in (tmp_path / "s").iterdir()}
    assert names == {wanted, "prepared", "staged"}
    assert all(check.passed for check in verify_snapshot(tmp_path / "s" / wanted))
