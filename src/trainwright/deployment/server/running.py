"""Running the server: bind, say that it is ready, answer until a signal, let go without losing a request.

After SIGTERM or SIGINT the server first tells callers to leave (each answer closes its connection,
/health/ready says 503) while it still takes requests, then stops listening and finishes what is in work.
Texts that take longer than it waits end with an error, in a stream as well. It returns normally: a server
that was asked to stop has not failed. asyncio's own loop is used: uvloop starves new connections under load.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import math
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import uvicorn
from fastapi import FastAPI

from trainwright.core.errors import CommandError, EnvironmentFault
from trainwright.core.language import generator_of
from trainwright.deployment.package import Package
from trainwright.deployment.server.app import create_app
from trainwright.deployment.server.instances import Extra, Parse
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.logs import LogHandler
from trainwright.deployment.server.protocol import BoundedProtocol

TOKEN = "TRAINWRIGHT_TOKEN"
SHORTEST_TOKEN = 16
LEAVE_SECONDS = 0.3  # how long callers are told to leave before the socket closes
END_SECONDS = 5.0  # for the errors of texts that were given up


def serve(
    package: Package,
    *,
    model_name: str,
    parse: Parse,
    host: str = "127.0.0.1",
    port: int = 8000,
    extra: Extra = "refuse",
    limits: Limits | None = None,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a package until SIGTERM or SIGINT; returns when all that was accepted is answered.

    Args:
        package: Verified and loaded.
        model_name: What answers call it, "name/3".
        parse: Reads one JSON value of a column.
        host: Loopback, or any other address with TRAINWRIGHT_TOKEN (16 characters or more) set.
        port: 0 for a free one.
        extra: What becomes of columns that the model does not know.
        limits: Bounds on requests.
        ready: Told the address, "http://127.0.0.1:8000", once requests are answered.

    Raises:
        CommandError: the host needs a token and there is none, or it is too short.
        EnvironmentFault: the port is taken, or the address is not this machine's.
    """
    limits = limits or Limits()
    if generator_of(package.model) is not None:
        patience = max(limits.drain_seconds, limits.generation_seconds)
        limits = replace(limits, drain_seconds=patience)
    loopback = is_loopback(host)
    token = token_for(loopback=loopback, host=host)
    app = create_app(
        package,
        model_name=model_name,
        parse=parse,
        extra=extra,
        token=token,
        loopback=loopback,
        limits=limits,
    )
    with bind(host, port) as listener, library_logs():
        Server(app, limits=limits, on_ready=lambda: ready(address_of(listener))).run([listener])


class Server(uvicorn.Server):
    """uvicorn's server, with a drain before its shutdown and no signal raised again after it."""

    def __init__(self, app: FastAPI, *, limits: Limits, on_ready: Callable[[], None]) -> None:
        protocol = type("Bounded", (BoundedProtocol,), {"limits": limits})
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=protocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=math.ceil(limits.drain_seconds + END_SECONDS),
        )
        super().__init__(config)
        self._app = app
        self._drain_seconds = limits.drain_seconds
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        serving = self._app.state.serving
        serving.draining = True
        asyncio.get_running_loop().call_later(self._drain_seconds, serving.give_up)
        await asyncio.sleep(LEAVE_SECONDS)
        await super().shutdown(sockets=sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()  # else uvicorn raises them again and the process dies of one


def token_for(*, loopback: bool, host: str) -> str | None:
    """The token of TRAINWRIGHT_TOKEN; needed beyond loopback, and asked for wherever it is set.

    Raises:
        CommandError: it is missing or too short.
    """
    token = os.environ.get(TOKEN)
    if token is None and loopback:
        return None
    if token is None or len(token) < SHORTEST_TOKEN:
        was = "is not set" if token is None else f"has under {SHORTEST_TOKEN} characters"
        raise CommandError(
            f"to serve on {host} a token is needed, and {TOKEN} {was}",
            where="--host",
            mend=f"export {TOKEN}=$(openssl rand -hex 32), or leave --host at 127.0.0.1",
        )
    return token


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        EnvironmentFault: the port is taken, or the address is not this machine's.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # The protocol is spelt out: asyncio sets TCP_NODELAY only on sockets that have it.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1024)
        except OSError:
            listener.close()
            raise
        return listener
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise EnvironmentFault(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            where="--port" if taken else "--host",
            mend="--port 0 takes a free one" if taken else "--host 127.0.0.1",
        ) from error


def address_of(listener: socket.socket) -> str:
    """http://HOST:PORT of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def library_logs() -> Iterator[None]:
    """The HTTP library's warnings as our log lines, while the block lasts."""
    logger = logging.getLogger("uvicorn.error")
    before: tuple[Any, ...] = (logger.handlers, logger.level, logger.propagate)
    logger.handlers, logger.level, logger.propagate = [LogHandler()], logging.WARNING, False
    try:
        yield
    finally:
        logger.handlers, logger.level, logger.propagate = before
