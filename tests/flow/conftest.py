"""Small real-looking tables, and a run that is made once for all tests that only look at it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

TREES = "model: {families: [baseline, linear, lightgbm]}\n"  # networks have tests of their own
QUIET = "training: {budget: 20s, threads: 1}\ntracking: {kind: none}\n"


def loans(rows: int = 600, *, seed: int = 0) -> pl.DataFrame:
    """Applicants, with a target that three of the columns tell in part."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    income = np.round(rng.lognormal(10, 0.5, rows), 2)
    region = rng.choice(["north", "south", "east", "west"], rows)
    score = 0.05 * (age - 45) - 1.2 * (np.log(income) - 10) + 1.5 * (region == "north")
    late = rng.random(rows) < 1 / (1 + np.exp(-score))
    frame = pl.DataFrame(
        {
            "age": age,
            "income": income,
            "region": region,
            "hobby": rng.choice(["chess", "golf", "none"], rows),
            "late": np.where(late, "yes", "no"),
        }
    )
    missing = pl.int_range(rows) % 13 == 5
    return frame.with_columns(pl.when(missing).then(None).otherwise("income").alias("income"))


def write_recipe(folder: Path, text: str, *, name: str = "loans") -> Path:
    """A recipe in `folder` with the settings that keep tests quick."""
    path = folder / f"{name}.yaml"
    path.write_text(text + ("" if "model:" in text else TREES) + QUIET)
    return path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with a workspace in which `loans` was run; copy it before changing anything."""
    from trainwright.flow.run import run

    folder = tmp_path_factory.mktemp("finished")
    loans().write_csv(folder / "loans.csv")
    recipe = write_recipe(folder, "data: {source: loans.csv, target: late}\n")
    result = run(recipe, workspace=folder / "workspace")
    assert result.passed
    return folder, result.run


@pytest.fixture
def copied(finished: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    """The finished workspace, copied to where `trainwright` looks for one."""
    folder, run = finished
    shutil.copytree(folder / "workspace", tmp_path / "workspace")
    shutil.copy(folder / "loans.csv", tmp_path / "loans.csv")
    shutil.copy(folder / "loans.yaml", tmp_path / "loans.yaml")
    return tmp_path, run
