"""A tiny network trained through the command line: its recipe, its hashes, ways to strike it."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

EPOCHS, BATCH = 4, 16
RECIPE = f"""name: tiny
data: {{source: table.csv, target: answer, accept: ["leakage-suspect:size"]}}
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
