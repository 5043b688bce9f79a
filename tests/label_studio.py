"""A real Label Studio: its own environment, made once, and a server on loopback that tells nobody of it.

    python tests/label_studio.py        # makes the environment (a minute or two) and says where it is

Its hundred packages would not go beside ours.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from environments import own_environment

VERSION = "1.23.2"
START_SECONDS = 900  # it makes its database with some hundred migrations
QUIET = {
    "COLLECT_ANALYTICS": "False",
    "LATEST_VERSION_CHECK": "False",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "FEATURE_FLAGS_OFFLINE": "True",
}


def label_studio_program() -> Path:
    """Its program, in an environment of its own that is made where there is none."""
    return own_environment(f"label-studio-{VERSION}", f"label-studio=={VERSION}") / "label-studio"


@dataclass(frozen=True)
class LabelStudio:
    """A running server."""

    address: str
    token: str

    def ask(self, path: str, body: object = None) -> Any:
        """Its HTTP interface: GET, or POST of JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Token {self.token}"}
        opener = build_opener(ProxyHandler({}))
        with opener.open(Request(self.address + path, data, headers), timeout=120) as answer:
            return json.load(answer)


@contextmanager
def label_studio_server(folder: Path) -> Iterator[LabelStudio]:
    """A server whose data are in `folder`; it ends with the block."""
    program, token = label_studio_program(), secrets.token_hex(20)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "start", "--no-browser", "--internal-host", "127.0.0.1"]
    command += ["--port", str(port), "--username", "one@example.com", "--password"]
    command += [secrets.token_hex(8), "--user-token", token, "--enable-legacy-api-token"]
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    with log.open("w") as out:
        running = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **QUIET, "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data")},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            server = LabelStudio(f"http://127.0.0.1:{port}", token)
            _wait(server, running, log)
            yield server
        finally:
            running.terminate()
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def _wait(server: LabelStudio, running: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if running.poll() is not None:
            break
        try:
            server.ask("/api/projects")
        except (URLError, OSError):
            time.sleep(1)
        else:
            return
    raise RuntimeError(f"Label Studio did not start:\n{log.read_text()[-3000:]}")


if __name__ == "__main__":
    sys.stdout.write(f"{label_studio_program()}\n")
