"""The child process of `tracking.mirror`: reads its order from standard input, answers with one line of JSON.

It tries a few times, from the beginning each time: the tracker looks up what is there before it
makes anything, so a request whose answer was lost is not repeated blindly.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from trainwright.core.durable import lock
from trainwright.core.errors import TrainwrightError
from trainwright.core.protocols import Tracker
from trainwright.runs.redaction import redact
from trainwright.runs.workspace import Workspace

_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.5


def main() -> None:
    """Carry out one order."""
    os.umask(0o077)  # what a tracker's own library writes is the owner's alone
    order = json.load(sys.stdin)
    signal.alarm(math.ceil(order["seconds"]))  # it ends also where nobody waits for it any more
    answer = sys.stdout
    sys.stdout = sys.stderr  # libraries print; the answer is ours
    root = Path(order["root"])
    try:
        with lock(root / ".mirror.lock"):
            result = _try_often(order, deadline=time.monotonic() + 0.9 * order["seconds"])
    except OSError as error:
        result = _answer(0, 0, str(error))
    answer.write(json.dumps(result) + "\n")


def _try_often(order: dict[str, Any], *, deadline: float) -> dict[str, Any]:
    """Several attempts; counts add up, the last problem is told."""
    runs = versions = 0
    pause = _FIRST_PAUSE_SECONDS
    for attempt in range(_ATTEMPTS):
        done = mirror_all(Path(order["root"]), tracker=order["tracker"], uri=order["uri"])
        runs, versions = runs + done["runs"], versions + done["versions"]
        last = attempt == _ATTEMPTS - 1 or time.monotonic() + pause > deadline
        if not done["again"] or last:
            return _answer(runs, versions, done["problem"] or "")
        time.sleep(pause)
        pause *= 2
    raise AssertionError("the last attempt returns")


def mirror_all(root: Path, *, tracker: str, uri: str) -> dict[str, Any]:
    """One attempt.

    A damaged run is passed over and told; a tracker that fails ends the attempt.
    """
    workspace = Workspace(root)
    runs = versions = 0
    damaged = ""
    try:
        module, name = tracker.split(":")
        target: Tracker = getattr(import_module(module), name)(uri, root=root)
        for run in reversed(workspace.list_runs()):
            try:
                runs += target.mirror_run(run.path)
            except TrainwrightError as error:
                damaged = f"{run.id}: {error.what}"
        versions = target.mirror_versions(workspace.registry.path)
    except TrainwrightError as error:
        return {**_answer(runs, versions, f"{error.what} ({error.where})"), "again": False}
    except Exception as error:  # whatever a tracker's library may raise
        problem = f"{type(error).__name__}: {error}"
        return {**_answer(runs, versions, problem), "again": True}
    return {**_answer(runs, versions, damaged), "again": False}


def _answer(runs: int, versions: int, problem: str) -> dict[str, Any]:
    return {"runs": runs, "versions": versions, "problem": redact(problem)[:500] or None}


if __name__ == "__main__":
    main()
