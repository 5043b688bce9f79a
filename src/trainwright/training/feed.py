"""Batches on the model's device: of an epoch from any batch on, of an evaluation, of single rows again.

For an accelerator a batch is pinned and copied without waiting, one ahead of its use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from trainwright.training.feeding.batching import num_batches
from trainwright.training.feeding.loader import epoch_batches
from trainwright.training.feeding.making import make_batch
from trainwright.training.protocols import Measured, Source

if TYPE_CHECKING:
    from trainwright.training.feeding.workers import Workers
    from trainwright.training.loop import Batch
    from trainwright.training.protocols import Indices, Tensors


class Feed:
    """The batches of a training.

    Args:
        source: Of training.
        seed: Of the order.
        batch_size: Samples an update.
        tokens_per_batch: Padded tokens an update, in place of samples.
        device: Where batches go.
        workers: A pool that makes training batches ahead of time; None: this process makes them.
    """

    def __init__(
        self,
        source: Source,
        *,
        seed: int,
        batch_size: int,
        tokens_per_batch: int | None,
        device: torch.device,
        workers: Workers | None = None,
    ) -> None:
        self._source = source
        self._seed = seed
        self._batch_size = batch_size
        self._tokens = tokens_per_batch
        self._device = device
        self.workers = workers

    def epoch(self, epoch: int, *, skip: int = 0) -> Iterator[Batch]:
        """What is left of an epoch after `skip` batches."""
        batches = epoch_batches(
            self._source,
            seed=self._seed,
            epoch=epoch,
            batch_size=self._batch_size,
            tokens_per_batch=self._tokens,
            skip=skip,
            workers=self.workers or 0,
            pin_memory=self._device.type == "cuda",
        )
        return self._moved(batches)

    def evaluation(self, source: Source, *, batch_size: int | None = None) -> Iterator[Batch]:
        """All of a source, once, nothing augmented."""
        tokens = self._tokens if batch_size is None and isinstance(source, Measured) else None
        batches = epoch_batches(
            source,
            seed=self._seed,
            epoch=0,
            batch_size=batch_size or self._batch_size,
            tokens_per_batch=tokens,
            shuffle=False,
            training=False,
            pin_memory=self._device.type == "cuda",
        )
        return self._moved(batches)

    def again(self, rows: Indices, *, epoch: int) -> Tensors:
        """The batch of these rows as it was trained on."""
        return self._to_device(make_batch(self._source, rows, epoch=epoch, training=True))

    def num_updates(self, epochs: int) -> int:
        """Updates in so many epochs."""
        counts = [
            num_batches(
                self._source,
                seed=self._seed,
                epoch=epoch,
                batch_size=self._batch_size,
                tokens_per_batch=self._tokens,
            )
            for epoch in range(epochs if self._tokens else min(1, epochs))
        ]
        return sum(counts) if self._tokens else sum(counts) * epochs

    def longest(self, count: int) -> Tensors:
        """A batch of the `count` samples that need most room."""
        rows = np.arange(len(self._source), dtype=np.int64)
        if isinstance(self._source, Measured):
            rows = np.argsort(-self._source.lengths, kind="stable")
        return self.again(np.resize(rows, count), epoch=0)

    def _moved(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        if self._device.type == "cpu":
            return batches
        return self._ahead(batches)

    def _ahead(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        waiting: Batch | None = None
        for rows, tensors in batches:
            following = rows, self._to_device(tensors)
            if waiting is not None:
                yield waiting
            waiting = following
        if waiting is not None:
            yield waiting

    def _to_device(self, tensors: Tensors) -> Tensors:
        if self._device.type == "cpu":
            return tensors
        return {name: one.to(self._device, non_blocking=True) for name, one in tensors.items()}
