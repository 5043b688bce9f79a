"""A tracker that is dead, hangs, fails or flaps neither stops nor loses a run; the rest comes later."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlflow import MlflowClient

from trainwright.core.errors import EnvironmentFault
from trainwright.recipe.sections import TrackingSettings
from trainwright.runs.mlflow import RUN_TAG
from trainwright.runs.tracking import MirrorResult, mirror, sync, tracking_uri


def test_the_workspaces_own_store_is_the_default(workspace):
    assert mirror(workspace, TrackingSettings(), timeout_seconds=90) == MirrorResult(1, 2, None)
    assert sync(workspace, TrackingSettings()) == MirrorResult(0, 0, None)
    loose = [
        p for p in workspace.root.rglob("*") if p.stat().st_mode & 0o077 and p.parent.name != "runs"
    ]
    ours = [p for p in loose if "mlflow" in p.name or "mlartifacts" in str(p)]
    assert ours == []


def test_no_tracking_is_no_tracking(workspace):
    before = sorted(workspace.root.rglob("*"))
    assert mirror(workspace, TrackingSettings(kind="none"), timeout_seconds=1) == MirrorResult()
    assert sorted(workspace.root.rglob("*")) == before


def test_a_dead_server_is_one_line_of_warning_without_its_password(workspace):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = TrackingSettings(uri=f"http://user:hunter2@127.0.0.1:{port}")
    result = mirror(workspace, settings, timeout_seconds=8)
    assert result.warning is not None
    assert "runs --sync" in result.warning
    assert "\n" not in result.warning
    assert "hunter2" not in result.warning


@contextmanager
def listener(behave) -> Iterator[str]:
    """A TCP server whose connections are handed to `behave`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            server.settimeout(0.1)
            kept = []
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    continue
                kept.append(connection)
                behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def hang(connection: socket.socket) -> None:
    """Never answers."""


def fail(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")


def babble(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\x00\xffno")
    connection.close()


@pytest.mark.parametrize("behave", [hang, fail, babble])
def test_a_server_that_hangs_fails_or_babbles_is_left_at_the_deadline(workspace, behave):
    with listener(behave) as uri:
        started = time.monotonic()
        result = mirror(workspace, TrackingSettings(uri=uri), timeout_seconds=5)
        assert time.monotonic() - started < 7
    assert result.warning is not None
    assert "runs --sync" in result.warning
    assert workspace.find_run("latest").state == "done"


def test_a_caller_in_a_hurry_leaves_the_mirror_to_itself_and_it_still_arrives(workspace):
    started = time.monotonic()
    result = mirror(workspace, TrackingSettings(), timeout_seconds=90, wait_seconds=0.2)
    assert time.monotonic() - started < 2
    assert "in the background" in (result.warning or "")
    # the next mirror waits for the first one's lock, and finds nothing left to do
    assert mirror(workspace, TrackingSettings(), timeout_seconds=90) == MirrorResult(0, 0, None)


def test_a_mirror_that_nobody_waits_for_ends_at_its_deadline(workspace):
    with listener(hang) as uri:
        mirror(workspace, TrackingSettings(uri=uri), timeout_seconds=4, wait_seconds=0.1)
        end = time.monotonic() + 12
        while (children := alive_mirrors()) and time.monotonic() < end:
            time.sleep(0.1)
        assert children == []


def alive_mirrors() -> list[int]:
    """Children of this process that mirror and have not ended."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            command = (entry.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z" and b"trainwright.runs.mirror" in command:
            found.append(int(entry.parent.name))
    return found


def test_a_sync_that_fails_says_no_aloud(workspace, monkeypatch):
    monkeypatch.setattr("trainwright.runs.tracking.SYNC_SECONDS", 4.0)
    with listener(fail) as uri, pytest.raises(EnvironmentFault, match="runs --sync") as caught:
        sync(workspace, TrackingSettings(uri=uri))
    assert caught.value.status == 5


@contextmanager
def flapping(upstream: str) -> Iterator[str]:
    """A proxy that does what it is asked and then loses the answer of some requests that write."""
    host = upstream.removeprefix("http://")
    lost: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def forward(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            link = http.client.HTTPConnection(host, timeout=20)
            headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
            link.request(self.command, self.path, self.rfile.read(length), headers)
            answer = link.getresponse()
            body = answer.read()
            creates = self.path.split("/")[-1]
            if creates in ("create", "set-tag") and lost.count(self.path) < 1:
                lost.append(self.path)
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

        def log_message(self, *_: object) -> None:
            """Silent."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
        assert lost, "no answer was lost: the test proves nothing"
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def test_a_flapping_server_ends_with_each_run_and_version_once(workspace, server, finish_run):
    finish_run(workspace, name="flapping")
    with flapping(server) as uri:
        for _ in range(5):
            result = mirror(workspace, TrackingSettings(uri=uri), timeout_seconds=60)
            if result.warning is None:
                break
    assert result.warning is None
    assert sync(workspace, TrackingSettings(uri=server)) == MirrorResult(0, 0, None)
    client = MlflowClient(server, server)
    experiment = client.get_experiment_by_name("flapping")
    ids = [r.data.tags[RUN_TAG] for r in client.search_runs([experiment.experiment_id])]
    assert ids == [workspace.find_run("flapping").id]
    assert len(client.search_model_versions("name = 'flapping'")) == 1


def test_a_damaged_run_does_not_stop_the_others(workspace, finish_run, empty_store):
    shutil.copy(empty_store, workspace.mlflow_db)
    damaged = finish_run(workspace, name="damaged")
    events = damaged.path / "events.jsonl"
    events.write_text(events.read_text().replace("started", "startle"))
    result = mirror(workspace, TrackingSettings(), timeout_seconds=90)
    assert result.runs == 1
    assert result.warning is not None
    assert damaged.id in result.warning


def test_a_uri_can_be_named_by_a_variable(workspace, monkeypatch):
    monkeypatch.setenv("MY_TRACKER", "http://u:p@host")
    assert tracking_uri(workspace, TrackingSettings(uri="env:MY_TRACKER")) == "http://u:p@host"
    assert tracking_uri(workspace, TrackingSettings(uri="http://x")) == "http://x"
