"""Does the longest batch fit? One update and one evaluation on real shapes, with the memory watched."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainwright.core.artifacts import Check
from trainwright.core.features import Examples
from trainwright.data.fitting import fit_preparation
from trainwright.flow.proving.subjects import FIT_ROWS, Tiny
from trainwright.flow.rows import load_both
from trainwright.training.protocols import Measured

if TYPE_CHECKING:
    from trainwright.models.networks.plan import NetworkPlan

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY_SECONDS = 0.002


def check_memory(tiny: Tiny, *, limit: int) -> Check:
    """Hold the process to `limit` bytes while the longest batch is learned from and judged."""
    plan = _whole(tiny)
    rows = _longest(plan, tiny)
    peak = peak_bytes(lambda: _one_update(plan, rows))
    steps = ""
    if isinstance(plan.train, Measured):
        steps = f" of {int(plan.train.lengths[rows].max())} steps"
    told = f"{len(rows)} rows{steps}: at most {peak / 1e6:.0f} MB of {limit / 1e6:.0f} MB"
    return Check("memory", peak <= limit, told)


def peak_bytes(work: Callable[[], object]) -> int:
    """The most memory that this process holds while `work` is done, sampled every two milliseconds."""
    ended = threading.Event()
    seen = [_resident()]

    def watch() -> None:
        while not ended.wait(_EVERY_SECONDS):
            seen.append(_resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        work()
    finally:
        ended.set()
        watcher.join()
    return max(*seen, _resident())


def _whole(tiny: Tiny) -> NetworkPlan:
    """The plan on all rows of the snapshot."""
    rows, _ = load_both(tiny.snapshot, further=tiny.recipe.data.further_targets)
    preparation = fit_preparation(
        rows.frame.head(FIT_ROWS),
        tiny.snapshot.inputs,
        tiny.family.needs,
        base=tiny.base,
        target=tiny.snapshot.target,
    )
    train = Examples(
        preparation.transform(rows.frame), rows.target, rows.further, weights=rows.weights
    )
    return tiny.family.plan(
        train,
        None,
        target=tiny.snapshot.target,
        training=tiny.recipe.training,
        seed=tiny.recipe.training.seed,
        base=tiny.base,
    )


def _longest(plan: NetworkPlan, tiny: Tiny) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rows of the batch that needs most: as many as an update has, the longest ones."""
    size = tiny.recipe.training.batch_size
    count = size if isinstance(size, int) else plan.defaults.batch_size
    if not isinstance(plan.train, Measured):
        return np.arange(min(count, len(plan.train)))
    order = np.argsort(-plan.train.lengths, kind="stable")
    tokens = tiny.recipe.training.tokens_per_batch or plan.defaults.tokens_per_batch
    if tokens is not None:
        count = max(1, tokens // int(plan.train.lengths[order[0]]))
    return order[:count].astype(np.int64)


def _one_update(plan: NetworkPlan, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    import torch

    from trainwright.training.optimizers import AdamW, ParameterGroup
    from trainwright.training.schedules import Constant
    from trainwright.training.step import Update

    parameters = tuple(p for p in plan.module.parameters() if p.requires_grad)
    optimizer = AdamW(learning_rate=1e-9).build([ParameterGroup("all", parameters)])
    batch = plan.train.batch(rows, epoch=0, training=True)
    plan.module.train()
    Update(plan.module, plan.objective, optimizer, Constant().build(1))((rows, batch))
    plan.module.eval()
    with torch.no_grad():
        plan.judge.parts(plan.module, plan.train.batch(rows, epoch=0, training=False))


def _resident() -> int:
    """Bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
