"""Real servers on free ports of the loopback, each a process of the tests that ends with them."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from machinery import postgres_program

START_SECONDS = 60


@dataclass(frozen=True)
class Postgres:
    """A server with one user, who needs a password, and one database named `shop`."""

    port: int
    user: str
    password: str

    @property
    def uri(self) -> str:
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/shop"

    def run(self, *statements: str) -> None:
        """Execute and commit."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.uri, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server whose data are thrown away; as root it runs under an unprivileged user, as it must."""
    user = "nobody" if os.geteuid() == 0 else None
    base = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    password = "s3cret:" + secrets.token_hex(8)
    try:
        (base / "password").write_text(password)
        if user is not None:
            owner = pwd.getpwnam(user)
            for path in (base, base / "password"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        data = base / "data"
        making = [_program("initdb"), "-D", data, "-U", "tester", "--pwfile", base / "password"]
        making += [
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        subprocess.run(making, user=user, cwd="/", check=True, capture_output=True)

        def command(port: int) -> list[str | Path]:
            told = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}
            settings = [part for item in told.items() for part in ("-c", "=".join(item))]
            where = ["-D", data, "-k", base, "-h", "127.0.0.1", "-p", str(port)]
            return [_program("postgres"), *where, *settings]

        def is_up(port: int) -> bool:
            asked = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            return subprocess.run(asked, cwd="/", check=False).returncode == 0

        with _server(command, is_up, user=user, stop=signal.SIGINT) as port:
            server = Postgres(port, "tester", password)
            _create_database(server)
            yield server
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def object_server() -> Iterator[str]:
    """moto's server of objects: the address of an empty store that speaks S3 over HTTP."""

    def command(port: int) -> list[str | Path]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    def is_up(port: int) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/moto-api/data.json", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    with _server(command, is_up) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _server(
    command: Callable[[int], Sequence[str | Path]],
    is_up: Callable[[int], bool],
    *,
    user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[int]:
    """A server on a free port; another port is taken where somebody was quicker."""
    for _ in range(5):
        port = free_port()
        told = [str(part) for part in command(port)]
        if shutil.which("setpriv"):  # it ends with the tests, however they end
            told = ["setpriv", "--pdeathsig", "KILL", *told]
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(told, user=user, cwd="/", stdout=log, stderr=log)
            try:
                if _wait(process, lambda port=port: is_up(port)):
                    yield port
                    return
            finally:
                process.send_signal(stop)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            log.seek(0)
            said = log.read().decode(errors="replace")
    raise RuntimeError(f"the server does not start: {said[-2000:]}")


def _wait(process: subprocess.Popen[bytes], is_up: Callable[[], bool]) -> bool:
    """True once it answers; False when it ended."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if is_up():
            return True
        time.sleep(0.05)
    return False


def free_port() -> int:
    """A port of the loopback that nobody has."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _program(name: str) -> str:
    found = postgres_program(name)
    assert found is not None, name
    return found


def _create_database(server: Postgres) -> None:
    from adbc_driver_postgresql import dbapi

    address = server.uri.removesuffix("/shop") + "/postgres"
    with dbapi.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
