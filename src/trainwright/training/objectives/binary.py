"""Cross-entropy of yes and no: one label a row, or several that do not exclude each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from trainwright.training.objectives.supervised import Reduction, Supervised, aligned


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCrossEntropy(Supervised):
    """Negative log-likelihood of labels under the sigmoid of logits; a term is a label.

    The count is the sum of the labels' weights, so that a larger weight of positives does not make
    the whole loss
    larger: the same as cross-entropy of two classes weighted (1, pos_weight). PyTorch divides by
    the number.

    Attributes:
        pos_weight: What a positive weighs, one for all labels or one each; a negative weighs 1.
    """

    name: ClassVar[str] = "binary_cross_entropy"

    pos_weight: tuple[float, ...] | None = None

    def weights(self, target: Tensor) -> Tensor | None:
        if self.pos_weight is None:
            return None
        return 1 + (self._positive(target.device) - 1) * target

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Logits and target of one shape, (B,) or (B, labels); the target in [0, 1], of any type."""
        values = aligned(output, target)
        return functional.binary_cross_entropy_with_logits(
            values,
            target.to(values.dtype),
            pos_weight=None if self.pos_weight is None else self._positive(values.device),
            reduction=reduction,
        )

    def _positive(self, device: torch.device) -> Tensor:
        return torch.tensor(self.pos_weight, device=device)
