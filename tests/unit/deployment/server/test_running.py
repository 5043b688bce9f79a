"""The server starts, says where it is, and stops without losing a request."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from trainwright.core.errors import CommandError, EnvironmentFault
from trainwright.deployment.server import Limits, serve
from trainwright.deployment.server.logs import log_line
from trainwright.deployment.server.running import bind, is_loopback, token_for

SCRIPT = """
import sys, pathlib
from trainwright.deployment.package import load_package
from trainwright.deployment.server import serve
from trainwright.data.types import parse_value
package = load_package(pathlib.Path(sys.argv[1]))
serve(package, model_name="churn/3", parse=parse_value, port=0, ready=lambda a: print(a, flush=True))
print("returned", flush=True)
"""


@pytest.fixture
def process(package):
    started = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(package.folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield started
    if started.poll() is None:
        started.kill()
    started.communicate()


def port_of(process):
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:")
    return int(address.rsplit(":", 1)[1])


def ask(connection, sent):
    connection.sendall(sent)
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65_536)
        if not block:
            raise ConnectionError("closed without an answer")
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head


def request(row):
    body = json.dumps({"instances": [row]}).encode()
    return (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_status_0(process, stop):
    port = port_of(process)
    with socket.create_connection(("127.0.0.1", port)) as idle:
        process.send_signal(stop)
        assert process.wait(30) == 0
        assert idle.recv(1) == b""
    assert process.stdout.read() == "returned\n"


def test_no_request_is_lost_when_the_server_is_told_to_stop(process, row):
    """Callers that keep their connection are told to leave, and each request sent is answered."""
    port = port_of(process)
    answered, lost = [], []

    def call():
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            while True:
                try:
                    head = ask(connection, request(row))
                except OSError as error:
                    lost.append(error)
                    return
                answered.append(head)
                if b"connection: close" in head.lower():
                    return

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join(10)
    assert process.wait(30) == 0
    assert lost == []
    assert len(answered) > 4
    assert all(head.startswith(b"HTTP/1.1 200") for head in answered)


def test_a_server_that_drains_is_not_ready_but_still_answers(serving, package, row):
    with serving(package) as caller:
        caller.app.state.serving.draining = True
        answer = caller.send("GET", "/health/ready", Connection="keep-alive")
        assert answer.status == 503
        assert answer.headers["connection"] == "close"
        assert caller.send("GET", "/health/live").status == 200
        assert caller.predict(row).status == 200


def test_a_taken_port_is_told_with_a_way_out(package):
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentFault, match=f"port {port}") as caught:
            serve(package, model_name="m/1", parse=lambda c, v: v, port=port)
    assert "--port 0" in caught.value.mend


def test_an_address_of_another_machine_is_refused(package, monkeypatch):
    monkeypatch.setenv("TRAINWRIGHT_TOKEN", "x" * 32)
    with pytest.raises(EnvironmentFault, match="cannot listen on 192") as caught:
        serve(package, model_name="m/1", parse=lambda c, v: v, host="192.0.2.1", port=0)
    assert "--host 127.0.0.1" in caught.value.mend


@pytest.mark.parametrize("token", [None, "", "x" * 15])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "models.example"])
def test_beyond_loopback_a_token_is_asked_for_before_anything_listens(
    package, monkeypatch, host, token
):
    if token is None:
        monkeypatch.delenv("TRAINWRIGHT_TOKEN", raising=False)
    else:
        monkeypatch.setenv("TRAINWRIGHT_TOKEN", token)
    with pytest.raises(CommandError, match="a token is needed") as caught:
        serve(package, model_name="m/1", parse=lambda c, v: v, host=host, port=0)
    assert caught.value.status == 2
    assert "export TRAINWRIGHT_TOKEN" in caught.value.mend
    assert token is None or not token or token not in str(caught.value)


def test_a_token_that_is_set_is_asked_for_on_loopback_too(monkeypatch):
    monkeypatch.delenv("TRAINWRIGHT_TOKEN", raising=False)
    assert token_for(loopback=True, host="127.0.0.1") is None
    monkeypatch.setenv("TRAINWRIGHT_TOKEN", "x" * 16)
    assert token_for(loopback=True, host="127.0.0.1") == "x" * 16
    assert token_for(loopback=False, host="0.0.0.0") == "x" * 16


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("localhost.evil", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host, answer):
    assert is_loopback(host) is answer


def test_a_long_url_and_large_headers_are_refused(server):
    assert server.send("GET", "/" + "a" * 65_536).status == 414
    assert server.send("GET", "/model", X="a" * 100_000).status == 431
    many = {f"X{n}": "a" * 40 for n in range(1000)}
    assert server.send("GET", "/model", **many).status == 431


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /model HTTP/9.9\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_400_and_the_connection_is_closed(server, sent):
    answer = server.raw(sent)
    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert answer.json["error"]["what"]


def test_a_request_that_never_comes_is_hung_up_on(serving, package):
    with (
        serving(package, limits=Limits(receive_seconds=0.5)) as caller,
        caller.connect() as connection,
    ):
        connection.sendall(b"GET /model HT")
        assert connection.recv(1) == b""


def test_a_kept_connection_outlasts_the_deadline_of_one_request(serving, package, row):
    with (
        serving(package, limits=Limits(receive_seconds=0.5)) as caller,
        caller.connect() as connection,
    ):
        for _ in range(3):
            assert ask(connection, request(row)).startswith(b"HTTP/1.1 200")
            time.sleep(0.25)


def test_small_answers_are_not_held_back(server):
    """asyncio sets TCP_NODELAY only on sockets that name their protocol; without it 40 ms are lost."""
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_log_line_is_one_json_object_whatever_is_in_it(capsys):
    log_line("refused", path="a\nb\x1b[31m\x00é", status=404)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isascii()
    assert "\x1b" not in line
    assert json.loads(line)["path"] == "a\nb\x1b[31m\x00é"


def test_the_web_framework_is_imported_only_when_it_is_used():
    code = "import sys, trainwright.deployment.server; print('fastapi' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert done.stdout == "False\n"
