"""The evaluation objective over a whole source, in sums of float64: the same number for any batch size.

Weights are used as they are, in full precision, since that is how a model is served; the module is
in evaluation mode and nothing is augmented. An objective that draws at random (masked tokens) draws
the same at every evaluation. Cost: a pass over the source, without gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from trainwright.training.generators import own_generators
from trainwright.training.protocols import Evaluated, Objective

if TYPE_CHECKING:
    from trainwright.training.loop import Batch


def evaluate(
    model: nn.Module,
    objective: Objective,
    batches: Iterable[Batch],
    *,
    device: torch.device,
    seed: int = 0,
    stopped: Callable[[], bool] = lambda: False,
) -> Evaluated | None:
    """Judge a model on batches.

    Args:
        model: Left in the mode that it was in.
        objective: Gives sums and counts.
        batches: All of the source, on the model's device.
        device: Of the model.
        seed: Of what the objective draws.
        stopped: Asked between batches; True ends the pass.

    Returns:
        The losses, or None where the pass was ended.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    totals = _Totals(device)
    try:
        with own_generators(device, seed=seed), torch.no_grad():
            for _rows, tensors in batches:
                for name, part in objective.parts(model, tensors).items():
                    totals.add(name, part.sum, part.count, part.weight)
                if stopped():
                    return None
    finally:
        for module, mode in modes:
            module.training = mode
    return totals.evaluated()


class _Totals:
    """Sums and counts of each part; left on the device until all is added."""

    def __init__(self, device: torch.device) -> None:
        # Where a device has no float64 the sums are kept on the CPU, at a wait a batch.
        self._device = torch.device("cpu") if device.type == "mps" else device
        self._sums: dict[str, Tensor] = {}
        self._weights: dict[str, Tensor | float] = {}

    def add(self, name: str, total: Tensor, count: Tensor, weight: Tensor | float) -> None:
        if name not in self._sums:
            self._sums[name] = torch.zeros(2, dtype=torch.float64, device=self._device)
        self._sums[name] += torch.stack([total.double(), count.double()]).to(self._device)
        self._weights[name] = weight

    def evaluated(self) -> Evaluated:
        parts: dict[str, float] = {}
        metrics: dict[str, float] = {}
        loss = 0.0
        for name, pair in self._sums.items():
            total, count = pair.tolist()
            mean, weight = total / count if count else 0.0, float(self._weights[name])
            (parts if weight else metrics)[name] = mean
            loss += weight * mean if weight else 0.0
        return Evaluated(loss, parts, metrics)
