"""A training that was broken off and goes on is the unbroken one, bit for bit, wherever it was broken off."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training_case import EPOCHS, STEPS, digest, numbers, trainer
from trainwright.core.errors import RecipeError
from trainwright.recipe.sections import Averaging, CheckpointSettings
from trainwright.training import Outcome, Trainer
from trainwright.training.averaging import AveragedWeights
from trainwright.training.best import BestWeights
from trainwright.training.checkpoints import Checkpoints, read
from trainwright.training.cpu_adamw import CpuAdamW
from trainwright.training.generators import Generators
from trainwright.training.objectives.categorical import CrossEntropy
from trainwright.training.schedules import _Plateau
from trainwright.training.step import Update

SELDOM = CheckpointSettings(every=1000)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> tuple[Path, str, Outcome]:
    """Checkpoints of every step, the final weights, the outcome."""
    folder = tmp_path_factory.mktemp("unbroken")
    whole = trainer(folder)
    outcome = whole.fit()
    return folder, digest(whole._plan.model), outcome


def resumed(checkpoint: Path, folder: Path, **settings) -> tuple[str, Outcome]:
    shutil.copytree(checkpoint, folder / checkpoint.name)
    other = trainer(folder, weights=1, checkpoints=SELDOM, **settings)
    outcome = other.fit()
    return digest(other._plan.model), outcome


def test_a_resume_from_any_of_50_steps_is_the_unbroken_run(unbroken, tmp_path):
    folder, weights, outcome = unbroken
    checkpoints = Checkpoints(folder).paths()
    steps = {read(path).progress.step for path in checkpoints}
    assert steps == set(range(1, STEPS + 1))
    for path in checkpoints:
        again, ending = resumed(path, tmp_path / path.name)
        assert again == weights, path.name
        assert numbers(ending) == numbers(outcome), path.name
        assert ending.best == outcome.best
        assert ending.progress == outcome.progress


@pytest.mark.parametrize("part", [Generators, AveragedWeights, _Plateau, Update, BestWeights])
def test_without_the_state_of_a_part_a_resume_is_another_run(unbroken, tmp_path, monkeypatch, part):
    folder, weights, outcome = unbroken
    monkeypatch.setattr(part, "load_state_dict", lambda self, state: None)
    again, ending = resumed(folder / "step-00000027", tmp_path)
    assert again != weights or numbers(ending) != numbers(outcome)


def test_without_the_optimisers_state_a_resume_is_another_run(unbroken, tmp_path, monkeypatch):
    folder, weights, _ = unbroken
    monkeypatch.setattr(CpuAdamW, "load_state_dict", lambda self, state: None)
    assert resumed(folder / "step-00000012", tmp_path)[0] != weights


def test_a_broken_evaluation_is_made_before_anything_else(unbroken, tmp_path):
    """At step 28 an evaluation is due; a checkpoint from within it says that none was made."""
    folder, weights, outcome = unbroken
    state = read(folder / "step-00000028")
    assert state.parts["validation"]["step"] == 28
    before = read(folder / "step-00000027")
    parts = {
        **state.parts,
        **{name: before.parts[name] for name in ("validation", "best", "schedule")},
    }
    stopper = next(name for name in parts if name.endswith("EarlyStopper"))
    parts[stopper] = before.parts[stopper]
    records = [r for r in state.parts["recorder"]["records"] if r[0] != 28]
    parts["recorder"] = {**state.parts["recorder"], "records": records}
    Checkpoints(tmp_path / "x").save(replace(state, parts=parts))
    other = trainer(tmp_path / "x", weights=1, checkpoints=SELDOM)
    ending = other.fit()
    assert digest(other._plan.model) == weights
    assert numbers(ending) == numbers(outcome)


def test_a_finished_training_is_not_trained_again(unbroken, tmp_path):
    folder, weights, outcome = unbroken
    last = Checkpoints(folder).paths()[-1]
    again, ending = resumed(last, tmp_path)
    assert (again, ending.progress.step) == (weights, STEPS)
    assert [path.name for path in Checkpoints(tmp_path).paths()] == [last.name]
    assert (ending.step, ending.reason) == (outcome.step, outcome.reason)


def test_checkpoints_by_a_thread_or_in_line_or_none_give_the_same_numbers(unbroken, tmp_path):
    _, weights, outcome = unbroken
    for settings in (
        {"folder": None},
        {"folder": tmp_path / "a", "checkpoints": CheckpointSettings(every=2)},
        {"folder": tmp_path / "b", "checkpoints": CheckpointSettings()},
    ):
        other = trainer(**settings)
        ending = other.fit()
        assert digest(other._plan.model) == weights
        assert numbers(ending) == numbers(outcome)


@pytest.mark.parametrize(
    "settings",
    [
        {"evaluate_every": None, "averaging": Averaging(kind="swa", start=0.3)},
        {"evaluate_every": None, "averaging": None, "accumulate": 3, "clip_norm": 0.5},
        {"averaging": None, "precision": "bf16", "restore_best": False},
        {"averaging": None, "precision": "fp16", "activation_checkpointing": True},
        {"validation": None, "early_stopping": None, "max_steps": 33},
    ],
)
def test_other_settings_resume_exactly_too(tmp_path, settings):
    whole = trainer(tmp_path / "whole", **settings)
    outcome = whole.fit()
    for path in Checkpoints(tmp_path / "whole").paths()[4:40:9]:
        again, ending = resumed(path, tmp_path / path.name, **settings)
        assert again == digest(whole._plan.model), path.name
        assert numbers(ending) == numbers(outcome), path.name


def test_more_epochs_go_on_from_the_end(unbroken, tmp_path):
    folder, _, _ = unbroken
    last = Checkpoints(folder).paths()[-1]
    _, ending = resumed(last, tmp_path, epochs=EPOCHS + 2)
    assert (ending.progress.step, ending.progress.epoch) == (STEPS + 10, EPOCHS + 2)


def test_a_checkpoint_of_another_training_is_refused_with_what_differs(unbroken, tmp_path):
    folder, _, _ = unbroken
    with pytest.raises(RecipeError, match=r"batch_size 12 -> 10[\s\S]*another folder"):
        resumed(folder / "step-00000005", tmp_path, batch_size=10)


def test_another_setting_of_the_objective_is_another_training(unbroken, tmp_path):
    shutil.copytree(unbroken[0] / "step-00000005", tmp_path / "step-00000005")
    other = trainer(tmp_path)
    other._plan = replace(other._plan, objective=CrossEntropy(label_smoothing=0.25))
    with pytest.raises(RecipeError, match=r"objective\.label_smoothing 0\.0 -> 0\.25"):
        other.fit()


def test_one_training_does_not_move_generators_outside(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trainer(None).fit()
    assert torch.equal(torch.rand(3), expected)


def test_two_runs_of_one_seed_are_equal_and_of_two_seeds_are_not():
    def weights(seed: int) -> str:
        one: Trainer = trainer(None, seed=seed)
        one.fit()
        return digest(one._plan.model)

    assert weights(3) == weights(3) != weights(4)
