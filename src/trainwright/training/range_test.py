"""The learning-rate range test: the rate rises, and the loss says where it helps and where it harms.

The rate grows geometrically from `lowest` to `highest`; the loss is smoothed; the test ends where
it is four times the least, or not a number. What is proposed is a tenth of the rate at the least
loss: near it, but where training is still stable. The module is afterwards as it was.

Source: Smith 2017, arXiv:1506.01186, sect. 3.3; the smoothing with bias correction is that of Adam
(arXiv:1412.6980).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import Any

from torch import nn

from trainwright.core.errors import TrainingError
from trainwright.training.feed import Feed
from trainwright.training.generators import own_generators
from trainwright.training.memory import unchanged
from trainwright.training.modes import training_mode
from trainwright.training.optimizers import AdamW, ParameterGroup
from trainwright.training.protocols import Objective, Source
from trainwright.training.step import Update

SMOOTHING = 0.9
DIVERGED = 4.0
SAFETY = 10.0


@dataclass(frozen=True, slots=True)
class RangeTest:
    """What the test saw.

    Attributes:
        rates: Learning rate of each step.
        losses: Smoothed loss of each step.
        proposal: The rate to train with.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    proposal: float


def find_learning_rate(
    model: nn.Module,
    objective: Objective,
    *,
    train: Source,
    optimizer: Any = None,  # noqa: ANN401 - a part with build(groups)
    batch_size: int = 32,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    seed: int = 0,
) -> RangeTest:
    """Try rising learning rates on a module, which is then as it was.

    Args:
        model: On its device.
        objective: What a step minimises.
        train: Samples to learn from, over and over.
        optimizer: A part; AdamW where not said. Its own rate does not matter.
        batch_size: Samples a step.
        lowest: First rate.
        highest: Last rate.
        steps: Updates, at most.
        seed: Of order and dropout.

    Raises:
        TrainingError: the loss is not finite at the lowest rate.
    """
    parameters = tuple(p for p in model.parameters() if p.requires_grad)
    device = parameters[0].device
    built = (optimizer or AdamW()).build([ParameterGroup("all", parameters)])
    for group in built.param_groups:
        group["initial_lr"] = 1.0
    rising = _Rising(lowest, (highest / lowest) ** (1 / max(1, steps - 1)))
    update = Update(model, objective, built, rising)
    feed = Feed(train, seed=seed, batch_size=batch_size, tokens_per_batch=None, device=device)
    mode = model.training
    rates: list[float] = []
    losses: list[float] = []
    with unchanged([*model.parameters(), *model.buffers()]), own_generators(device, seed=seed):
        training_mode(model)
        mean = 0.0
        endless = chain.from_iterable(feed.epoch(epoch) for epoch in count())
        for step, batch in enumerate(islice(endless, steps), start=1):
            result = update(batch)
            mean = SMOOTHING * mean + (1 - SMOOTHING) * result.loss.item()
            smoothed = mean / (1 - SMOOTHING**step)
            if not bool(result.finite) or (losses and smoothed > DIVERGED * min(losses)):
                break
            rates.append(result.learning_rate)
            losses.append(smoothed)
    model.train(mode)
    if not rates:
        raise TrainingError(
            "the loss is not finite at the lowest learning rate",
            where=f"learning_rate: {lowest}",
            mend="look at the inputs: numbers that are not finite, or far from 1",
        )
    least = min(range(len(losses)), key=losses.__getitem__)
    return RangeTest(tuple(rates), tuple(losses), max(lowest, rates[least] / SAFETY))


class _Rising:
    """A schedule that rises by a factor a step."""

    def __init__(self, lowest: float, growth: float) -> None:
        self._lowest, self._growth = lowest, growth

    def factor(self, step: int) -> float:
        return self._lowest * self._growth**step

    def after_evaluation(self, loss: float) -> None:
        """Changes nothing."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """There is none."""
