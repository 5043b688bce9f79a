"""Losses of regression: squared, absolute, Huber's, and the pinball loss of quantiles.

A term is a target, so that several targets a row (or steps of a horizon) count one each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from trainwright.core.errors import RecipeError
from trainwright.training.objectives.supervised import Reduction, Supervised, aligned, on_device


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSquared(Supervised):
    """(output - target)²; estimates the mean."""

    name: ClassVar[str] = "mean_squared"
    likelihood_factor: ClassVar[float] = 0.5

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Output and target of one shape."""
        return functional.mse_loss(aligned(output, target), target, reduction=reduction)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanAbsolute(Supervised):
    """abs(output - target); estimates the median."""

    name: ClassVar[str] = "mean_absolute"

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Output and target of one shape."""
        return functional.l1_loss(aligned(output, target), target, reduction=reduction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Huber(Supervised):
    """Half the square up to `delta`, a straight line beyond.

    Attributes:
        delta: In units of the target; greater than 0.

    Source: Huber 1964, Robust estimation of a location parameter, eq. 3.
    """

    name: ClassVar[str] = "huber"

    delta: float = 1.0

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Output and target of one shape."""
        values = aligned(output, target)
        return functional.huber_loss(
            values, target.to(values.dtype), reduction=reduction, delta=self.delta
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile(Supervised):
    """Pinball loss: each output estimates the quantile of its level.

    A term is the mean over the levels, so that the count stays the number of targets.

    Attributes:
        levels: Each in (0, 1).

    Source: Koenker & Bassett 1978, Regression quantiles, eq. 3.1.
    """

    name: ClassVar[str] = "quantile"

    levels: tuple[float, ...] = (0.5,)

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Output (..., levels), or the target's shape for a single level; target (...)."""
        if len(self.levels) == 1:
            output = aligned(output, target).unsqueeze(-1)
        if output.shape != (*target.shape, len(self.levels)):
            raise RecipeError(
                f"the model gives {tuple(output.shape)} for {len(self.levels)} quantiles of a target"
                f" {tuple(target.shape)}",
                where="objective",
                mend=f"give the last layer {len(self.levels)} units a target",
            )
        above = target.unsqueeze(-1) - output
        levels = on_device(self.levels, output.device, output.dtype)
        losses = torch.maximum(levels * above, (levels - 1) * above).mean(-1)
        return losses.sum() if reduction == "sum" else losses
