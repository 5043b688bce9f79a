"""Cross-entropy of yes and no: one label a row, or several that do not exclude each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn import functional

from trainwright.training.objectives.supervised import Reduction, Supervised, aligned, on_device


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
        return 1 + (on_device(self.pos_weight, target.device) - 1) * target

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Logits and target of one shape, (B,) or (B, labels); the target in [0, 1], of any type."""
        values, positive = aligned(output, target), self.pos_weight
        return functional.binary_cross_entropy_with_logits(
            values,
            target.to(values.dtype),
            pos_weight=None if positive is None else on_device(positive, values.device),
            reduction=reduction,
        )
