"""Cross-entropy of yes and no: one label a row, or several that do not exclude each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from trainwright.core.errors import DataError
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
        """Logits and target of one shape, (B,) or (B, labels); the target in [0, 1], of any type.

        Raises:
            DataError: a target is outside of [0, 1], for which the loss has no least value; looked at on
                the CPU alone, where that waits for nobody.
        """
        values, positive = aligned(output, target), self.pos_weight
        if target.device.type == "cpu" and target.dtype != torch.bool and target.numel():
            self._check(target)
        return functional.binary_cross_entropy_with_logits(
            values,
            target.to(values.dtype),
            pos_weight=None if positive is None else on_device(positive, values.device),
            reduction=reduction,
        )

    def _check(self, target: Tensor) -> None:
        low, high = (value.item() for value in torch.aminmax(target))
        if low < 0 or high > 1:
            raise DataError(
                f"labels go from {low:g} to {high:g}, and are 0 (no) or 1 (yes), or between",
                where=self.target,
                mend=f"{self.target} = ({self.target} == {high:g}).astype('float32')",
            )
