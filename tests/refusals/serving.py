"""A server as the command line starts it, and requests to it over raw sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refusals.http_cases import Request


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Server:
    """A running `trainwright serve`; `log` is its standard error."""

    port: int
    log: Path

    def ask(self, request: Request) -> Answer:
        """One request on a connection of its own."""
        headers: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}", "Connection": "close"}
        if request.method == "POST":
            length = str(len(request.body))
            headers |= {"Content-Type": "application/json", "Content-Length": length}
        headers |= request.headers
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        start = "\r\n".join([f"{request.method} {request.path} HTTP/1.1", *lines, "", ""])
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request.raw or start.encode("latin-1") + request.body)
            return _read(connection)


def _read(connection: socket.socket) -> Answer:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65_536)
        assert block, f"closed after {data!r}"
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65_536)
    return Answer(int(first.split()[1]), headers, body)


@contextmanager
def serving(
    workspace: Path, model: str, *, log: Path, host: str = "127.0.0.1", **environment: str
) -> Iterator[Server]:
    """`trainwright serve MODEL --port 0` in a process of its own; SIGTERM ends it with 0."""
    command = [sys.executable, "-m", "trainwright", "serve", model, "--port", "0", "--host", host]
    variables = {**os.environ, "TRAINWRIGHT_WORKSPACE": str(workspace), **environment}
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stderr=errors, env=variables) as process,
    ):
        try:
            yield Server(_port(log, process), log)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(30)
    assert status == 0, log.read_text()


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    """The port that the server says it listens on."""
    while process.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith("serving ") and line.rpartition(":")[2].isdigit():
                return int(line.rpartition(":")[2])
    raise AssertionError(log.read_text())
