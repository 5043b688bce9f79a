"""Distillation: a student learns what a teacher says of each class, and the labels beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.core.errors import RecipeError
from trainwright.training.objectives.categorical import CrossEntropy
from trainwright.training.objectives.supervised import called, chosen, spread, taken
from trainwright.training.protocols import LossPart

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Distillation:
    """Two parts: "soft", the divergence from the teacher at a temperature; "hard", cross-entropy of labels.

    Soft losses are multiplied by temperature², so that their gradients keep their size at any
    temperature. What the labels do not count (padding) the soft part does not count either, nor do
    class weights touch it.

    Attributes:
        teacher: Put in evaluation mode and frozen here, moved to where the batch is; None: its
            logits are in the batch.
        teacher_logits: The tensor of the batch that holds them, in the shape of the student's.
        teacher_inputs: What the teacher is called with; None: the same as the student.
        labels: The hard part, which also says what the student is called with and where its logits are.
        temperature: Both logits are divided by it; greater than 0.
        soft: Weight of the soft part, in [0, 1]; the hard one has the rest.

    Source: Hinton, Vinyals & Dean 2015, arXiv:1503.02531, sect. 2. The divergence differs from
    their cross-entropy by the teacher's entropy, which has no gradient, and is 0 where the student
    agrees.
    """

    couples_rows: ClassVar[bool] = False

    teacher: nn.Module | None = None
    teacher_logits: str | None = None
    teacher_inputs: tuple[str, ...] | None = None
    labels: CrossEntropy = field(default_factory=CrossEntropy)
    temperature: float = 2.0
    soft: float = 0.5

    def __post_init__(self) -> None:
        if (self.teacher is None) == (self.teacher_logits is None):
            raise RecipeError(
                "distillation needs a teacher or its logits, one of the two",
                where="objective",
                mend="Distillation(teacher=MODULE) or Distillation(teacher_logits=NAME)",
            )
        if self.teacher is not None:
            self.teacher.eval().requires_grad_(False)

    def parts(self, model: nn.Module, batch: Tensors) -> Mapping[str, LossPart]:
        output = called(model, self.labels.inputs, batch)
        hard = self.labels.judge(output, batch)
        student = chosen(output, self.labels.output)
        wanted = self._wanted(batch)
        if student.shape != wanted.shape:
            raise RecipeError(
                f"the student gives {tuple(student.shape)}, the teacher {tuple(wanted.shape)}",
                where="objective",
                mend="give the student as many classes as the teacher has",
            )
        divergences = functional.kl_div(
            (student / self.temperature).log_softmax(-1),
            (wanted / self.temperature).log_softmax(-1),
            reduction="none",
            log_target=True,
        ).sum(-1)
        counted = self._counted(batch)
        total = self.temperature**2 * (divergences * counted).sum()
        return {
            "soft": LossPart(total, counted.sum(), self.soft),
            "hard": LossPart(hard.sum, hard.count, 1 - self.soft),
        }

    def counts(self, batch: Tensors) -> Mapping[str, Tensor]:
        return {"soft": self._counted(batch).sum(), "hard": self.labels.count(batch)}

    def _wanted(self, batch: Tensors) -> Tensor:
        """The teacher's logits."""
        if self.teacher is None:
            assert self.teacher_logits is not None
            return chosen(taken(batch, self.teacher_logits), None)
        inputs = self.teacher_inputs or self.labels.inputs
        first, device = next(self.teacher.parameters(), None), taken(batch, inputs[0]).device
        if first is not None and first.device != device:
            self.teacher.to(device)
        with torch.no_grad():
            return chosen(called(self.teacher, inputs, batch), self.labels.output)

    def _counted(self, batch: Tensors) -> Tensor:
        """What each divergence is worth: 1, or the row's weight; 0 where there is no label."""
        of_labels = CrossEntropy().weights(self.labels.goal(batch))
        if self.labels.weight is None:
            return of_labels
        return of_labels * spread(taken(batch, self.labels.weight), of_labels)
