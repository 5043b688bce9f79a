"""Killed at any instant, saves included, a training goes on to the weights of the unbroken one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
SCRIPT = TESTS / "training_kills.py"


def kill(kills: int, folder: Path, *options: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, SCRIPT, str(kills), "0", folder, *options],
        env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["killed"] == kills
    assert found["finished"] > 0
    return found


def test_twenty_kills_lose_nothing(tmp_path):
    assert kill(20, tmp_path)["bad"] == 0


@pytest.mark.slow
def test_kills_find_a_resume_that_forgets_the_generators(tmp_path):
    assert kill(20, tmp_path, "forget")["bad"] > 0


@pytest.mark.slow
def test_a_thousand_kills_lose_nothing(tmp_path):
    found = kill(1000, tmp_path)
    assert found["bad"] == 0
    assert found["within_save"] > 100  # else the kills miss what they are for
    assert found["finished"] > 10


ONE_SAVE = """
import sys
from pathlib import Path
from training_case import trainer
from trainwright.recipe.sections import CheckpointSettings
every = CheckpointSettings(every=1, keep_last=1, keep_best=0, asynchronous=False)
trainer(Path(sys.argv[1]), checkpoints=every, max_steps=int(sys.argv[2]), validation=None,
        early_stopping=None, averaging=None).fit()
"""
CALLS = ("write", "fsync", "rename", "openat", "mkdir", "chmod", "unlink", "unlinkat", "rmdir")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")
@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_every_system_call_of_a_save_leaves_the_old_or_the_new_one(tmp_path, call):
    """The save of step 6 over that of step 5; both alone are kept."""
    from trainwright.training.checkpoints import Checkpoints, read

    base = tmp_path / "base"
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    script = [sys.executable, "-c", ONE_SAVE]
    subprocess.run([*script, base, "5"], env=environment, check=True)

    def traced(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
        trace = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), *options]
        return subprocess.run(
            [*trace, *script, str(folder), "6"],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )

    shutil.copytree(base, tmp_path / "counted")
    probe = traced(tmp_path / "counted", "-e", f"trace={call}")
    if probe.returncode != 0:
        pytest.skip(f"strace may not trace here: {probe.stderr[:80]}")
    lines = (tmp_path / "trace").read_text().splitlines()
    main = lines[0].split()[0]  # strace counts a thread's calls, and the main one saves
    calls = [line for line in lines if re.match(rf"{main} +{call}\(", line)]
    named = [n for n, line in enumerate(calls, 1) if "counted/.step-" in line]
    # Some name a descriptor, not a path: the save is at the end.
    first = named[0] if named else max(1, len(calls) - 40)
    assert calls, f"a save makes no {call}"
    ends = []
    for number in range(first, len(calls) + 1):
        folder = tmp_path / f"killed-{number}"
        shutil.copytree(base, folder)
        traced(folder, "-e", f"inject={call}:signal=SIGKILL:when={number}")
        steps = [read(path).progress.step for path in Checkpoints(folder).paths()]
        assert set(steps) <= {5, 6}
        assert steps, (call, number)
        ends.append(steps)
        shutil.rmtree(folder)
    assert ends
