"""Saving is rare enough not to cost, and what fails in the thread comes up within one step."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
import torch

from training_case import trainer
from trainwright.core.errors import EnvironmentFault
from trainwright.recipe.sections import CheckpointSettings
from trainwright.training.checkpoints import Checkpoints, read
from trainwright.training.protocols import Evaluated, Progress
from trainwright.training.saving import SLOW_DISK, Saver
from trainwright.training.state import TrainingState


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Store:
    """Stands in for checkpoints; a save takes `seconds` on the clock."""

    def __init__(self, clock: Clock, seconds: float = 0.0) -> None:
        self.clock, self.seconds, self.saved = clock, seconds, []

    def save(self, state: TrainingState) -> None:
        self.clock.now += self.seconds
        self.saved.append(state.progress.step)


def saver(store: Store, **settings) -> Saver:
    settings = {"asynchronous": False, **settings}

    def capture(progress: Progress) -> TrainingState:
        return TrainingState(progress, {}, None, {})

    return Saver(store, CheckpointSettings(**settings), capture, now=store.clock)


def walk(one: Saver, store: Store, steps: int, *, evaluate_every: int, step_seconds: float):
    for step in range(1, steps + 1):
        store.clock.now += step_seconds
        progress = Progress(step=step)
        one.after_step(progress, None)
        if step % evaluate_every == 0:
            one.after_evaluation(progress, Evaluated(0.0))
        one.save_if_due(progress)


def test_said_intervals_are_kept_to():
    store = Store(Clock())
    walk(saver(store, every=3), store, 10, evaluate_every=2, step_seconds=1)
    assert store.saved == [3, 6, 9]


def test_by_itself_it_saves_after_evaluations_and_after_a_minute():
    store = Store(Clock())
    walk(saver(store), store, 100, evaluate_every=90, step_seconds=1)
    assert store.saved == [60, 90]


def test_by_itself_it_takes_at_most_a_twentieth_of_the_time():
    store = Store(Clock(), seconds=1.0)
    walk(saver(store), store, 1000, evaluate_every=1, step_seconds=0.1)
    assert 3 <= len(store.saved) <= 6  # 100 s of training


def test_between_batches_the_moment_behind_is_saved_and_never_the_first():
    store = Store(Clock())
    one = saver(store, every=1)
    for step, batch in enumerate(one.between("abc"), start=1):
        assert store.saved == list(range(1, step))
        one.after_step(Progress(step=step), None)
        assert batch in "abc"
    assert store.saved == [1, 2]


def state_of(progress: Progress, *, floats: int = 250) -> TrainingState:
    return TrainingState(progress, {}, None, {"model": {"weight": torch.zeros(floats)}})


def test_a_save_is_not_begun_where_the_slowest_one_so_far_took_longer_than_what_is_left():
    store = Store(Clock(), seconds=4.0)
    one = Saver(store, CheckpointSettings(every=1), state_of, now=store.clock)
    one.finish(Progress(step=1))
    store.seconds = 1.0
    one.finish(Progress(step=2))
    assert one.finish(Progress(step=3), seconds_left=lambda: 3.9) == 4.0
    assert (store.saved, one.saved_step) == ([1, 2], 2)
    assert one.finish(Progress(step=3), seconds_left=lambda: 4.0) == 0.0
    assert (store.saved, one.saved_step) == ([1, 2, 3], 3)


def test_a_larger_state_is_expected_to_take_longer_by_its_bytes():
    store, floats = Store(Clock(), seconds=4.0), [250]

    def capture(progress: Progress) -> TrainingState:
        return state_of(progress, floats=floats[0])

    one = Saver(store, CheckpointSettings(every=1), capture, now=store.clock)
    one.finish(Progress(step=1))
    floats[0] = 500
    assert one.finish(Progress(step=2), seconds_left=lambda: 7.0) == 8.0


def test_a_save_that_was_never_measured_is_taken_for_that_of_a_slow_disk():
    store = Store(Clock())
    one = Saver(store, CheckpointSettings(every=1), state_of, now=store.clock)
    expected = 1000 / SLOW_DISK
    assert one.finish(Progress(step=1), seconds_left=lambda: expected / 2) == expected
    assert (store.saved, one.saved_step) == ([], 0)


def test_what_is_left_is_asked_when_the_save_under_way_is_through():
    store, order = Store(Clock()), []
    one = Saver(store, CheckpointSettings(every=1), state_of, now=store.clock)
    real, begun = store.save, threading.Event()

    def save(state: TrainingState) -> None:
        begun.wait(5)
        order.append("saved")
        real(state)

    def left() -> float:
        order.append("asked")
        return 0.0

    store.save = save
    one.save_if_due(Progress(step=1))
    begun.set()
    store.seconds = 1.0
    one.finish(Progress(step=2), seconds_left=left)
    assert order == ["saved", "asked"]


def test_a_failing_thread_ends_training_within_one_step(tmp_path, monkeypatch):
    """The disk refuses the third checkpoint; the two before it stay."""
    real, calls, failed, seen = Checkpoints.save, [], threading.Event(), []

    def save(self, state):
        calls.append(state.progress.step)
        if len(calls) == 3:
            failed.set()
            raise EnvironmentFault("no space left", where=str(tmp_path), mend="make room")
        return real(self, state)

    class Watch:
        def after_step(self, progress, result):
            seen.append(progress.step)
            if len(calls) == 3:
                failed.wait(5)
            return None

        def after_evaluation(self, progress, evaluated):
            return None

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    monkeypatch.setattr(Checkpoints, "save", save)
    one = trainer(
        tmp_path, observers=(Watch(),), checkpoints=CheckpointSettings(every=4, keep_last=9)
    )
    with pytest.raises(EnvironmentFault, match="make room"):
        one.fit()
    assert calls == [4, 8, 12]
    assert seen[-1] <= 14
    assert [read(path).progress.step for path in Checkpoints(tmp_path).paths()] == [4, 8]


@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_full_disk_ends_training_and_the_checkpoint_before_it_goes_on(
    tmp_path, monkeypatch, asynchronous
):
    settings = CheckpointSettings(every=10, asynchronous=asynchronous)
    with monkeypatch.context() as patch:
        real, calls = os.fsync, []

        def full(handle):
            calls.append(1)
            if len(calls) > 8:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(handle)

        patch.setattr(os, "fsync", full)
        with pytest.raises(EnvironmentFault, match="MB are free there"):
            trainer(tmp_path, checkpoints=settings).fit()
    assert [path.name for path in Checkpoints(tmp_path).paths()] == ["step-00000010"]
    assert not list(tmp_path.glob(".*tmp*"))
    assert trainer(tmp_path, checkpoints=settings).fit().progress.step == 50


def test_a_second_process_is_refused_and_names_the_first(tmp_path):
    from trainwright.training.trainer import held

    with (
        held(tmp_path),
        pytest.raises(EnvironmentFault, match=rf"pid {os.getpid()}"),
    ):
        trainer(tmp_path).fit()


def test_a_folder_that_cannot_be_written_is_told_before_any_step(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EnvironmentFault, match="move away what stands there"):
        trainer(Path(file)).fit()


def test_half_written_ones_of_a_killed_process_are_gone_at_the_next_start(tmp_path):
    litter = tmp_path / ".step-00000001.tmp-abc"
    litter.mkdir(parents=True)
    (litter / "weights.safetensors").touch()
    trainer(tmp_path, max_steps=5).fit()
    assert not litter.exists()
