"""A tiny network trained through the command line: its recipe, its hashes, ways to strike it."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

EPOCHS, BATCH = 4, 16
RECIPE = f"""name: tiny
data: {{source: table.csv, target: answer, accept: ["leakage:size"]}}
model: {{family: mlp, hidden: 16, layers: 1}}
training: {{budget: 10m, threads: 1, epochs: {EPOCHS}, batch_size: {BATCH}, checkpoints: {{every: 5}}}}
tracking: {{kind: none}}
"""


def write_case(folder: Path, recipe: str = RECIPE) -> Path:
    """The table and the recipe in a folder; the recipe's path."""
    rng = np.random.default_rng(0)
    size, shape = rng.normal(size=300), rng.choice(["round", "square", "long"], 300)
    answer = size + (shape == "round") + rng.normal(size=300) > 0
    table = {"size": np.round(size, 4), "shape": shape, "answer": np.where(answer, "yes", "no")}
    pl.DataFrame(table).write_csv(folder / "table.csv")
    path = folder / "tiny.yaml"
    path.write_text(recipe)
    return path


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def litter(folder: Path) -> list[Path]:
    """What a killed writer left half-written anywhere below a folder."""
    return list(folder.rglob(".*.tmp-*"))


def on_call(
    patch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    act: Callable[[], object],
    *,
    call: int = 1,
    when: Callable[..., bool] = lambda *_, **__: True,
) -> None:
    """Before the given call of a function (of those that `when` counts), do something; once."""
    whole: Callable[..., Any] = getattr(owner, name)
    seen = 0

    def struck(*arguments: Any, **named: Any) -> Any:
        nonlocal seen
        if when(*arguments, **named):
            seen += 1
            if seen == call:
                act()
        return whole(*arguments, **named)

    patch.setattr(owner, name, struck)


def send(number: int) -> Callable[[], None]:
    """Sends this process a signal."""
    return lambda: os.kill(os.getpid(), number)


@contextmanager
def handlers_of_the_command() -> Iterator[None]:
    """Signals are handled as `main` does."""
    from trainwright.cli import signals

    before = {number: signal.getsignal(number) for number in signals.HANDLED}
    signals.handle()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def children() -> ForkServerContext:
    """Starts commands as children of a process that has imported everything: a fork each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "trainwright.cli.main",
            "trainwright.flow.run",
            "trainwright.models.tables.networks.families",
            "trainwright.models.networks.fitting",
        ]
    )
    return context


def start(arguments: Sequence[object], *, room: int | None = None) -> ForkServerProcess:
    """A command in a child, its output in `child.log` beside the recipe, which comes second.

    Args:
        arguments: Of the command.
        room: Bytes that the child may have to write in beyond what it has. Not of addresses: how many of
            those a thread's allocator reserves hangs on what else the machine does.
    """
    words = [str(argument) for argument in arguments]
    child = children().Process(target=_command, args=(words, room))
    child.start()
    return child


def _command(arguments: list[str], room: int | None) -> None:
    """What a child does."""
    from trainwright.cli import signals
    from trainwright.cli.main import status_of
    from trainwright.flow import selection

    selection.is_small = lambda *_, **__: False  # folds would be most of the time
    log = os.open(Path(arguments[1]).parent / "child.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if room is not None:
        used = int(Path("/proc/self/statm").read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_DATA, (used + room, used + room))
    signals.handle()
    sys.exit(status_of(arguments))
