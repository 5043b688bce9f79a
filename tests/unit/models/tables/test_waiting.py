"""How LightGBM's threads wait."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import trainwright.flow.run, sys, os
print("lightgbm" in sys.modules, os.environ["OMP_WAIT_POLICY"])
"""


@pytest.mark.parametrize(
    ("said", "policy"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")]
)
def test_threads_sleep_while_they_wait_unless_the_user_says_otherwise(said, policy):
    quiet = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**quiet, **said},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", policy]  # said before LightGBM is loaded
