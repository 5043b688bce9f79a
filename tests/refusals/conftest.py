"""One finished run for all cases that need a package; each case gets its own folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from refusals.case import PEOPLE, QUIET, TABLE


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace with one run, and its id; nobody changes it."""
    from trainwright.flow.run import run

    folder = tmp_path_factory.mktemp("finished")
    (folder / TABLE).write_bytes(PEOPLE)
    recipe = "data: {source: t.csv, target: churn}\nmodel: {family: linear}\n"
    (folder / "people.yaml").write_text(recipe + QUIET)
    result = run(folder / "people.yaml", workspace=folder / "workspace")
    return folder / "workspace", result.run


@pytest.fixture
def copied(finished: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    """The finished workspace where `trainwright` looks for one, free to be damaged."""
    workspace, run = finished
    shutil.copytree(workspace, tmp_path / "workspace")
    return tmp_path / "workspace", run
