"""Several tasks at once: a trunk that they share, a head each, and a loss of several parts.

Each task has its own count: a row whose target of a task is missing (NaN, or -100 for class ids)
does not count there, and counts in all others. Weights are fixed, or learnt as the uncertainty of
each task; what is learnt belongs to the model, so that it is optimised, averaged and saved with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from trainwright.core.errors import RecipeError
from trainwright.training.objectives import IGNORED
from trainwright.training.objectives.supervised import Supervised, called, chosen, spread, taken
from trainwright.training.protocols import LossPart

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors

_REGULARISER = "log_deviations"
_WEIGHT = "weight of a task"


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiTask:
    """A sum of tasks' losses over one forward pass.

    With uncertainty, task t with loss L and log variance s costs c exp(-s) L + s / 2, where c is
    its fixed weight times its `likelihood_factor`: half for squared errors, else 1.

    Attributes:
        tasks: Name -> objective; its `output`, `target` and `weight` say what it judges.
        inputs: Tensors of the batch that the model is called with, in order.
        weights: Name -> fixed weight; 1 where not said.
        uncertainty: The entry of the output that holds a log variance a task, shape (tasks,), in
            the order of `tasks`; None: fixed weights alone.

    Source: Kendall, Gal & Cipolla 2018, arXiv:1705.07115, eq. 7 and 10.
    """

    couples_rows: ClassVar[bool] = False

    tasks: Mapping[str, Supervised]
    inputs: tuple[str, ...] = ("inputs",)
    weights: Mapping[str, float] = field(default_factory=dict)
    uncertainty: str | None = None

    def __post_init__(self) -> None:
        strangers = set(self.weights) - set(self.tasks)
        if strangers or not self.tasks or _REGULARISER in self.tasks:
            raise RecipeError(
                f"tasks are {sorted(self.tasks)}, weights are of {sorted(self.weights)}",
                where="objective",
                mend=f"name at least one task, none {_REGULARISER!r}, and weigh only tasks",
            )

    def parts(self, model: nn.Module, batch: Tensors) -> Mapping[str, LossPart]:
        output = called(model, self.inputs, batch)
        found = {name: self._task(name, output, batch) for name in self.tasks}
        if self.uncertainty is None:
            return found
        logs = chosen(output, self.uncertainty)
        for position, (name, task) in enumerate(self.tasks.items()):
            part = found[name]
            weight = part.weight * task.likelihood_factor * torch.exp(-logs[position])
            found[name] = LossPart(part.sum, part.count, weight)
        rows = self._num_rows(batch)
        return {**found, _REGULARISER: LossPart(logs.sum() / 2 * rows, rows)}

    def counts(self, batch: Tensors) -> Mapping[str, Tensor]:
        counts = {
            name: judge.count(present)
            for name, task in self.tasks.items()
            for judge, present in [_present(task, batch)]
        }
        if self.uncertainty is None:
            return counts
        return {**counts, _REGULARISER: self._num_rows(batch)}

    def _task(self, name: str, output: object, batch: Tensors) -> LossPart:
        judge, present = _present(self.tasks[name], batch)
        part = judge.judge(output, present)
        return LossPart(part.sum, part.count, self.weights.get(name, 1.0))

    def _num_rows(self, batch: Tensors) -> Tensor:
        first = taken(batch, self.inputs[0])
        return torch.full((), float(len(first)), device=first.device)


class SharedTrunk(nn.Module):
    """A trunk whose features go to a head for each task.

    Args:
        trunk: Called with the batch's inputs.
        heads: Name -> module called with what the trunk gives.
        uncertainty: The name under which a learnt log variance a head is given too, all 0 at first; None:
            none is.
    """

    def __init__(
        self, trunk: nn.Module, heads: Mapping[str, nn.Module], *, uncertainty: str | None = None
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleDict(heads)
        self.uncertainty = uncertainty
        if uncertainty is not None:
            self.log_variances = nn.Parameter(torch.zeros(len(heads)))

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Name -> output of each head."""
        features = self.trunk(*inputs)
        outputs: dict[str, Tensor] = {name: head(features) for name, head in self.heads.items()}
        return (
            outputs
            if self.uncertainty is None
            else {**outputs, self.uncertainty: self.log_variances}
        )


def _present(task: Supervised, batch: Tensors) -> tuple[Supervised, dict[str, Tensor]]:
    """The task over a batch in which missing targets are 0 and weigh 0."""
    target = taken(batch, task.target)
    missing = target.isnan() if target.is_floating_point() else target == IGNORED
    weight = (~missing).float()
    if task.weight is not None:
        weight = weight * spread(taken(batch, task.weight), weight)
    present = {**batch, task.target: target.masked_fill(missing, 0), _WEIGHT: weight}
    return replace(task, weight=_WEIGHT), present
