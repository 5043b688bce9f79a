"""This project's loop: bare, as it comes, and with checkpoints."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cases import LEARNING_RATE, Case

from trainwright.recipe.sections import CheckpointSettings
from trainwright.training.feed import Feed
from trainwright.training.feeding.order import epoch_order
from trainwright.training.feeding.sources import ArraySource, RaggedSource
from trainwright.training.loop import run_epoch
from trainwright.training.objectives.categorical import CrossEntropy
from trainwright.training.objectives.language import NextToken
from trainwright.training.optimizers import AdamW, ParameterGroup
from trainwright.training.protocols import Objective, Progress, Source
from trainwright.training.schedules import Constant
from trainwright.training.step import Update, UpdateSettings
from trainwright.training.trainer import Trainer

FOREVER = 10**9
SEED = 0
SAVE_EVERY = {"mlp": 20, "gpt": 4, "text": 4}


def bare(case: Case) -> Callable[[], None]:
    """Update, feed and epoch; norm and finite flag are a part of the update."""

    def fit() -> None:
        part = AdamW(learning_rate=LEARNING_RATE, weight_decay=0.0)
        groups = (ParameterGroup("all", tuple(case.model.parameters())),)
        update = Update(
            case.model,
            objective(case),
            part.build(groups),
            Constant().build(FOREVER),
            settings=UpdateSettings(),
        )
        batches = feed(case)
        progress = Progress()
        case.model.train()
        for epoch in range(case.epochs):
            progress = run_epoch(update, batches.epoch(epoch), (), progress)

    return fit


def usual(case: Case, **settings: Any) -> Callable[[], None]:
    """`Trainer(...).fit()`: history, guard, limits, best weights."""
    return partial(trained, case, **settings)


def checkpointed(case: Case) -> Callable[[], None]:
    """The same into a folder, at the default interval."""

    def fit() -> None:
        with tempfile.TemporaryDirectory() as folder:
            trained(case, folder=Path(folder))

    return fit


def saving(case: Case) -> Callable[[], dict[str, float]]:
    """Far more checkpoints than usual, to see what one costs; the wait for it by the clock."""
    every = SAVE_EVERY[case.name]

    def fit() -> dict[str, float]:
        settings = CheckpointSettings(every=every)
        with tempfile.TemporaryDirectory() as folder:
            trained(case, folder=Path(folder), checkpoints=settings)
        return {"save_every": every, "stall_seconds": stall(case, every)}

    return fit


def stall(case: Case, every: int) -> float:
    """How much longer a step with a checkpoint takes than those around it, in seconds; the median."""
    begins = [moment.wall for moment in case.model.moments]
    steps = np.diff(begins)  # step n is from the n-th forward pass to the next one
    saves = range(every - 1, len(steps), every)
    return statistics.median(
        steps[at] - statistics.median(steps[max(0, at - every + 1) : at]) for at in saves
    )


def trained(
    case: Case, *, with_lengths: bool = False, precision: Any = "fp32", **settings: Any
) -> None:
    """One fit."""
    Trainer(
        case.model,
        objective(case),
        train=source(case, with_lengths=with_lengths),
        optimizer=AdamW(learning_rate=LEARNING_RATE, weight_decay=0.0),
        epochs=case.epochs,
        batch_size=case.batch_size,
        seed=SEED,
        precision=precision,
        threads=1,
        **settings,
    ).fit()


def objective(case: Case) -> Objective:
    """The case's loss as sum and count."""
    if case.name == "gpt":
        return NextToken()
    return CrossEntropy(inputs=case.inputs, num_classes=10 if case.name == "mlp" else 2)


def source(case: Case, *, with_lengths: bool = False) -> Source:
    """The case's samples; texts in random batches, or in batches of like length."""
    if not case.is_ragged:
        return ArraySource(**case.samples)
    texts = case.samples["inputs"]
    ragged = RaggedSource(
        np.cumsum([len(one) for one in texts]),
        {"inputs": torch.cat(texts)},
        columns={"target": case.samples["target"]},
    )
    return ragged if with_lengths else AsDrawn(ragged)


class AsDrawn:
    """A source whose lengths nobody may ask for, and whose first epoch is in the order of its rows.

    The feed shuffles as ever; the row that it asks for first is row 0.
    """

    def __init__(self, inner: Source) -> None:
        self.inner = inner
        self.places = np.argsort(epoch_order(len(inner), seed=SEED, epoch=0))

    def __len__(self) -> int:
        return len(self.inner)

    def batch(self, rows: Any, *, epoch: int, training: bool) -> Any:
        return self.inner.batch(self.places[rows], epoch=epoch, training=training)


def feed(case: Case, *, with_lengths: bool = False) -> Feed:
    """The batches of an epoch."""
    return Feed(
        source(case, with_lengths=with_lengths),
        seed=SEED,
        batch_size=case.batch_size,
        tokens_per_batch=None,
        device=torch.device("cpu"),
    )


SYSTEMS: Mapping[str, Callable[[Case], Callable[[], Any]]] = {
    "trainwright, no observers": bare,
    "trainwright": usual,
    "trainwright, checkpoints": checkpointed,
    "trainwright, many checkpoints": saving,
    "trainwright, length buckets": partial(usual, with_lengths=True),
    "trainwright, bf16": partial(usual, precision="bf16"),
    "trainwright, bf16 and length buckets": partial(usual, with_lengths=True, precision="bf16"),
}
