"""The parts of a fit that its plan alone decides: the update, the feed, the batch size, the checkpoints."""

from __future__ import annotations

from typing import Any

import torch

from trainwright.training.averaging import AveragedWeights
from trainwright.training.checkpoints import Checkpoints
from trainwright.training.feed import Feed
from trainwright.training.generators import own_generators
from trainwright.training.memory import largest_batch, unchanged
from trainwright.training.mixing import mixer
from trainwright.training.plan import Plan
from trainwright.training.schedules import Constant, Schedule
from trainwright.training.state import TrainingState
from trainwright.training.step import Update, UpdateSettings


def checkpoints_of(plan: Plan) -> Checkpoints | None:
    """Where checkpoints go; None where none are wanted."""
    if plan.folder is None:
        return None
    kept = plan.checkpoints
    return Checkpoints(plan.folder, keep_last=kept.keep_last, keep_best=kept.keep_best)


def averaging_of(plan: Plan) -> AveragedWeights | None:
    """The average of the weights; None where none is wanted."""
    if plan.averaging is None:
        return None
    return AveragedWeights(plan.model, plan.averaging, epochs=plan.epochs)


def feed_of(plan: Plan, *, batch_size: int) -> Feed:
    """The batches, without workers yet."""
    return Feed(
        plan.train,
        seed=plan.seed,
        batch_size=batch_size,
        tokens_per_batch=plan.tokens_per_batch,
        device=plan.device,
    )


def update_of(
    plan: Plan,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    *,
    averaging: AveragedWeights | None,
) -> Update:
    """What is done with a batch."""
    model: Any = torch.compile(plan.model) if plan.compile else plan.model
    return Update(
        model,
        plan.objective,
        optimizer,
        schedule,
        settings=UpdateSettings(plan.accumulate, plan.precision, plan.clip_norm),
        mix=mixer(plan.mixing, plan.objective, seed=plan.seed) if plan.mixing else None,
        after=None if averaging is None else averaging.after_step,
    )


def batch_size_of(
    plan: Plan, optimizer: torch.optim.Optimizer, *, found: TrainingState | None
) -> int:
    """The plan's; of `auto` what memory takes, and what an earlier process found where there was one."""
    if plan.batch_size != "auto":
        return plan.batch_size
    if found is not None:  # decided here as well
        earlier = int(found.settings["batch_size"])
        return plan.pacer.decide("batch-size", lambda: earlier)

    def attempt(size: int) -> None:
        _rehearse(plan, optimizer, size)

    return plan.pacer.decide(
        "batch-size", lambda: largest_batch(attempt, num_samples=len(plan.train))
    )


def _rehearse(plan: Plan, optimizer: torch.optim.Optimizer, size: int) -> None:
    """An update's work with so many rows, and the room of the optimiser's state; nothing changes."""
    update = update_of(plan, optimizer, Constant().build(1), averaging=None)
    tensors = (*plan.model.parameters(), *plan.model.buffers())
    with unchanged(tensors), own_generators(plan.device, seed=plan.seed):
        room = [torch.zeros_like(p) for p in plan.model.parameters() for _ in range(2)]
        update.rehearse(feed_of(plan, batch_size=size).longest(size), size)
        del room
