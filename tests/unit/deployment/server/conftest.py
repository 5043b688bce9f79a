"""A real server on a real socket, in a thread, spoken to byte by byte."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from trainwright.data.types import parse_value
from trainwright.deployment.server import Limits, create_app
from trainwright.deployment.server.running import Server, address_of, bind, library_logs

ROW = {"age": 31.5, "city": "Bern", "member": True, "joined": "2020-09-13"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Caller:
    """Speaks to a server over raw sockets."""

    port: int
    logged: list
    app: object

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def raw(self, data, *, then=b""):
        with self.connect() as connection:
            connection.sendall(data)
            if then:
                connection.sendall(then)
            return read_answer(connection)

    def send(self, method="POST", path="/predict", body=b"", **headers):
        """One request on its own connection; a header given as None is left out."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        fields = {"Host": f"127.0.0.1:{self.port}", "Connection": "close"}
        if method == "POST":
            fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])
        return self.raw(head.encode("latin-1") + body)

    def predict(self, *rows, **headers):
        return self.send(body={"instances": list(rows)}, **headers)


def read_answer(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65_536)
        if not block:
            raise ConnectionError(f"closed after {data!r}")
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65_536)
    return Answer(int(first.split()[1]), headers, body)


@contextmanager
def running(package, **settings):
    """A served package; stops when the block ends."""
    logged = []
    settings = {"limits": Limits(), **settings}
    app = create_app(
        package,
        model_name="churn/3",
        parse=parse_value,
        log=lambda event, **values: logged.append({"event": event, **values}),
        **settings,
    )
    ready = threading.Event()
    with bind("127.0.0.1", 0) as listener, library_logs():
        server = Server(app, limits=settings["limits"], on_ready=ready.set)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert ready.wait(10)
        try:
            yield Caller(int(address_of(listener).rsplit(":", 1)[1]), logged, app)
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture(scope="session")
def row():
    return ROW


@pytest.fixture(scope="session")
def serving():
    return running


@pytest.fixture(scope="session")
def server(package):
    with running(package) as caller:
        yield caller
