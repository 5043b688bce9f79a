"""A tiny run killed (SIGKILL) at random instants, checkpoint writes included, and gone on with each time.

What comes of it in the end must have the weights of a run that nobody killed, bit for bit. The runs are
children of a server that has imported everything, so that a kill costs a fraction of a second.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import signal
import tempfile
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import TYPE_CHECKING

from trainwright.core.artifacts import Check
from trainwright.core.durable import write_text
from trainwright.core.errors import EnvironmentFault
from trainwright.core.seeds import derive_seed

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

    from trainwright.flow.proving.subjects import Tiny

PATIENCE_SECONDS = 600.0


def check_kills(tiny: Tiny, *, kills: int) -> Check:
    """Kill so many times; every run that comes through is compared with the one that was not killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["trainwright.models.networks.fitting", "trainwright.flow.proving.subjects"]
    )
    draw = random.Random(derive_seed(tiny.recipe.training.seed, "kills"))
    with tempfile.TemporaryDirectory(prefix="trainwright-kills-") as scratch:
        wanted, seconds = _unbroken(context, tiny, Path(scratch) / "unbroken")
        killed = runs = 0
        while killed < kills:
            folder = Path(scratch) / f"run-{runs}"
            killed += _one_run(context, tiny, folder, draw, most=kills - killed, seconds=seconds)
            runs += 1
            if _hash_in(folder) != wanted:
                told = (
                    f"after {killed} kills, run {runs} came to other weights than the unbroken one"
                )
                return Check("kills", False, told)
    return Check("kills", True, f"{killed} kills in {runs} runs: equal weights, bit by bit")


def train_tiny(tiny: Tiny, folder: Path) -> None:
    """What a child does: train, or go on training, and leave the hash of the weights."""
    import torch

    torch.set_num_threads(1)
    plan = tiny.plan()
    tiny.trainer(plan, folder, ()).fit()
    digest = hashlib.sha256()
    for name, tensor in sorted(plan.module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    write_text(folder / "weights.sha256", digest.hexdigest())


def _unbroken(context: ForkServerContext, tiny: Tiny, folder: Path) -> tuple[str, float]:
    """The hash to come to, and how long a run takes; the second of two, when all is warm."""
    seconds = 0.0
    for attempt in range(2):
        started = time.monotonic()
        child = _start(context, tiny, folder / str(attempt))
        child.join(PATIENCE_SECONDS)
        seconds = time.monotonic() - started
        if child.exitcode != 0:
            child.kill()
            raise EnvironmentFault(
                "a run that nobody killed did not come through",
                where="prove --kills",
                mend="see what `trainwright prove` says without --kills",
            )
    return _hash_in(folder / "1"), seconds


def _one_run(
    context: ForkServerContext,
    tiny: Tiny,
    folder: Path,
    draw: random.Random,
    *,
    most: int,
    seconds: float,
) -> int:
    """Kill and go on until the run comes through; how many times it was killed."""
    killed = 0
    while True:
        child = _start(context, tiny, folder)
        if killed < most:
            child.join(draw.uniform(0, seconds))
        else:
            child.join(PATIENCE_SECONDS)
        if child.exitcode == 0:
            return killed
        if child.exitcode is not None and child.exitcode != -signal.SIGKILL:
            return killed  # it broke: the hash is not there, and that is told
        child.kill()
        child.join()
        killed += 1


def _start(context: ForkServerContext, tiny: Tiny, folder: Path) -> ForkServerProcess:
    child = context.Process(target=train_tiny, args=(tiny, folder), daemon=True)
    child.start()
    return child


def _hash_in(folder: Path) -> str:
    path = folder / "weights.sha256"
    return path.read_text() if path.exists() else ""
