"""A plan whose rows do not all count alike: each row's weight stands in the batch beside its target.

The sum of a batch's losses is weighted and divided by the sum of its weights, so that a row of weight 2
counts as two equal rows, whatever the size of the pieces a batch is cut into. Validation is judged by
the plan's own proper loss, which knows no weights.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.errors import RecipeError
from trainwright.models.networks.plan import NetworkPlan
from trainwright.training.feeding.sources import WithLengths
from trainwright.training.objectives.multitask import MultiTask
from trainwright.training.objectives.supervised import Supervised
from trainwright.training.protocols import Measured, Objective, Source

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors

_WEIGHT = "row_weight"


def weighted(plan: NetworkPlan, weights: NDArray[np.float64], *, mixing: bool) -> NetworkPlan:
    """The plan with the rows' weights in its batches and in its objective.

    Args:
        plan: Of a network with one sample a row.
        weights: Above 0, shape (rows,).
        mixing: Rows of a batch are blended.

    Raises:
        RecipeError: a row is several samples, rows are blended, or the objective knows no weights.
    """
    objective, former = _weighing(plan.objective)
    if objective is None or len(plan.train) != len(weights) or (mixing and plan.mixes):
        raise RecipeError(
            "this network cannot weigh rows: it needs one sample a row, an objective of a target,"
            " and no mixing",
            where="data.balance",
            mend="balance: undersample or none; or over_long: truncate, and mixing: null",
        )
    return replace(plan, objective=objective, train=_with_weights(plan.train, weights, former))


def _weighing(objective: Objective) -> tuple[Objective | None, str | None]:
    """The objective that looks at the weights, and the tensor of weights that it looked at before."""
    if isinstance(objective, Supervised):
        return replace(objective, weight=_WEIGHT), objective.weight
    if isinstance(objective, MultiTask) and all(
        task.weight is None for task in objective.tasks.values()
    ):
        tasks = {name: replace(task, weight=_WEIGHT) for name, task in objective.tasks.items()}
        return replace(objective, tasks=tasks), None
    return None, None


class _Weighted:
    """A source with the weights of the rows in each batch, times those that it had."""

    def __init__(self, source: Source, weights: NDArray[np.float32], former: str | None) -> None:
        self._source = source
        self._weights = weights
        self._former = former

    def __len__(self) -> int:
        return len(self._source)

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        made = self._source.batch(rows, epoch=epoch, training=training)
        weights = torch.from_numpy(self._weights[rows])
        if self._former is not None:
            weights = weights * made[self._former]
        return {**made, _WEIGHT: weights}


def _with_weights(source: Source, weights: NDArray[np.float64], former: str | None) -> Source:
    made = _Weighted(source, weights.astype(np.float32), former)
    return WithLengths(made, source.lengths) if isinstance(source, Measured) else made
