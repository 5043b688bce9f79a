"""Training that leaves the numbers stops, names step and rows, and keeps the batch and what was good."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from training_case import trainer
from trainwright.core.durable import read_json
from trainwright.core.errors import TrainingError
from trainwright.recipe import parse_recipe
from trainwright.training.checkpoints import Checkpoints, read
from trainwright.training.feeding.sources import ArraySource
from trainwright.training.guard import Guard, rows_not_finite
from trainwright.training.optimizers import SGD, AdamW
from trainwright.training.protocols import Progress, StepResult

ROW = 47  # in the third batch of the first epoch


def poisoned_source(row: int) -> ArraySource:
    inputs = np.random.default_rng(0).normal(size=(58, 4)).astype(np.float32)
    target = (inputs[:, 0] > 0).astype(np.int64)
    inputs[row, 2] = np.nan
    return ArraySource(inputs=inputs, target=target)


def test_a_poisoned_row_is_named_and_its_batch_kept_and_the_last_good_checkpoint_stays(tmp_path):
    one = trainer(tmp_path, train=poisoned_source(ROW))
    with pytest.raises(TrainingError, match=r"the loss is nan; 1 of the 12 rows") as caught:
        one.fit()
    assert caught.value.status == 6
    rows = read_json(tmp_path / "poisoned" / "rows.json")
    step = rows["step"]
    assert f"step {step}, epoch 0: row {ROW}; kept in {tmp_path}" in caught.value.where
    assert ROW in rows["rows"]
    batch = load_file(tmp_path / "poisoned" / "batch.safetensors")
    assert torch.isnan(batch["inputs"][rows["rows"].index(ROW), 2])
    (newest,) = Checkpoints(tmp_path).paths()[-1:]
    state = read(newest)
    assert state.progress.step == step - 1
    assert all(torch.isfinite(tensor).all() for tensor in state.parts["model"].values())
    assert all(torch.isfinite(parameter).all() for parameter in one._plan.model.parameters())


def test_the_history_shows_what_is_not_a_number(tmp_path):
    one = trainer(tmp_path, train=poisoned_source(ROW))
    with pytest.raises(TrainingError):
        one.fit()
    assert math.isnan(one.history[-1].values["loss"])
    kept = json.loads((tmp_path / "poisoned" / "history.json").read_text())
    assert kept[-1]["values"]["loss"] == {"$number": "nan"}


def test_the_same_command_again_stops_at_the_same_row(tmp_path):
    for _ in range(2):
        with pytest.raises(TrainingError, match="the loss is nan") as caught:
            trainer(tmp_path, train=poisoned_source(ROW)).fit()
    assert f"row {ROW}" in caught.value.where


def test_a_rate_that_explodes_names_a_lower_one():
    one = trainer(None, optimizer=AdamW(learning_rate=1e30), schedule=None, averaging=None)
    with pytest.raises(TrainingError, match=r"learning_rate: 0\.001") as caught:
        one.fit()
    assert "rows " in caught.value.where


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_the_proposal_can_be_pasted_and_is_none_that_is_followed_already(clip_norm):
    rate = {"optimizer": SGD(learning_rate=1e30), "schedule": None, "averaging": None}
    with pytest.raises(TrainingError) as caught:
        trainer(None, **rate, clip_norm=clip_norm).fit()
    first, *others = caught.value.mend.split(", or ")
    assert parse_recipe({"data": {"source": "a.csv", "target": "y"}, **yaml.safe_load(first)})
    assert yaml.safe_load(first)["training"]["optimizer"]["kind"] == "sgd"
    assert others == ([] if clip_norm else ["training: {clip_norm: 1.0}"])


def test_rows_are_named_by_their_source():
    one = trainer(None, train=poisoned_source(3), describe_rows=lambda rows: f"file.csv:{rows[0]}")
    with pytest.raises(TrainingError) as caught:
        one.fit()
    assert caught.value.where.endswith("file.csv:3")


def test_elsewhere_than_on_the_cpu_the_flags_of_several_steps_are_read_together():
    read_at, remade = [], []

    class Flag:
        def __init__(self, step: int) -> None:
            self.step = step

    def result(step: int) -> StepResult:
        flag = torch.tensor(step != 2)
        return StepResult(
            torch.tensor(math.nan if step == 2 else 0.5), {}, None, flag, 0.1, np.array([step]), 1
        )

    guard = Guard(
        every=4,
        remake=lambda progress, result: remade.append(progress.step) or {},
        history=lambda progress: read_at.append(progress.step) or [],
    )
    for step in (1, 2, 3):
        guard.after_step(Progress(step=step), result(step))
    assert not remade
    with pytest.raises(TrainingError, match=r"at step 2") as caught:
        guard.after_step(Progress(step=4), result(4))
    assert "row 2" in caught.value.where
    assert remade == read_at == [2]


def test_before_a_checkpoint_all_flags_are_read():
    guard = Guard(every=10, remake=lambda *_: {}, history=lambda _: [])
    bad = StepResult(torch.tensor(math.inf), {}, None, torch.tensor(False), 0.1, np.array([7]), 1)
    guard.after_step(Progress(step=1), bad)
    with pytest.raises(TrainingError, match="the loss is inf"):
        guard.state_dict()


def test_rows_with_numbers_that_are_none_are_found_in_every_tensor():
    batch = {
        "a": torch.tensor([[1.0, math.inf], [1.0, 1.0], [0.0, 0.0]]),
        "b": torch.tensor([1.0, 1.0, math.nan]),
        "c": torch.tensor([1, 2, 3]),
    }
    assert rows_not_finite(batch) == [0, 2]
