"""A workspace with runs as the flow leaves them, and a real MLflow server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trainwright.core.durable import write_text
from trainwright.recipe import parse_recipe
from trainwright.runs.folder import RunFolder
from trainwright.runs.workspace import Workspace


def _finish_run(workspace: Workspace, *, name: str = "late-flights", auc: float = 0.7) -> RunFolder:
    """A run with its files and its registered package."""
    run = workspace.new_run(name)
    with run.hold():
        run.event("started")
        values = {
            "name": name,
            "data": {
                "source": "a.csv",
                "target": "late",
                "columns": {"../x": "number", "": "text", "é" * 300: "text"},
            },
            "training": {"seed": 7},
            "tracking": {"uri": "http://user:hunter2@host"},
        }
        run.write_recipe(parse_recipe(values).resolved())
        metric = {"value": auc, "low": auc - 0.1, "high": auc + 0.1}
        curve = [{"iteration": n, "train": 1 / n, "validation": 2 / n} for n in (1, 2, 3)]
        run.write_json("evaluation.json", {"metrics": {"roc_auc": metric}, "curve": curve})
        candidates = [{"name": "baseline", "loss": 0.6, "tied": False}]
        run.write_json(
            "run.json",
            {
                "snapshot": "ab12",
                "task": "classification",
                "model": {"family": "linear"},
                "validation": {"roc_auc": metric},
                "candidates": candidates,
            },
        )
        write_text(run.report, "<html></html>")
        run.package.mkdir()
        (run.package / "manifest.json").write_text("{}")
        version = workspace.registry.register(
            name, run=run.id, package_hash=run.id, package=f"runs/{run.id}/package", metrics={}
        )
        workspace.registry.set_alias(name, "champion", version.number, reason="")
        run.event("done")
    return run


@pytest.fixture
def finish_run() -> Callable[..., RunFolder]:
    return _finish_run


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    workspace = Workspace.open(tmp_path / "workspace")
    _finish_run(workspace)
    return workspace


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory) -> Path:
    """MLflow's tables, made once: its migrations take seconds."""
    from trainwright.runs.mlflow import MLflowTracker

    folder = tmp_path_factory.mktemp("store")
    MLflowTracker(f"sqlite:///{folder}/mlflow.db", root=folder)
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """A real `mlflow server` on loopback."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("mlflow")), "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    uri = f"http://127.0.0.1:{port}"
    try:
        _await(uri, process)
        yield uri
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def _await(uri: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{uri}/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not start")
