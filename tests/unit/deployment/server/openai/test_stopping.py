"""A signal in the middle of texts: they are written to their end, or end with an error; the exit is 0."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

# Behind its third step the model waits for a line, so that the signal comes in the middle of the text.
SCRIPT = """
import pathlib, sys
from trainwright.deployment.package import load_package
from trainwright.deployment.server import Limits, serve
from trainwright.data.types import parse_value
from trainwright.models.language.decoding.table import DecodingTable
patience = float(sys.argv[2])
step, count = DecodingTable.step, 0
def waiting(table):
    global count
    count += 1
    if count == 4:
        print("waiting", flush=True)
        sys.stdin.readline()
    return step(table)
package = load_package(pathlib.Path(sys.argv[1]))
DecodingTable.step = waiting
limits = Limits(drain_seconds=patience, generation_seconds=patience)
serve(package, model_name="churn/3", parse=parse_value, port=0, limits=limits,
      ready=lambda a: print(a, flush=True))
print("returned", flush=True)
"""
BODY = {
    "model": "churn/3",
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 40,
    "stream": True,
}


@pytest.fixture
def started(speaking_package, tmp_path):
    made = []

    def start(patience):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(speaking_package().folder), str(patience)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        made.append(process)
        address = process.stdout.readline().strip()
        return process, int(address.rsplit(":", 1)[1])

    yield start
    for process in made:
        process.kill()
        process.communicate()
    assert list(tmp_path.iterdir()) == []  # a server writes no file


def posted(port, body):
    data = json.dumps(body).encode()
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    connection.sendall(head.encode() + data)
    return connection


def rest_of(connection):
    said = b""
    while block := connection.recv(65_536):
        said += block
    return said


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stream_is_written_to_its_end(started, stop):
    process, port = started(60)
    with posted(port, BODY) as connection:
        said = connection.recv(65_536)
        while b"data: " not in said:
            said += connection.recv(65_536)
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(stop)
        process.stdin.write("go on\n")
        process.stdin.flush()
        said += rest_of(connection)
    assert b'"finish_reason":"length"' in said or b'"finish_reason":"stop"' in said
    assert b"data: [DONE]" in said
    assert said.endswith(b"0\r\n\r\n")  # the last chunk: nothing is cut off
    assert process.wait(60) == 0
    assert process.stdout.read() == "returned\n"


@pytest.mark.parametrize("stream", [True, False])
def test_what_takes_longer_than_the_server_waits_ends_with_an_error(started, stream):
    process, port = started(0.5)
    with posted(port, {**BODY, "stream": stream}) as connection:
        said = b""
        while stream and b"data: " not in said:
            said += connection.recv(65_536)
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGTERM)
        said += rest_of(connection)
    assert b"the server is stopping" in said
    assert b"[DONE]" not in said
    if stream:
        assert said.endswith(b"0\r\n\r\n")
    else:
        assert said.startswith(b"HTTP/1.1 503")
    process.stdin.write("go on\n")
    process.stdin.flush()
    assert process.wait(60) == 0
    assert process.stdout.read() == "returned\n"
