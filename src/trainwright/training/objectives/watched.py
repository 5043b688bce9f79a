"""A loss with a metric beside it: what is watched in each evaluation and moves nothing.

A metric is a part of weight 0: a sum and a count like the loss, so it too is the same number for any
batch size, and it costs no forward pass of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor, nn

from trainwright.training.objectives.binary import BinaryCrossEntropy
from trainwright.training.objectives.categorical import Categorical
from trainwright.training.objectives.supervised import Supervised, called, chosen
from trainwright.training.protocols import LossPart, Objective

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors

ACCURACY = "accuracy"


@dataclass(frozen=True, slots=True)
class WithAccuracy:
    """A loss of classes, and the share of what it judges that is right.

    Attributes:
        loss: Cross-entropy, focal, or of one logit a row.
    """

    couples_rows: ClassVar[bool] = False

    loss: Supervised

    def parts(self, model: nn.Module, batch: Tensors) -> Mapping[str, LossPart]:
        output = called(model, self.loss.inputs, batch)
        right, counted = _hits(chosen(output, self.loss.output), self.loss.goal(batch))
        return {
            self.loss.name: self.loss.judge(output, batch),
            ACCURACY: LossPart(right.sum().float(), counted.sum().float(), 0.0),
        }

    def counts(self, batch: Tensors) -> Mapping[str, Tensor]:
        target = self.loss.goal(batch)
        counted = target >= 0 if not target.is_floating_point() else target == target
        return {**self.loss.counts(batch), ACCURACY: counted.sum().float()}


def watched(objective: Objective) -> Objective:
    """The objective with the accuracy beside it, where it is one of classes; otherwise as it is."""
    if isinstance(objective, (Categorical, BinaryCrossEntropy)):
        return WithAccuracy(objective)
    return objective


def _hits(output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each answer is right, and whether it counts: shape of the target ids."""
    if output.shape == target.shape:  # one logit
        return (output > 0) == (target > 0.5), target == target
    counted = target >= 0
    return (output.argmax(-1) == target) & counted, counted
