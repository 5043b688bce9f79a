"""A command with its answer taken apart; one finished run for all cases that need a package."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from refusals.case import PEOPLE, QUIET, TABLE
from trainwright.cli.main import status_of

Answer = tuple[int, dict[str, Any], str]
_PARTS = re.compile(r"error: (.*?)\n  where: (.*?)\n  mend:  (.*?)\n", re.DOTALL)


@pytest.fixture
def asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Answer]:
    """Run a command in the test's folder: status, the one JSON object, standard error."""
    monkeypatch.setenv("TRAINWRIGHT_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("TRAINWRIGHT_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Answer:
        capsys.readouterr()
        is_server = arguments[0] == "serve"  # it has no result, so it has no --json
        status = status_of([*arguments, *([] if is_server else ["--json"])])
        out, errors = capsys.readouterr()
        assert "Traceback" not in errors
        if is_server:
            parts = zip(("what", "where", "mend"), _PARTS.findall(errors)[0], strict=True)
            return status, {"error": {"status": status, **dict(parts)}, "others": []}, errors
        assert out.count("\n") == 1
        return status, json.loads(out), errors

    return command


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace with one run, and its id; nobody changes it."""
    from trainwright.flow.run import run

    folder = tmp_path_factory.mktemp("finished")
    (folder / TABLE).write_bytes(PEOPLE)
    recipe = "data: {source: t.csv, target: churn}\nmodel: {family: linear}\n"
    (folder / "people.yaml").write_text(recipe + QUIET)
    result = run(folder / "people.yaml", workspace=folder / "workspace")
    assert result.model["family"] == "linear"  # a package with weights to damage
    return folder / "workspace", result.run


@pytest.fixture
def copied(finished: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    """A copy of the workspace where `trainwright` looks for one, and of its package in `package`."""
    workspace, run = finished
    shutil.copytree(workspace, tmp_path / "workspace")
    shutil.copytree(workspace / "runs" / run / "package", tmp_path / "package")
    return tmp_path / "workspace", run
