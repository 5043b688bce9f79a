"""Multiple choice by likelihood: the answer that a language model finds the least surprising.

A long answer costs more nats than a short one, whatever it says. So the choice is made by nats per byte;
per token (which depends on the tokenizer) and in sum stand beside it.

Source: Brown et al. 2020, arXiv:2005.14165, section 2.4 and app. C, for likelihood and its normalisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue
from trainwright.core.errors import DataError
from trainwright.core.language import BYTES, NATS, TOKENS
from trainwright.summaries.intervals import Units, proportion_interval

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MEASURES = ("accuracy", "accuracy_per_token", "accuracy_in_sum")  # the first is per byte


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen, and how often it was right.

    Attributes:
        choices: By nats per byte, one a question; shape (questions,).
        metrics: By the names of `MEASURES`.
        chance: The accuracy of guessing.
    """

    choices: Integers
    metrics: dict[str, MetricValue]
    chance: float


def choose(
    values: Floats, sizes: Sequence[int], answers: Sequence[int], *, confidence: float = 0.95
) -> Chosen:
    """The likeliest choice of each question, the first of equal ones.

    Args:
        values: Nats, tokens and bytes of each choice, question after question; shape (choices, 3).
        sizes: Choices of each question.
        answers: The right one of each, counted from 0.
        confidence: Level of the intervals.

    Raises:
        DataError: there are no questions.
    """
    if not sizes:
        raise DataError(
            "there are no questions", where="multiple choice", mend="give a file with one a line"
        )
    right = np.array(answers, dtype=np.int64)
    units = Units.of(np.arange(len(sizes)))
    nats = values[:, NATS]
    costs = (
        nats / np.maximum(values[:, BYTES], 1.0),
        nats / np.maximum(values[:, TOKENS], 1.0),
        nats,
    )
    picked = [_least(cost, sizes) for cost in costs]
    return Chosen(
        choices=picked[0],
        metrics={
            name: proportion_interval(
                (choice == right).astype(np.float64), units, confidence=confidence
            )
            for name, choice in zip(MEASURES, picked, strict=True)
        },
        chance=float(np.mean([1 / size for size in sizes])),
    )


def _least(costs: Floats, sizes: Sequence[int]) -> Integers:
    parts = np.split(costs, np.cumsum(sizes)[:-1])
    return np.array([int(np.argmin(part)) for part in parts], dtype=np.int64)
