"""Kills a tiny training at random instants, resumes it, and compares with the unbroken one.

    python training_kills.py KILLS SEED FOLDER [forget]

One process imports torch; every run is a fork of it, so that a kill costs milliseconds. Checkpoints
are made at every step, by turns in line and by the thread, so that many kills fall into a save.
With `forget` the generators are not restored: the control. Prints one JSON line.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

from training_case import digest, numbers, trainer
from trainwright.core.errors import TrustError
from trainwright.recipe.sections import CheckpointSettings
from trainwright.training.checkpoints import Checkpoints, read
from trainwright.training.generators import Generators

LONGEST_SECONDS = (0.1, 0.3, 3.0)  # a run is told to live for: into its start, its saves, its end


class Tell:
    """Writes each step to a pipe: with saves in line, the step before it is on the disk by then."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def after_step(self, progress, result):
        os.write(self._handle, progress.step.to_bytes(4, "big"))

    def after_evaluation(self, progress, evaluated):
        return None

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def start(folder: Path, *, asynchronous: bool) -> tuple[int, int]:
    """A child that trains to the end; its pid, and a pipe with its steps and its result."""
    out, into = os.pipe()
    pid = os.fork()
    if pid:
        os.close(into)
        return pid, out
    try:
        os.close(out)
        warnings.simplefilter("error")  # nothing may be damaged
        settings = CheckpointSettings(every=1, keep_last=2, asynchronous=asynchronous)
        one = trainer(folder, checkpoints=settings, observers=(Tell(into),))
        outcome = one.fit()
        result = {"weights": digest(one._plan.model), "history": numbers(outcome)}
        (folder / "result.json").write_text(json.dumps(result, sort_keys=True))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def wait(pid: int, seconds: float) -> int | None:
    """The exit status, or None after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        time.sleep(0.0005)
    return None


def drain(pipe: int) -> int:
    """The last step that came through a pipe."""
    data = b""
    while block := os.read(pipe, 1 << 16):
        data += block
    os.close(pipe)
    return int.from_bytes(data[-4:], "big")


def main(kills: int, seed: int, folder: Path) -> dict[str, object]:
    choose = random.Random(seed)
    trainer(None).fit()  # all that is imported on the way is there before the first fork
    pid, pipe = start(folder / "reference", asynchronous=False)
    assert os.waitpid(pid, 0)[1] == 0
    drain(pipe)
    expected = (folder / "reference" / "result.json").read_text()
    killed = finished = in_save = bad = 0
    run = folder / "run"
    while killed < kills or run.exists():  # the last one is let to its end
        asynchronous = finished % 2 == 1
        pid, pipe = start(run, asynchronous=asynchronous)
        seconds = choose.uniform(0, choose.choice(LONGEST_SECONDS)) if killed < kills else 60.0
        status = wait(pid, seconds)
        if status is None:
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
        told = drain(pipe)
        if os.WIFSIGNALED(status):
            killed += 1
            in_save += any(run.glob(".step-*.tmp-*"))
            bad += not is_sound(run, told, asynchronous=asynchronous)
            continue
        finished += 1
        bad += status != 0 or (run / "result.json").read_text() != expected
        bad += any(run.glob(".*.tmp-*"))
        shutil.rmtree(run)
    return {"killed": killed, "finished": finished, "within_save": in_save, "bad": bad}


def is_sound(run: Path, told: int, *, asynchronous: bool) -> bool:
    """Every checkpoint that is there hashes, and none that was told of is missing."""
    try:
        steps = [read(path).progress.step for path in Checkpoints(run).paths()]
    except TrustError:
        traceback.print_exc()
        return False
    return asynchronous or told <= 1 or max(steps, default=0) >= told - 1


if __name__ == "__main__":
    if "forget" in sys.argv:
        Generators.load_state_dict = lambda self, state: None
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
