"""A student learns from a packaged teacher, of the same snapshot alone, and is not compared by folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.runs.folder import RunFolder

TEACHER = """
name: teacher
data: {source: moons.csv, target: side}
model: {family: linear}
training: {budget: 60s, threads: 1}
tracking: {kind: none}
"""
STUDENT = """
name: student
data: {source: moons.csv, target: side}
model: {family: mlp, hidden: 8, layers: 1, frequencies: 0}
training: {budget: 60s, threads: 1, epochs: 4, distillation: {teacher: teacher@champion}}
tracking: {kind: none}
"""


@pytest.fixture
def folder(tmp_path, trainwright):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)).round(4)
    side = np.where(x[:, 0] + 0.5 * x[:, 1] > 0, "left", "right")
    pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "side": side}).write_csv(tmp_path / "moons.csv")
    (tmp_path / "teacher.yaml").write_text(TEACHER)
    (tmp_path / "student.yaml").write_text(STUDENT)
    assert trainwright("run", tmp_path / "teacher.yaml")[0] == 0
    return tmp_path


def test_a_student_learns_from_its_teacher_and_again_from_the_same_one(folder, trainwright):
    status, result = trainwright("run", folder / "student.yaml")
    assert status == 0
    # 30 validation rows are few, and yet: the teacher has learnt from the rows of every fold
    assert result["cross_validation"] is None
    events = RunFolder(Path(result["run_dir"])).events()
    assert [event["kind"] for event in events].count("teacher") == 1
    assert trainwright("run", folder / "teacher.yaml", "--new")[0] == 0  # the alias moves on
    assert trainwright("reproduce", result["run"])[1]["equal"]

    status, alone = trainwright(
        "run", folder / "student.yaml", "--set", "training.distillation=null"
    )
    assert status == 0
    losses = [
        {row["name"]: row["loss"] for row in one["candidates"]}["mlp"] for one in (result, alone)
    ]
    assert losses[0] != losses[1]


def test_a_teacher_that_other_rows_taught_is_refused(folder, trainwright):
    status, refusal = trainwright("run", folder / "student.yaml", "--set", "data.split.seed=1")
    assert status == 2
    assert "other rows" in refusal["error"]["what"]


def test_a_student_of_numbers_is_refused(folder, trainwright):
    status, refusal = trainwright("run", folder / "student.yaml", "--set", "data.target=a")
    assert status == 2
    assert refusal["error"]["where"] == "training.distillation"
