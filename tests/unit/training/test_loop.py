"""The loop tells every observer of every step, and stops for the first reason."""

from __future__ import annotations

import numpy as np
import torch

from trainwright.training.loop import run_epoch
from trainwright.training.protocols import Progress, StepResult


class Watch:
    def __init__(self, reasons: dict[int, str] | None = None) -> None:
        self.reasons, self.seen = reasons or {}, []

    def after_step(self, progress, result):
        self.seen.append((progress.step, progress.batch, result.num_samples))
        return self.reasons.get(progress.step)


def step(batch) -> StepResult:
    rows, _ = batch
    zero = torch.zeros(())
    return StepResult(zero, {}, None, torch.tensor(True), 0.1, rows, len(rows))


BATCHES = [(np.arange(size), {}) for size in (3, 3, 1)]


def test_an_epoch_ends_at_the_beginning_of_the_next():
    watch = Watch()
    end = run_epoch(step, BATCHES, [watch], Progress(epoch=2, step=5, samples=10))
    assert end == Progress(epoch=3, batch=0, step=8, samples=17)
    assert watch.seen == [(6, 1, 3), (7, 2, 3), (8, 3, 1)]


def test_the_first_reason_stops_after_every_observer_has_seen_the_step():
    first, second, third = Watch(), Watch({2: "early"}), Watch({2: "budget"})
    end = run_epoch(step, BATCHES, [first, second, third], Progress())
    assert end == Progress(epoch=0, batch=2, step=2, samples=6, stop="early")
    assert len(first.seen) == len(third.seen) == 2


def test_an_epoch_without_batches_is_over_at_once():
    assert run_epoch(step, [], [], Progress(batch=4, step=4)) == Progress(epoch=1, step=4)
