"""`training.budget` bounds everything after the snapshot, and leaves a usable package."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.clock import Deadline
from trainwright.flow.fitting import fit_candidates
from trainwright.flow.reproduction import reproduce
from trainwright.flow.run import run
from trainwright.flow.session import Session

TOLERANCE_SECONDS = 3.0
RECIPE = """
data: {source: table.csv, target: kind}
training: {threads: 2}
tracking: {kind: none}
"""


def table(rows: int, *, num_classes: int) -> pl.DataFrame:
    """Several classes and noise: boosting never stops early here of itself."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(rows, 12))
    scores = x[:, :num_classes] + 0.5 * np.roll(x, 3, axis=1)[:, :num_classes] ** 2
    kind = np.argmax(scores + generator.gumbel(size=scores.shape), axis=1)
    frame = pl.DataFrame({f"x{number}": column for number, column in enumerate(x.T)})
    place = pl.Series("place", generator.integers(0, 300, rows)).cast(pl.String)
    return frame.with_columns(
        pl.format("p{}", place).alias("place"), pl.format("k{}", kind).alias("kind")
    )


@pytest.mark.slow
@pytest.mark.parametrize("budget", [3, 5])
def test_a_run_keeps_a_short_budget_and_can_be_reproduced(budget, tmp_path: Path):
    table(30_000, num_classes=6).write_csv(tmp_path / "table.csv")
    recipe = tmp_path / "table.yaml"
    recipe.write_text(RECIPE)
    workspace = tmp_path / "workspace"
    Session.open(recipe, workspace=workspace).prepare()  # kept: the run below finds its snapshot
    import_module("lightgbm")  # loading it takes what it takes: seconds on a busy machine
    started, worked = time.monotonic(), time.process_time()
    result = run(recipe, workspace=workspace, overrides=[f"training.budget={budget}s"])
    taken, worked = time.monotonic() - started, time.process_time() - worked
    shared = max(
        1.0, taken / worked
    )  # a busy machine stretches what comes after the clock's last word
    assert taken < budget + TOLERANCE_SECONDS * shared
    assert "budget" in {candidate["stopped"] for candidate in result.candidates}
    assert result.model["verdict"] == "signal"
    assert result.champion
    assert reproduce(result.run, workspace=workspace).equal


def test_candidates_that_there_was_no_time_for_are_told(tmp_path: Path, monkeypatch):
    def only_the_first(bench, families, **others):
        yield from fit_candidates(bench, families[:1], **others)

    monkeypatch.setattr("trainwright.flow.selection.fit_candidates", only_the_first)
    table(60, num_classes=2).write_csv(tmp_path / "table.csv")
    recipe = tmp_path / "table.yaml"
    recipe.write_text(RECIPE + "model: {families: [baseline, linear, lightgbm]}\n")
    result = run(recipe, workspace=tmp_path / "workspace")
    assert any("no time for lightgbm, linear" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("more", "least", "most"),
    [
        ("model: {family: linear}\n", 0.64, 0.665),
        ("model: {family: linear}\nevaluation: {cross_validation: 2}\n", 0.26, 0.28),
        ("model: {families: [linear, lightgbm]}\n", 0.05, 0.54),
    ],
    ids=["lone", "with folds", "one of two"],
)
def test_a_lone_candidate_has_the_time_that_others_or_folds_would_have_had(
    more: str, least: float, most: float, tmp_path: Path, monkeypatch
):
    whole, had = Deadline.share, {}

    def share(self: Deadline, part: str, fraction: float) -> Deadline:
        found = whole(self, part, fraction)
        had.setdefault(part, found.seconds_left)
        return found

    monkeypatch.setattr(Deadline, "share", share)
    table(80, num_classes=2).write_csv(tmp_path / "table.csv")
    recipe = tmp_path / "table.yaml"
    recipe.write_text(RECIPE + more)
    run(recipe, workspace=tmp_path / "workspace", overrides=["training.budget=1000s"])
    assert least < had["linear"] / 1000 < most
