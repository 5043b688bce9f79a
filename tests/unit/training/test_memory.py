"""Batch size `auto`: halved until memory suffices, recorded, and without a trace in the numbers."""

from __future__ import annotations

import pytest
import torch

from training_case import digest, numbers, source, trainer
from trainwright.core.clock import Deadline, Replay
from trainwright.core.errors import TrainingError
from trainwright.training import assembly
from trainwright.training.memory import OutOfMemory, is_out_of_memory, largest_batch, unchanged
from trainwright.training.step import Update


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Collecting the garbage of a whole test process takes a second."""
    monkeypatch.setattr("trainwright.training.memory.gc.collect", lambda: 0)


def fits(limit: int, tried: list[int], error: Exception | None = None):
    def trial(size: int) -> None:
        tried.append(size)
        if size > limit:
            raise error or MemoryError

    return trial


def test_it_is_halved_until_it_fits():
    tried: list[int] = []
    assert largest_batch(fits(100, tried), num_samples=10**6) == 64
    assert tried == [1024, 512, 256, 128, 64]


def test_a_small_source_is_not_one_batch():
    assert largest_batch(fits(10**9, []), num_samples=700) == 32
    assert largest_batch(fits(10**9, []), num_samples=3) == 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_every_way_of_running_out_is_understood(error):
    assert largest_batch(fits(8, [], error), num_samples=10**6) == 8


def test_another_error_is_not_taken_for_memory():
    with pytest.raises(RuntimeError, match="shapes"):
        largest_batch(fits(8, [], RuntimeError("shapes differ")), num_samples=10**6)
    assert not is_out_of_memory(ValueError("out of memory"))


def test_when_nothing_fits_the_mend_is_named():
    with pytest.raises(TrainingError, match="activation_checkpointing: true") as caught:
        largest_batch(fits(0, []), num_samples=10**6)
    assert isinstance(caught.value.__cause__, OutOfMemory)


def test_unchanged_puts_values_back_in_place():
    tensor = torch.ones(3)
    with unchanged([tensor]):
        tensor.zero_()
    assert tensor.tolist() == [1.0, 1.0, 1.0]


def test_auto_trains_as_the_size_it_finds_and_records_it(monkeypatch):
    real = Update.rehearse

    def small(self, tensors, num_rows):
        if num_rows > 8:
            raise MemoryError
        real(self, tensors, num_rows)

    monkeypatch.setattr(Update, "rehearse", small)
    monkeypatch.setattr("trainwright.training.memory.LEAST_UPDATES", 1)
    clock = Deadline(1e9)
    auto = trainer(None, batch_size="auto", pacer=clock, train=source(0, 58))
    outcome = auto.fit()
    assert clock.decisions == {"batch-size": 8}
    said = trainer(None, batch_size=8)
    assert numbers(said.fit()) == numbers(outcome)
    assert digest(said._plan.model) == digest(auto._plan.model)
    monkeypatch.setattr(Update, "rehearse", lambda *_: pytest.fail("a replay tries nothing"))
    again = trainer(None, batch_size="auto", pacer=Replay(clock.decisions))
    assert numbers(again.fit()) == numbers(outcome)


def test_a_resume_keeps_the_size_that_was_found(tmp_path, monkeypatch):
    first = trainer(tmp_path, batch_size="auto", max_steps=9)
    first.fit()
    monkeypatch.setattr(assembly, "largest_batch", lambda *_, **__: pytest.fail("tried again"))
    assert trainer(tmp_path, batch_size="auto", max_steps=12).fit().progress.step == 12


def test_memory_that_runs_out_later_says_what_to_write(monkeypatch):
    def out(self, tensors, num_rows):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 10 bytes")

    monkeypatch.setattr(Update, "_backward", out)
    with pytest.raises(TrainingError, match="accumulate: 2") as caught:
        trainer(None).fit()
    assert caught.value.status == 6
    assert "batch_size: 12" in caught.value.where
