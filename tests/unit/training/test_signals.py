"""A signal ends training after the update that is under way; everything so far is kept and goes on."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from training_case import STEPS, digest, numbers, source, trainer
from trainwright.core import durable
from trainwright.core.errors import Interrupted
from trainwright.recipe.sections import CheckpointSettings
from trainwright.training import evaluation, step
from trainwright.training.checkpoints import Checkpoints, read
from trainwright.training.signals import SignalFlag, deferred_signals

SELDOM = CheckpointSettings(every=1000)


class AtBatch:
    """A source that sends a signal while it makes its batch number `number`, after `wait`."""

    def __init__(self, inner, number: int, which: int, wait=lambda: None) -> None:
        self._inner, self._number, self._which, self._made = inner, number, which, 0
        self._wait = wait

    def __len__(self) -> int:
        return len(self._inner)

    def batch(self, rows, *, epoch, training):
        self._made += 1
        if self._made == self._number:
            self._wait()
            os.kill(os.getpid(), self._which)
        return self._inner.batch(rows, epoch=epoch, training=training)


@pytest.fixture
def whole():
    one = trainer(None)
    outcome = one.fit()
    return digest(one._plan.model), numbers(outcome)


def broken_and_resumed(folder, **settings) -> tuple[int, str, list]:
    """The step at which the signal left it, the final weights, the history."""
    one = trainer(folder, checkpoints=SELDOM, **settings)
    with pytest.raises(Interrupted, match=r"stopped by SIG[\s\S]*run the same command again"):
        one.fit()
    (path,) = Checkpoints(folder).paths()
    other = trainer(folder, weights=1, checkpoints=SELDOM)
    outcome = other.fit()
    return read(path).progress.step, digest(other._plan.model), numbers(outcome)


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_data_are_loaded_saves_after_that_update(tmp_path, whole, which):
    found = broken_and_resumed(tmp_path, train=AtBatch(source(), 17, which))
    assert found == (17, *whole)


def test_a_signal_within_an_update_lets_it_finish(tmp_path, whole, monkeypatch):
    real, calls = step.Update._backward, []

    def signalled(self, tensors, num_rows):
        calls.append(1)
        if len(calls) == 15:  # the last update of an epoch
            os.kill(os.getpid(), signal.SIGTERM)
        return real(self, tensors, num_rows)

    with monkeypatch.context() as patch:
        patch.setattr(step.Update, "_backward", signalled)
        one = trainer(tmp_path, checkpoints=SELDOM)
        with pytest.raises(Interrupted):
            one.fit()
    (path,) = Checkpoints(tmp_path).paths()
    assert read(path).progress.step == 15
    other = trainer(tmp_path, weights=1, checkpoints=SELDOM)
    outcome = other.fit()
    assert (digest(other._plan.model), numbers(outcome)) == whole


def test_a_signal_within_an_evaluation_breaks_it_off_and_it_is_made_again(tmp_path, whole):
    found = broken_and_resumed(tmp_path, validation=AtBatch(source(1, 20), 5, signal.SIGTERM))
    assert found == (12, *whole)


def test_a_signal_within_the_last_evaluation_is_kept_too(tmp_path, whole):
    evaluations = len([step for step, _, values in whole[1] if "validation_loss" in values])
    batches = 2 * evaluations  # each has two
    found = broken_and_resumed(tmp_path, validation=AtBatch(source(1, 20), batches, signal.SIGTERM))
    assert found == (STEPS, *whole)


def test_signals_within_a_save_let_it_finish(tmp_path, whole, monkeypatch):
    real, calls = Checkpoints.save, []

    def signalled(self, state):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, state)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", signalled)
        with pytest.raises(Interrupted, match="stopped by SIG"):
            trainer(tmp_path, checkpoints=CheckpointSettings(every=4, keep_last=9)).fit()
    other = trainer(tmp_path, weights=1, checkpoints=SELDOM)
    outcome = other.fit()
    assert (digest(other._plan.model), numbers(outcome)) == whole


def test_a_signal_before_the_first_update_is_kept(tmp_path, whole):
    step, *rest = broken_and_resumed(tmp_path, train=AtBatch(source(), 1, signal.SIGTERM))
    assert (step, *rest) == (1, *whole)


def test_a_signal_without_a_folder_still_ends_training_and_says_that_nothing_is_kept():
    with pytest.raises(Interrupted, match=r"nothing is kept[\s\S]*folder=Path"):
        trainer(None, train=AtBatch(source(), 3, signal.SIGTERM)).fit()


def test_who_handled_signals_before_does_so_afterwards(tmp_path):
    def mine(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, mine)
    try:
        trainer(None, max_steps=5).fit()
        assert signal.getsignal(signal.SIGTERM) is mine
        with pytest.raises(Interrupted):
            trainer(None, train=AtBatch(source(), 3, signal.SIGTERM)).fit()
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


class SlowDisk:
    """A clock that each flush of a checkpoint moves on by some seconds."""

    def __init__(self, monkeypatch, seconds: float) -> None:
        self.now = 0.0
        self._flushed = threading.Semaphore(0)
        flush = durable.flush_tree

        def slow(folder):
            self.now += seconds
            flush(folder)
            self._flushed.release()

        monkeypatch.setattr(durable, "flush_tree", slow)
        defaults = deferred_signals.__wrapped__.__kwdefaults__
        monkeypatch.setitem(defaults, "now", lambda: self.now)

    def wait_for(self, saves: int) -> None:
        """Until so many are on the disk, whoever writes them."""
        for _ in range(saves):
            assert self._flushed.acquire(timeout=60)


@pytest.mark.parametrize(
    ("which", "grace", "step"),
    [
        (signal.SIGTERM, 39.0, 12),  # the save of step 17 would be killed
        (signal.SIGTERM, 40.0, 17),
        (signal.SIGTERM, None, 17),
        (signal.SIGINT, 39.0, 17),  # nobody's kill follows
    ],
)
def test_a_save_that_would_outlast_the_grace_is_not_begun_and_what_is_kept_is_told(
    tmp_path, whole, monkeypatch, which, grace, step
):
    settings = CheckpointSettings(every=6, keep_last=9, asynchronous=step == 12, grace=grace)
    saves, real = [], Checkpoints.save
    monkeypatch.setattr(Checkpoints, "save", lambda *a: (saves.append(1), real(*a))[1])
    with monkeypatch.context() as patch:
        disk = SlowDisk(patch, 40.0)
        signalled = AtBatch(source(), 17, which, wait=lambda: disk.wait_for(2))
        one = trainer(tmp_path, checkpoints=settings, train=signalled)
        with pytest.raises(Interrupted) as caught:
            one.fit()
    told = "step 12 is kept, and step 17 was not saved: that takes 40 s, and of the grace of 39 s"
    assert caught.value.what == f"stopped by {which.name}; " + (
        f"{told} 39 s were left" if step == 12 else "everything so far is kept"
    )
    assert len(saves) == (2 if step == 12 else 3)
    assert [read(path).progress.step for path in Checkpoints(tmp_path).paths()][-1] == step
    assert not list(tmp_path.glob(".*tmp*"))
    other = trainer(tmp_path, weights=1, checkpoints=settings)
    outcome = other.fit()
    assert (digest(other._plan.model), numbers(outcome)) == whole


def test_what_the_update_took_is_not_left_of_the_grace():
    time = [0.0]
    flag = SignalFlag(lambda: time[0])
    time[0] = 5.0
    assert flag.seconds == 0.0
    flag.note(signal.SIGTERM)
    time[0] = 12.0
    flag.note(signal.SIGINT)
    assert (flag.name, flag.seconds) == ("SIGTERM", 7.0)


def test_an_error_in_the_block_is_not_hidden_by_a_signal():
    with pytest.raises(KeyError), deferred_signals():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        raise KeyError


def test_outside_the_main_thread_training_works_without_handlers():
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(trainer(None, max_steps=5).fit()))
    thread.start()
    thread.join()
    assert outcomes[0].progress.step == 5


def test_an_evaluation_asks_between_batches():
    asked = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) == 2

    one = trainer(None)
    found = evaluation.evaluate(
        one._plan.model,
        one._plan.objective,
        [(None, source().batch(np.arange(2), epoch=0, training=False))] * 5,
        device=one._plan.device,
        stopped=stopped,
    )
    assert found is None
    assert len(asked) == 2
