"""Averages of weights: smoother than the last ones, judged and packaged in their place.

ema: an exponential moving average a step, with a shorter memory at first (after t updates at most
(1 + t) / (10 + t) is kept), so that it forgets where it began. Polyak & Juditsky 1992; the warm-up
is that of TensorFlow's ExponentialMovingAverage. swa: the plain average of the weights at the ends
of the late epochs (Izmailov et al. 2018, arXiv:1803.05407, alg. 1). Running statistics of norms are
averaged with the weights, and for swa taken anew (see `statistics`).

Cost: the weights once more in memory, and for ema one fused multiply-add a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from trainwright.recipe.sections import Averaging


class AveragedWeights:
    """The average of a module's weights.

    Args:
        model: Whose weights; they stay where they are.
        settings: ema or swa.
        epochs: Of the training, for the start of swa.
    """

    def __init__(self, model: nn.Module, settings: Averaging, *, epochs: int) -> None:
        self._kind = settings.kind
        if settings.kind == "ema":
            self._decay = settings.decay
        else:
            self._first_epoch = settings.start * epochs
        own = {id(t): t for t in (*model.parameters(), *model.buffers())}  # a shared one once
        self._live = [t.detach() for t in own.values() if t.is_floating_point()]
        self._counts = [t for t in own.values() if not t.is_floating_point()]
        self._mean = [t.clone() for t in self._live]
        self._count = 0

    def after_step(self) -> None:
        """After each update."""
        if self._kind == "ema":
            self._count += 1
            kept = min(self._decay, (1 + self._count) / (10 + self._count))
            torch._foreach_lerp_(self._mean, self._live, 1 - kept)

    def after_epoch(self, epochs_done: int) -> None:
        """After each epoch."""
        if self._kind == "swa" and epochs_done > self._first_epoch:
            self._count += 1
            torch._foreach_lerp_(self._mean, self._live, 1 / self._count)

    @property
    def needs_statistics(self) -> bool:
        """The average is of weights that lie far apart: running statistics do not fit it."""
        return self._kind == "swa" and self._count > 0

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The module has the average for the block, and its own weights again after it."""
        if not self._count:  # nothing was averaged yet
            yield
            return
        own = [tensor.clone() for tensor in self._live]
        counts = [tensor.clone() for tensor in self._counts]
        torch._foreach_copy_(self._live, self._mean)
        try:
            yield
        finally:
            torch._foreach_copy_(self._live, own)
            for tensor, count in zip(self._counts, counts, strict=True):
                tensor.copy_(count)

    def put_in(self) -> bool:
        """Give the module the average for good; False where nothing was averaged."""
        if self._count:
            torch._foreach_copy_(self._live, self._mean)
        return self._count > 0

    def state_dict(self) -> dict[str, Any]:
        """Tensors and JSON values."""
        return {"count": self._count, "mean": list(self._mean)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Inverse of `state_dict`."""
        self._count = int(state["count"])
        torch._foreach_copy_(self._mean, [t.to(self._mean[0].device) for t in state["mean"]])
