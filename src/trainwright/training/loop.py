"""The loop: batches in, updates made, observers told. All else is a part of the step or an observer.

Every observer sees every step; the first reason that any of them gives ends the epoch. The cost is one call
an observer and step, so an observer reads tensors seldom: reading is a wait for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trainwright.training.protocols import Observer, Progress, StepResult

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors

    Batch = tuple[Indices, Tensors]


def run_epoch(
    step: Callable[[Batch], StepResult],
    batches: Iterable[Batch],
    observers: Sequence[Observer],
    progress: Progress,
) -> Progress:
    """One pass over the data; stops early when an observer gives a reason.

    Args:
        step: Makes one update.
        batches: What is left of the epoch, as (global sample indices, tensors).
        observers: Told after each update, in order.
        progress: Where training is.

    Returns:
        Where it is now: at the beginning of the next epoch, or stopped within this one.
    """
    for batch in batches:
        result = step(batch)
        progress = progress.after(result)
        reasons = [why for one in observers if (why := one.after_step(progress, result))]
        if reasons:
            return replace(progress, stop=reasons[0])
    return replace(progress, epoch=progress.epoch + 1, batch=0)
