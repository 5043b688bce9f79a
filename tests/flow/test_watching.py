"""A network's run leaves its curves where people look for them: the folder, the report, TensorBoard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from trainwright.core.errors import EnvironmentFault
from trainwright.flow.run import run
from trainwright.runs.history import History

RECIPE = """
data: {source: table.csv, target: late}
model: {family: mlp}
training: {budget: 60s, threads: 1, epochs: 3, log_every: 2}
tracking: {kind: none, tensorboard: true}
"""


class Screen:
    def __init__(self) -> None:
        self.notes: list[str] = []

    def stage(self, name: str) -> None: ...

    def advance(self, done: float, total: float, note: str = "") -> None:
        self.notes.append(note)


def written(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    age, income = rng.integers(18, 80, 200), rng.lognormal(10, 0.5, 200)
    late = np.where(rng.random(200) < 1 / (1 + np.exp(0.1 * (45 - age))), "yes", "no")
    pl.DataFrame({"age": age, "income": income, "late": late}).write_csv(folder / "table.csv")
    recipe = folder / "table.yaml"
    recipe.write_text(RECIPE)
    return recipe


def test_the_curves_of_a_run_are_everywhere_the_same(tmp_path):
    screen = Screen()
    result = run(written(tmp_path), workspace=tmp_path / "workspace", progress=screen)
    records = History(result.run_dir / "history.jsonl").read()["mlp"]
    losses = [(one["step"], one["loss"]) for one in records if "loss" in one]
    assert len(losses) >= 3
    assert sum("validation_loss" in one for one in records) == 3
    events = EventAccumulator(str(result.run_dir / "tensorboard")).Reload()
    shown = [(event.step, event.value) for event in events.Scalars("mlp/loss")]
    assert [step for step, _ in shown] == [step for step, _ in losses]
    assert [value for _, value in shown] == pytest.approx([value for _, value in losses], rel=1e-6)
    page = (result.run_dir / "report.html").read_text()
    assert "How the networks learned" in page
    best = next(row for row in result.candidates if row["name"] == "mlp")
    assert f"weights of step {best['iterations']}" in page
    assert any("loss " in note and "lr " in note for note in screen.notes)


def test_without_the_extra_a_run_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("trainwright.core.extras.find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match=r"trainwright\[tensorboard\]"):
        run(written(tmp_path), workspace=tmp_path / "workspace")
    assert not (tmp_path / "workspace" / "runs").exists()
