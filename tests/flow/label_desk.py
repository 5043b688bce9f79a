"""A labelling page for tests: a small recipe, served in a thread or by a process that may be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import polars as pl

from trainwright.deployment.server.running import Server, address_of, bind, library_logs
from trainwright.flow.labelling import Desk, Wishes, open_desk
from trainwright.pages.labelling.app import LIMITS, create_app

TEXTS = [
    "buy cheap pills now",
    "lunch at noon?",
    "<script>alert('x')</script><img src=x onerror=alert(1)> win a prize",
    "the minutes of monday",
    "you have won",
    "are you coming along",
    "cheap watches",
    "see you then",
]


def text_recipe(
    folder: Path, *, labels: list[str | None] | None = None, name: str = "mails"
) -> Path:
    """Mails of which none has a label, unless some are given."""
    table = {"text": TEXTS, "label": labels or [None] * len(TEXTS)}
    pl.DataFrame(table, schema={"text": pl.String, "label": pl.String}).write_csv(
        folder / f"{name}.csv"
    )
    recipe = folder / f"{name}.yaml"
    recipe.write_text(
        f"data: {{source: {name}.csv, target: label, inputs: {{text: text}}}}\n"
        "model: {family: linear}\ntracking: {kind: none}\n"
    )
    return recipe


@dataclass(frozen=True)
class Served:
    """A page and the desk behind it."""

    address: str
    desk: Desk

    def call(self, name: str, **said: object) -> dict:
        return call(self.address, name, **said)


def call(address: str, name: str, **said: object) -> dict:
    """Ask as the page does."""
    body = json.dumps(said).encode()
    asked = Request(f"{address}/api/{name}", body, {"content-type": "application/json"})
    with urlopen(asked, timeout=30) as answer:
        return json.load(answer)


@contextmanager
def served(desk: Desk, *, port: int = 0) -> Iterator[Served]:
    """The page in a thread; stops when the block ends."""
    ready = threading.Event()
    with bind("127.0.0.1", port) as listener, library_logs():
        server = Server(create_app(desk), limits=LIMITS, on_ready=ready.set)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert ready.wait(30)
            yield Served(address_of(listener), desk)
        finally:
            server.should_exit = True
            thread.join(30)
            desk.close()
            assert not thread.is_alive()


def text_desk(folder: Path, wishes: Wishes | None = None, **more: object) -> Desk:
    """The desk of `text_recipe`, its record below `folder`."""
    wishes = wishes or Wishes(classes=("ham", "spam"))
    return open_desk(text_recipe(folder, **more), wishes, workspace=folder / "workspace")


@contextmanager
def process(
    recipe: Path, *arguments: str, workspace: Path
) -> Iterator[tuple[subprocess.Popen, str]]:
    """`trainwright label`, as a person starts it, and its address; killed when the block ends."""
    program = Path(sys.executable).parent / "trainwright"
    command = [program, "label", recipe, *arguments, "--json"]
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TRAINWRIGHT_WORKSPACE": str(workspace)},
    )
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert line, running.stderr and running.stderr.read()
        yield running, json.loads(line)["address"]
    finally:
        running.kill()
        running.wait()
        for stream in (running.stdout, running.stderr):
            if stream is not None:
                stream.close()
