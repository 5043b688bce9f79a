"""Killed at any instant, saves included, a training goes on to the weights of the unbroken one."""

from __future__ import annotations

import json
import os
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
