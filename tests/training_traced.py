"""Goes on with a tiny training from step 5 to 6 in children that another process may trace.

    python training_traced.py [hasty]

One process imports torch; every training is a fork of it, so that it costs milliseconds. For each
line with a folder on the input the pid of a child is printed, which waits; for the next line it begins,
and its wait status is printed when it has ended. Its errors are in FOLDER.log. With `hasty` a save
begins with the removal of the one before it: the control.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import traceback
from pathlib import Path

from training_case import PLAIN, trainer
from trainwright.core.errors import TrainwrightError
from trainwright.training.checkpoints import Checkpoints
from trainwright.training.state import TrainingState

_PR_SET_PTRACER, _ANYONE = 0x59616D61, ctypes.c_ulong(-1)


def train(folder: Path) -> int:
    try:
        trainer(folder, max_steps=6, **PLAIN).fit()
    except TrainwrightError as error:
        print(error, file=sys.stderr)
        return error.status
    except BaseException:
        traceback.print_exc()
        return 70
    return 0


def hasty(self: Checkpoints, state: TrainingState, save=Checkpoints.save) -> Path:
    for path in self.paths():
        shutil.rmtree(path)
    return save(self, state)


def start(folder: Path) -> tuple[int, int]:
    """A child that waits for its pipe to be written to; its pid, and that pipe."""
    out, into = os.pipe()
    pid = os.fork()
    if pid:
        os.close(out)
        return pid, into
    log = os.open(f"{folder}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 2)
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYONE, 0, 0, 0)
    os.read(out, 1)
    status = train(folder)
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    if "hasty" in sys.argv:
        Checkpoints.save = hasty
    trainer(None, max_steps=6, **PLAIN).fit()  # all that is imported on the way is there
    for line in sys.stdin:
        pid, pipe = start(Path(line.rstrip("\n")))
        print(pid, flush=True)
        sys.stdin.readline()
        os.write(pipe, b"!")
        os.close(pipe)
        print(os.waitpid(pid, 0)[1], flush=True)
