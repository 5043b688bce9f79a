"""Cross-entropy over classes, and its focal variant, for class ids and for soft targets.

Classes are the last dimension of the logits, so that one form serves rows (B, C), tokens (B, T, C) and
anything larger. A target is class ids, -100 where there is none (padding), or a distribution a row, as
mixing and distillation make it. With class weights the count is the sum of the weights of what was there,
for soft targets of the expected weight; PyTorch divides soft targets by the number of rows instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from trainwright.training.objectives import IGNORED
from trainwright.training.objectives.refusals import as_ids, explain_ids
from trainwright.training.objectives.supervised import Reduction, Supervised, on_device, taken

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical(Supervised):
    """What cross-entropy and focal loss share: how class ids and distributions are weighted.

    Attributes:
        class_weights: A weight a class; None: 1 each.
        num_classes: How many there are, for those who must make distributions of class ids.
    """

    class_weights: tuple[float, ...] | None = None
    num_classes: int | None = None

    def goal(self, batch: Tensors) -> Tensor:
        """Class ids as int64, or distributions."""
        return as_ids(taken(batch, self.target))

    def explain(self, output: Tensor, target: Tensor) -> None:
        name = self.target
        explain_ids(
            target,
            name=name,
            num_classes=output.shape[-1],
            mend=f"{name} = numpy.unique({name}, return_inverse=True)[1], and a last layer of a unit a class",
            weights=None if self.class_weights is None else len(self.class_weights),
        )

    def weights(self, target: Tensor) -> Tensor:
        if target.is_floating_point():
            if self.class_weights is None:
                return target.new_ones(target.shape[:-1])
            return (target * on_device(self.class_weights, target.device)).sum(-1)
        there = target != IGNORED
        if self.class_weights is None:
            return there
        of_classes = on_device(self.class_weights, target.device)
        return of_classes[target.clamp(min=0)] * there


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossEntropy(Categorical):
    """Negative log-likelihood of the class under a softmax of the logits.

    Attributes:
        label_smoothing: Share of the target that is spread over all classes, in [0, 1).

    Source: Szegedy et al. 2016, arXiv:1512.00567, sect. 7 (smoothing). Parity:
    tests/numeric/test_objectives.py.
    """

    name: ClassVar[str] = "cross_entropy"

    label_smoothing: float = 0.0

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Logits (..., C); target (...) class ids, or (..., C) distributions."""
        weights = self.class_weights
        num_classes = output.shape[-1]
        soft = target.is_floating_point()
        losses = functional.cross_entropy(
            output.reshape(-1, num_classes),
            target.reshape(-1, num_classes) if soft else target.reshape(-1),
            weight=None if weights is None else on_device(weights, output.device, output.dtype),
            ignore_index=IGNORED,
            reduction=reduction,
            label_smoothing=self.label_smoothing,
        )
        return losses if reduction == "sum" else losses.view(output.shape[:-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Focal(Categorical):
    """Cross-entropy in which a class counts (1 - its probability) to the power gamma: less where it is sure.

    Attributes:
        gamma: 0 is cross-entropy.

    Source: Lin et al. 2017, arXiv:1708.02002, eq. 4 and 5; the mean is over what counts, not over the
    positives.
    """

    name: ClassVar[str] = "focal"

    gamma: float = 2.0

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Logits (..., C); target (...) class ids, or (..., C) distributions."""
        if not target.is_floating_point():
            target = target.reshape(output.shape[:-1])
        logs = output.log_softmax(-1)
        # 1 - p without cancellation; off 0, where a power below 1 has no slope.
        doubt = (-torch.expm1(logs)).clamp(min=torch.finfo(logs.dtype).tiny)
        losses = -(doubt**self.gamma) * logs
        if self.class_weights is not None:
            losses = losses * on_device(self.class_weights, output.device)
        if target.is_floating_point():
            of_rows = (losses * target).sum(-1)
        else:
            missing = target == IGNORED
            ids = target.masked_fill(
                missing, 0
            )  # any other id that is no class is refused by gather
            of_rows = losses.gather(-1, ids.unsqueeze(-1)).squeeze(-1).masked_fill(missing, 0.0)
        return of_rows.sum() if reduction == "sum" else of_rows
