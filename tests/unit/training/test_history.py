"""The history has a record every so many steps, with what was asked for, and shows what is not a number."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from training_case import trainer
from trainwright.training.history import Recorder
from trainwright.training.protocols import Evaluated, Progress, StepResult

ALL = {"loss", "learning_rate", "gradient_norm", "parameter_norm", "memory_bytes"}


def result(loss: float, **parts: float) -> StepResult:
    means = {name: torch.tensor(value) for name, value in parts.items()}
    return StepResult(
        torch.tensor(loss), means, torch.tensor(2.0), torch.tensor(True), 0.1, np.arange(4), 4
    )


class Clock:
    now = 0.0

    def __call__(self) -> float:
        self.now += 2.0
        return self.now


def recorder(every: int = 2) -> Recorder:
    return Recorder([torch.tensor([3.0, 4.0])], every=every, now=Clock())


def after(one: Recorder, results: list[StepResult], first: int = 1) -> None:
    for step, each in enumerate(results, start=first):
        one.after_step(Progress(step=step, samples=4 * step), each)


def test_a_record_holds_the_mean_loss_since_the_last_one_and_the_steps_own_norms():
    one = recorder()
    after(one, [result(1.0), result(2.0), result(5.0), result(6.0)])
    first, second = one.records
    assert (first.step, second.step) == (2, 4)
    assert set(first.values) == ALL
    assert set(second.values) == ALL | {"samples_per_second"}
    assert (first.values["loss"], second.values["loss"]) == (1.5, 5.5)
    assert second.values["parameter_norm"] == 5.0
    assert second.values["gradient_norm"] == 2.0
    assert second.values["learning_rate"] == 0.1
    assert second.values["samples_per_second"] == 4.0
    assert second.values["memory_bytes"] > 1e6


def test_parts_have_records_of_their_own_where_there_are_several():
    one = recorder(1)
    after(one, [result(3.0, a=1.0, b=2.0)])
    assert (one.records[0].values["loss_a"], one.records[0].values["loss_b"]) == (1.0, 2.0)
    one.after_evaluation(Progress(step=1), Evaluated(0.5, {"a": 0.2, "b": 0.3}))
    assert one.records[1].values == {
        "validation_loss": 0.5,
        "validation_loss_a": 0.2,
        "validation_loss_b": 0.3,
    }


def test_what_is_not_a_number_is_shown_as_it_is():
    one = recorder()
    after(one, [result(1.0), result(math.nan)])
    assert math.isnan(one.records[0].values["loss"])


def test_nothing_is_read_from_the_device_between_records(monkeypatch):
    reads = []
    for name in ("item", "tolist", "__bool__", "__float__"):
        real = getattr(torch.Tensor, name)

        def counted(self, *arguments, real=real, name=name):
            reads.append(name)
            return real(self, *arguments)

        monkeypatch.setattr(torch.Tensor, name, counted)
    one = recorder(10)
    after(one, [result(1.0)] * 9)
    assert not reads
    after(one, [result(1.0)], first=10)
    assert reads


def test_the_state_in_the_middle_of_a_window_loses_nothing():
    whole, broken = recorder(3), recorder(3)
    results = [result(1.0), result(2.0), result(6.0)]
    after(whole, results)
    after(broken, results[:2])
    other = recorder(3)
    other.load_state_dict(broken.state_dict())
    after(other, results[2:], first=3)
    assert other.records[0].values == pytest.approx(whole.records[0].values, rel=0.5)
    assert other.records[0].values["loss"] == whole.records[0].values["loss"] == 3.0


def test_the_last_steps_are_recorded_when_training_ends():
    outcome = trainer(None, log_every=7).fit()
    assert [r.step for r in outcome.history if "loss" in r.values][-2:] == [49, 50]
