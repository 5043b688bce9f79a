"""What families of language share that count a text once and train nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import CurvePoint
from trainwright.core.columns import Column, Target
from trainwright.core.features import Examples
from trainwright.core.language import NATS, TOKENS, Passages
from trainwright.core.parts import Part


class Counting(Part):
    """A family without a loop: nothing of `training` can be set but what bounds and seeds it."""

    @property
    def settings(self) -> frozenset[str]:
        """The clock, the seed and the threads."""
        return frozenset({"budget", "seed", "threads"})

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """It tells texts."""
        return "" if target.task.is_language else f"it cannot learn {target.task.value}"


class Telling(Protocol):
    """An estimator of texts."""

    def predict(self, features: Passages) -> NDArray[np.float64]:
        """Nats, tokens and bytes of what each row tells; shape (rows, 3)."""
        ...


def curve_of(
    estimator: Telling, train: Examples, validation: Examples | None
) -> tuple[CurvePoint, ...]:
    """The one point of its curve: nats a token on train and, where there are any, on validation rows."""
    losses = [
        None if rows is None else _loss(estimator.predict(rows.features))
        for rows in (train, validation)
    ]
    return (CurvePoint(1, losses[0], losses[1]),)


def _loss(told: NDArray[np.float64]) -> float:
    """Nats a token, over all rows; 0 where nothing is told."""
    tokens = math.fsum(told[:, TOKENS])
    return math.fsum(told[:, NATS]) / tokens if tokens else 0.0
