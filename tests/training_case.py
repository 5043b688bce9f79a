"""A tiny training with all that a resume could forget: dropout, an average, a plateau, patience."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from trainwright.recipe.sections import Averaging, CheckpointSettings, EarlyStopping
from trainwright.training import Outcome, Trainer
from trainwright.training.feeding.sources import ArraySource
from trainwright.training.history import MEASURED
from trainwright.training.objectives.categorical import CrossEntropy
from trainwright.training.optimizers import AdamW
from trainwright.training.schedules import ReduceOnPlateau

NUM_ROWS, BATCH, STEPS = 58, 12, 50  # five batches an epoch, the last one ragged
EPOCHS = STEPS // 5
PLAIN: dict[str, Any] = {  # a save in line after each step, and nothing beside the updates
    "checkpoints": CheckpointSettings(every=1, keep_last=1, keep_best=0, asynchronous=False),
    "validation": None,
    "early_stopping": None,
    "averaging": None,
}


def source(seed: int = 0, num_rows: int = NUM_ROWS) -> ArraySource:
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(num_rows, 4)).astype(np.float32)
    target = (inputs[:, 0] + random.normal(size=num_rows) > 0).astype(np.int64)
    return ArraySource(inputs=inputs, target=target)


def model(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, 2))


def trainer(folder: Path | None, *, weights: int = 2, **settings: Any) -> Trainer:
    """A training of 50 steps; `weights` is the seed of the module's first ones."""
    given: dict[str, Any] = {
        "train": source(),
        "validation": source(1, 20),
        "optimizer": AdamW(learning_rate=0.05),
        "schedule": ReduceOnPlateau(reduce_by=0.5, patience=0, warmup=3, min_improvement=0.1),
        "averaging": Averaging(decay=0.8),
        "early_stopping": EarlyStopping(patience=50),
        "epochs": EPOCHS,
        "batch_size": BATCH,
        "evaluate_every": 4,
        "log_every": 3,
        "folder": folder,
        "checkpoints": CheckpointSettings(every=1, keep_last=1000, asynchronous=False),
    }
    return Trainer(model(weights), CrossEntropy(), **(given | settings))


def digest(module: nn.Module) -> str:
    """SHA-256 of a module's weights."""
    found = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        found.update(name.encode())
        found.update(tensor.numpy().tobytes())
    return found.hexdigest()


def numbers(outcome: Outcome) -> list[tuple[int, int, dict[str, float]]]:
    """The history but for what the machine did."""
    return [
        (r.step, r.epoch, {k: v for k, v in r.values.items() if k not in MEASURED})
        for r in outcome.history
    ]
