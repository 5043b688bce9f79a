"""Finished fits are recalled whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainwright.core.artifacts import CurvePoint
from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples, Features
from trainwright.core.protocols import Fit, Silent, Workplace
from trainwright.flow.checkpoints import Checkpoints, drop
from trainwright.models.tables.baseline import Baseline
from trainwright.recipe import Reads, parse_recipe
from trainwright.recipe.sections import TrainingSettings

SPEC = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, classes=("a", "b"))


def checkpoints_in(folder: Path, decisions: dict[str, int] | None = None) -> Checkpoints:
    return Checkpoints(
        folder / "c",
        {} if decisions is None else decisions,
        reads=Reads(parse_recipe({"data": {"source": "a", "target": "y"}})),
        progress=Silent(),
        record=lambda name, values: None,
    )


def fit() -> Fit:
    rows = Examples(Features(np.zeros((9, 1)), ("x",)), np.array([0.0, 0, 0, 0, 0, 0, 1, 1, 1]))
    return Baseline().fit(
        rows,
        None,
        target=SPEC,
        training=TrainingSettings(threads=1),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(Path()),
    )


def test_a_kept_fit_is_recalled_with_its_curve_and_its_decisions(tmp_path: Path):
    made = fit()
    made = Fit(made.estimator, 7, "budget", (CurvePoint(1, 0.5, None), CurvePoint(7, 0.4, 0.6)))
    checkpoints_in(tmp_path, {"fit/baseline/x": 7}).keep("baseline", made)
    decisions: dict[str, int] = {}
    again = checkpoints_in(tmp_path, decisions).recall("baseline")
    assert again is not None
    assert (again.iterations, again.stopped, again.curve) == (7, "budget", made.curve)
    assert decisions == {"fit/baseline/x": 7}
    rows = Features(np.zeros((2, 1)), ("x",))
    assert (again.estimator.predict(rows) == made.estimator.predict(rows)).all()


def test_what_was_not_kept_is_not_recalled(tmp_path: Path):
    assert checkpoints_in(tmp_path).recall("linear") is None


@pytest.mark.parametrize("name", ["fit.json", "manifest.json", "estimator"])
def test_a_damaged_checkpoint_is_fitted_anew_and_can_be_kept_again(tmp_path: Path, name: str):
    checkpoints = checkpoints_in(tmp_path)
    checkpoints.keep("baseline", fit())
    path = tmp_path / "c" / "baseline" / name
    victim = next(path.iterdir()) if path.is_dir() else path
    victim.write_bytes(victim.read_bytes()[:-3] + b"999")
    assert checkpoints.recall("baseline") is None
    checkpoints.keep("baseline", fit())
    assert checkpoints.recall("baseline") is not None


def test_nothing_is_left_after_drop(tmp_path: Path):
    checkpoints = checkpoints_in(tmp_path)
    checkpoints.keep("baseline", fit())
    drop(checkpoints._folder)
    assert list(tmp_path.iterdir()) == []


def test_a_history_in_which_a_value_burst_is_recalled_as_it_was(tmp_path: Path):
    record = {"step": 10, "epoch": 0, "loss": 0.5, "gradient_norm": float("inf")}
    made = Fit(fit().estimator, 7, "budget", history=(record,), best="the last step")
    checkpoints_in(tmp_path).keep("mlp", made)
    again = checkpoints_in(tmp_path).recall("mlp")
    assert again is not None
    assert (again.history, again.best) == ((record,), "the last step")
