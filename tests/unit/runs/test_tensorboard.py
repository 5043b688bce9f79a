"""TensorBoard's own reader reads back what was written."""

from __future__ import annotations

import math

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from trainwright.core.errors import EnvironmentFault
from trainwright.runs.folder import RunFolder
from trainwright.runs.history import History
from trainwright.runs.tensorboard import write_events


@pytest.fixture
def run(tmp_path):
    with History(tmp_path / "history.jsonl") as history:
        for step in range(10, 130, 10):
            history.append(
                "mlp", {"step": step, "epoch": 0, "loss": 1 / step, "learning_rate": 3e-4}
            )
        history.append("mlp", {"step": 120, "epoch": 1, "validation_loss": 0.25})
        history.append("tabm", {"step": 10, "epoch": 0, "loss": math.nan})
    return RunFolder(tmp_path)


def read(run):
    found = EventAccumulator(str(run.tensorboard), size_guidance={"scalars": 0}).Reload()
    return {
        tag: [(event.step, event.value) for event in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }


def test_every_recorded_value_is_there_at_its_step(run):
    assert write_events(run)
    found = read(run)
    assert set(found) == {"mlp/loss", "mlp/learning_rate", "mlp/validation_loss", "tabm/loss"}
    assert [step for step, _ in found["mlp/loss"]] == list(range(10, 130, 10))
    for step, value in found["mlp/loss"]:
        assert value == pytest.approx(1 / step, rel=1e-6)  # float32
    assert found["mlp/validation_loss"] == [(120, 0.25)]


def test_a_loss_that_burst_is_there_as_such_and_without_a_word(run, capfd):
    write_events(run)
    [(step, value)] = read(run)["tabm/loss"]
    assert step == 10
    assert math.isnan(value)
    assert capfd.readouterr().err == ""


def test_writing_again_leaves_one_curve(run):
    write_events(run)
    with History(run.history) as history:
        history.append("mlp", {"step": 100, "epoch": 0, "loss": 0.5})
    write_events(run)
    assert read(run)["mlp/loss"][-1] == (100, 0.5)
    assert len(read(run)["mlp/loss"]) == 10
    assert len(list(run.tensorboard.iterdir())) == 1


def test_a_long_curve_is_thinned_and_its_ends_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("trainwright.runs.tensorboard.LIMIT_POINTS", 100)
    run = RunFolder(tmp_path)
    with History(run.history) as history:
        for step in range(1, 1_001):
            history.append("mlp", {"step": step, "epoch": 0, "loss": 1.0})
        history.append("mlp", {"step": 777_777, "epoch": 1, "validation_loss": 0.25})
    write_events(run)
    steps = [step for step, _ in read(run)["mlp/loss"]]
    assert len(steps) == 100
    assert (steps[0], steps[-1]) == (1, 1_000)
    assert read(run)["mlp/validation_loss"] == [(777_777, 0.25)]


def test_a_run_without_a_history_gets_no_folder(tmp_path):
    assert not write_events(RunFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_where_the_extra_is_missing_it_is_named(run, monkeypatch):
    monkeypatch.setattr("trainwright.core.extras.find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match=r"trainwright\[tensorboard\]"):
        write_events(run)
