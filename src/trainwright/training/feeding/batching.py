"""An epoch cut into batches: a plan that is known, whole, before the first batch is made.

Where lengths are known, samples of like length share a batch, so that little is padded: the shuffled
order is cut into windows of 64 batches, each window is sorted by length and cut, and the batches of
all windows are shuffled. Of lengths from a log-normal law (sigma 0.7), in batches of 32, 9 % of what
is computed is padding, where a plain shuffle has 72 %. A token budget cuts each sorted window where
one more row would make (rows x longest) exceed it: 3 %.

The plan is a function of (seed, epoch, lengths, batch size): of no worker and no process.

Source: bucketing as in Sutskever et al. 2014, arXiv:1409.3215, sect. 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainwright.core.errors import RecipeError
from trainwright.training.feeding.order import epoch_order, seed_of
from trainwright.training.protocols import Measured

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Source

_WINDOW_BATCHES = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """The batches of one epoch.

    Attributes:
        order: Samples in the order of their delivery, each once; shape (samples,).
        ends: Where each batch ends in `order`, ascending; shape (batches,).
    """

    order: Indices
    ends: Indices

    def __len__(self) -> int:
        return len(self.ends)

    def rows(self, number: int, *, rank: int = 0, world_size: int = 1) -> Indices:
        """The samples of a batch, or the share of one process: every `world_size`-th from `rank` on."""
        start = int(self.ends[number - 1]) if number else 0
        rows = self.order[start : int(self.ends[number])]
        return rows if world_size == 1 else rows[rank::world_size]


def plan_epoch(
    source: Source,
    *,
    seed: int,
    epoch: int,
    batch_size: int,
    tokens_per_batch: int | None = None,
    shuffle: bool = True,
) -> Plan:
    """Cut one epoch of a source into batches; each sample comes once.

    Args:
        source: Its number of samples and, where it is `Measured`, their lengths are asked for.
        seed: Of the order.
        epoch: Counted from 0.
        batch_size: Samples a batch; the last one may have fewer. Not used with `tokens_per_batch`.
        tokens_per_batch: Padded tokens (rows x longest) that a batch holds at most; a longer sample is
            a batch of its own.
        shuffle: False: the order of evaluation, longest first where lengths are known (so that memory
            that does not suffice shows at once), else as they stand.

    Raises:
        RecipeError: `tokens_per_batch` for a source without lengths.
    """
    num_samples = len(source)
    lengths = source.lengths if isinstance(source, Measured) else None
    if tokens_per_batch is not None and lengths is None:
        raise RecipeError(
            "batches by tokens need a source whose samples have lengths",
            where="training.tokens_per_batch",
            mend=f"batch_size: {batch_size}",
        )
    if lengths is None:
        order = (
            epoch_order(num_samples, seed=seed, epoch=epoch)
            if shuffle
            else np.arange(num_samples, dtype=np.int64)
        )
        return Plan(order, _fixed_ends(num_samples, batch_size))
    if not shuffle:
        order = np.argsort(-lengths, kind="stable").astype(np.int64, copy=False)
        return Plan(order, _ends(lengths[order], batch_size, tokens_per_batch))
    order = epoch_order(num_samples, seed=seed, epoch=epoch)
    if tokens_per_batch is None:
        window = batch_size * _WINDOW_BATCHES
    else:
        mean = max(1.0, float(lengths.mean())) if num_samples else 1.0
        window = max(1, int(tokens_per_batch / mean)) * _WINDOW_BATCHES
    ends = [np.empty(0, np.int64)]
    for start in range(0, num_samples, window):
        part = order[start : start + window]
        part = part[np.argsort(-lengths[part], kind="stable")]
        order[start : start + window] = part
        ends.append(start + _ends(lengths[part], batch_size, tokens_per_batch))
    return _shuffled(Plan(order, np.concatenate(ends)), seed=seed, epoch=epoch)


def num_batches(
    source: Source, *, seed: int, epoch: int, batch_size: int, tokens_per_batch: int | None = None
) -> int:
    """Batches of an epoch: exact, and with a token budget another number each epoch."""
    if tokens_per_batch is None:
        return -(-len(source) // batch_size)
    return len(
        plan_epoch(
            source,
            seed=seed,
            epoch=epoch,
            batch_size=batch_size,
            tokens_per_batch=tokens_per_batch,
        )
    )


def _ends(lengths: NDArray[np.int64], batch_size: int, tokens_per_batch: int | None) -> Indices:
    if tokens_per_batch is None:
        return _fixed_ends(len(lengths), batch_size)
    return _budget_ends(lengths, tokens_per_batch)


def _fixed_ends(num_samples: int, batch_size: int) -> Indices:
    ends = np.arange(batch_size, num_samples + batch_size, batch_size, dtype=np.int64)
    return np.minimum(ends, num_samples)


def _budget_ends(descending: NDArray[np.int64], tokens_per_batch: int) -> Indices:
    """Greedy: the first row of a batch is its longest, so it alone says how many fit."""
    ends = []
    end = 0
    while end < len(descending):
        end += max(1, tokens_per_batch // max(1, int(descending[end])))
        ends.append(min(end, len(descending)))
    return np.array(ends, dtype=np.int64)


def _shuffled(plan: Plan, *, seed: int, epoch: int) -> Plan:
    """The same batches in another order."""
    numbers = np.arange(len(plan), dtype=np.int64)
    shuffled = np.argsort(seed_of(seed, epoch, numbers, use="batches"))
    starts = np.concatenate([[0], plan.ends[:-1]]).astype(np.int64)
    sizes = (plan.ends - starts)[shuffled]
    ends = np.cumsum(sizes)
    positions = np.arange(len(plan.order)) + np.repeat(starts[shuffled] - (ends - sizes), sizes)
    return Plan(plan.order[positions], ends)
