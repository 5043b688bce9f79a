"""A plan whose student learns from a teacher: its answers stand beside the labels of the train rows.

The teacher is asked once, before the fit, about the rows as they are: augmentation changes what the
student sees and not what it is told. So a step costs no more than without a teacher.

Source: Hinton, Vinyals & Dean 2015, arXiv:1503.02531.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.errors import RecipeError
from trainwright.models.networks.plan import NetworkPlan
from trainwright.recipe.sections import Distillation as Settings
from trainwright.training.feeding.sources import WithLengths
from trainwright.training.objectives import CrossEntropy, Distillation
from trainwright.training.protocols import Measured, Source

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors

_TEACHER = "teacher"


def distilled(plan: NetworkPlan, teacher: NDArray[np.float64], settings: Settings) -> NetworkPlan:
    """The plan with the teacher's logits in its batches and in its objective.

    Args:
        plan: Of a student that minimises cross-entropy.
        teacher: Probabilities, shape (rows, classes).
        settings: Temperature and weight.

    Raises:
        RecipeError: the student learns something else than classes, or a row is several samples.
    """
    if not isinstance(plan.objective, CrossEntropy) or len(plan.train) != len(teacher):
        raise RecipeError(
            "this network cannot learn from a teacher: it needs one sample a row, and cross-entropy",
            where="training.distillation",
            mend="remove distillation; or over_long: truncate, and no other objective",
        )
    logits = np.log(np.clip(teacher, 1e-12, None)).astype(np.float32)
    objective = Distillation(
        teacher_logits=_TEACHER,
        labels=plan.objective,
        temperature=settings.temperature,
        soft=settings.soft,
    )
    return replace(plan, objective=objective, train=_taught(plan.train, logits))


class _Taught:
    """A source with the teacher's logits in each batch."""

    def __init__(self, source: Source, logits: NDArray[np.float32]) -> None:
        self._source = source
        self._logits = logits

    def __len__(self) -> int:
        return len(self._source)

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        made = self._source.batch(rows, epoch=epoch, training=training)
        return {**made, _TEACHER: torch.from_numpy(self._logits[rows])}


def _taught(source: Source, logits: NDArray[np.float32]) -> Source:
    taught = _Taught(source, logits)
    return WithLengths(taught, source.lengths) if isinstance(source, Measured) else taught
