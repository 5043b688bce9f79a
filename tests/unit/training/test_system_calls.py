"""Struck at every system call of a save, in a real process: killed there, or refused by the disk.

The save of step 6 over that of step 5, where both alone are kept. By strace, which must be there and
be allowed to trace; what it stands for is tested everywhere by the seam of the durable module.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from training_case import PLAIN, digest, trainer
from trainwright.training.checkpoints import Checkpoints, read

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there"),
]

TESTS = Path(__file__).parents[2]
KILLED = ("write", "fsync", "rename", "openat", "mkdir", "chmod", "unlink", "unlinkat", "rmdir")
FULL = ("ENOSPC", "EDQUOT")
REFUSED = (
    ("write", "ENOSPC"),
    ("write", "EDQUOT"),
    ("write", "EIO"),
    ("fsync", "EIO"),
    ("openat", "ENOSPC"),
    ("mkdir", "ENOSPC"),
    ("rename", "EIO"),
)


class Trainings:
    """Trainings from step 5 to 6, each in a process that is traced before it begins."""

    def __init__(self, base: Path, *options: str) -> None:
        self._base = base
        self._process = subprocess.Popen(
            [sys.executable, TESTS / "training_traced.py", *options],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, *sys.path)))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Trainings:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, folder: Path, what: str) -> tuple[int, str]:
        """The exit status, negative for a signal, and what it said; the calls are in FOLDER.trace."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._base, folder)
        pid = self._ask(str(folder))
        command = ["strace", "-f", "-qq", "-o", f"{folder}.trace", "-e", what, "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            while f"TracerPid:\t{tracer.pid}\n" not in Path(f"/proc/{pid}/status").read_text():
                if tracer.poll() is not None:
                    assert tracer.stderr is not None
                    pytest.skip(f"strace may not trace here: {tracer.stderr.read()[:80]}")
                time.sleep(0.002)
            status = os.waitstatus_to_exitcode(self._ask("go"))
        return status, Path(f"{folder}.log").read_text()

    def _ask(self, line: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that has come to step 5."""
    folder = tmp_path_factory.mktemp("five") / "base"
    trainer(folder, max_steps=5, **PLAIN).fit()
    return folder


@pytest.fixture(scope="module")
def trainings(base: Path) -> Iterator[Trainings]:
    with Trainings(base) as found:
        yield found


@pytest.fixture(scope="module")
def six() -> str:
    """The weights of step 6, never interrupted."""
    one = trainer(None, max_steps=6, **PLAIN)
    one.fit()
    return digest(one._plan.model)


@pytest.mark.parametrize("call", KILLED)
def test_a_kill_at_every_call_leaves_the_old_or_the_new_one(trainings, six, tmp_path, call):
    found = []
    for number in range(1, _count(trainings, tmp_path, call) + 1):
        status, told = trainings.run(
            tmp_path / "run", f"inject={call}:signal=SIGKILL:when={number}"
        )
        assert status == -signal.SIGKILL, told
        found.append(_check(tmp_path / "run", six, f"{call} {number}"))
    print(
        f"{call}: {len(found)} kills; step 5 was there {found.count(5)} times, 6 {found.count(6)}"
    )


def test_a_kill_finds_a_save_that_removes_the_old_one_first(base, tmp_path):
    folder = tmp_path / "run"
    with Trainings(base, "hasty") as trainings:
        kills = range(1, _count(trainings, tmp_path, "write") + 1)
        left = []
        for number in kills:
            trainings.run(folder, f"inject=write:signal=SIGKILL:when={number}")
            left.append(Checkpoints(folder).paths())
    assert [] in left


@pytest.mark.parametrize(("call", "error"), REFUSED)
def test_a_refusal_of_every_call_ends_in_words_and_leaves_the_old_or_the_new_one(
    trainings, six, tmp_path, call, error
):
    folder, told = tmp_path / "run", 0
    count = _count(trainings, tmp_path, call)
    for number in range(1, count + 1):
        status, said = trainings.run(folder, f"inject={call}:error={error}:when={number}")
        assert status in (0, 5), f"{call} {number}\n{said}"
        if status:
            told += 1
            assert re.search(rf"where: {folder}\S*\n +mend: ", said), said
            assert error not in FULL or "MB are free there" in said, said
        assert not list(folder.glob(".step-00000006.tmp-*")), f"{call} {number}"  # at once
        _check(folder, six, f"{call} {number}")
    print(f"{call} {error}: {count} refusals, {told} of them told (exit 5)")
    assert told


def _count(trainings: Trainings, tmp_path: Path, call: str) -> int:
    """How often a call is made from the start of the training to its end."""
    status, told = trainings.run(tmp_path / "counted", f"trace={call}")
    assert status == 0, told
    lines = (tmp_path / "counted.trace").read_text().splitlines()
    calls = [line for line in lines if re.match(rf"\d+ +{call}\(", line)]
    assert calls, f"it makes no {call}"
    assert len({line.split()[0] for line in calls}) == 1  # strace counts a thread's
    return len(calls)


def _check(folder: Path, six: str, where: str) -> int:
    """What is there is sound, and goes on to the weights of the unbroken training; its newest step."""
    steps = [read(path).progress.step for path in Checkpoints(folder).paths()]
    assert steps, where
    assert set(steps) <= {5, 6}, where
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is damaged
        one = trainer(folder, max_steps=6, **PLAIN)
        one.fit()
    assert digest(one._plan.model) == six, where
    assert not list(folder.glob(".*.tmp-*")), where
    return max(steps)
