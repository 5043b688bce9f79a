"""The batches of an epoch, in order, from any batch on: made here, or ahead of time by worker processes.

What comes is the same, bit for bit, however many workers make it, since order and augmentation are
functions of (seed, epoch, index). A resume is `skip`: the batches before it are not made at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trainwright.core.errors import TrainwrightError
from trainwright.training.feeding.batching import plan_epoch
from trainwright.training.feeding.making import make_batch

if TYPE_CHECKING:
    from trainwright.training.feeding.workers import Workers
    from trainwright.training.protocols import Indices, Source, Tensors


def epoch_batches(
    source: Source,
    *,
    seed: int,
    epoch: int,
    batch_size: int,
    tokens_per_batch: int | None = None,
    skip: int = 0,
    workers: int | Workers = 0,
    prefetch: int = 2,
    timeout_seconds: float = 300.0,
    pin_memory: bool = False,
    shuffle: bool = True,
    training: bool = True,
    rank: int = 0,
    world_size: int = 1,
) -> Iterator[tuple[Indices, Tensors]]:
    """One epoch of a source: for each batch the global indices of its rows, and their tensors.

    Args:
        source: Makes batches.
        seed: Of the order; the source has its own for augmentation.
        epoch: Counted from 0.
        batch_size: Samples of a batch, over all processes.
        tokens_per_batch: Padded tokens of a batch, in place of a number of samples (see `plan_epoch`).
        skip: Batches that were seen before.
        workers: 0: batches are made here, when they are asked for. A number: as many processes make them
            ahead of time, for this epoch. A pool of `source`: its processes do, and stay.
        prefetch: Batches each worker of this epoch is ahead, at most.
        timeout_seconds: Silence of a worker of this epoch that counts as hanging.
        pin_memory: Copy each batch into pinned memory, for a faster way to an accelerator; needs one.
        shuffle: False: the order of evaluation (see `plan_epoch`).
        training: Augment.
        rank: Which process this is.
        world_size: Processes that share each batch, each taking every `world_size`-th row; a process can
            get a batch of no rows where a batch has fewer rows than there are processes.

    Raises:
        RecipeError: `tokens_per_batch` for a source without lengths; a source that cannot be sent to workers.
        DataError: samples cannot be read, or workers hang or die of them; names the rows.
        EnvironmentFault: workers cannot start, or are killed again and again.
    """
    plan = plan_epoch(
        source,
        seed=seed,
        epoch=epoch,
        batch_size=batch_size,
        tokens_per_batch=tokens_per_batch,
        shuffle=shuffle,
    )
    shares = (
        plan.rows(number, rank=rank, world_size=world_size) for number in range(skip, len(plan))
    )
    if workers == 0:
        batches = _made_here(source, shares, epoch=epoch, training=training)
    else:
        batches = _made_ahead(
            source,
            shares,
            epoch=epoch,
            training=training,
            workers=workers,
            prefetch=prefetch,
            timeout_seconds=timeout_seconds,
        )
    return _pinned(batches) if pin_memory else batches


def _made_here(
    source: Source, shares: Iterator[Indices], *, epoch: int, training: bool
) -> Iterator[tuple[Indices, Tensors]]:
    for rows in shares:
        yield rows, make_batch(source, rows, epoch=epoch, training=training)


def _made_ahead(
    source: Source,
    shares: Iterator[Indices],
    *,
    epoch: int,
    training: bool,
    workers: int | Workers,
    prefetch: int,
    timeout_seconds: float,
) -> Iterator[tuple[Indices, Tensors]]:
    from trainwright.training.feeding.workers import Workers

    if isinstance(workers, Workers):
        if workers.source is not source:
            raise TrainwrightError("these workers make the batches of another source")
        yield from workers.batches(shares, epoch=epoch, training=training)
        return
    with Workers(source, workers, prefetch=prefetch, timeout_seconds=timeout_seconds) as pool:
        yield from pool.batches(shares, epoch=epoch, training=training)


def _pinned(batches: Iterator[tuple[Indices, Tensors]]) -> Iterator[tuple[Indices, Tensors]]:
    for rows, batch in batches:
        yield rows, {name: tensor.pin_memory() for name, tensor in batch.items()}
