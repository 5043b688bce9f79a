"""Shared by all tests: no tracker unless a test asks for one, one thread a fit, a fresh workspace."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from machinery import pytest_terminal_summary  # noqa: F401 - says what was not run

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(variable, "1")  # the tests run two at a time on two cores


@pytest.fixture
def trainwright(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run one command in this process: its exit status and its JSON."""
    from trainwright.cli.main import status_of

    monkeypatch.setenv("TRAINWRIGHT_WORKSPACE", str(tmp_path / "workspace"))

    def command(*arguments: object) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        status = status_of([*map(str, arguments), "--json"])
        out = capsys.readouterr().out
        return status, json.loads(out) if out else {}

    return command
