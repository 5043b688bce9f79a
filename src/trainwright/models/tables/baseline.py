"""What a model must beat: the share of each class, or one number for all rows.

The number is the mean, or the median where the target is heavy-tailed and absolute error counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import CurvePoint
from trainwright.core.clock import Pacer
from trainwright.core.columns import Column, Target
from trainwright.core.durable import read_json, write_json
from trainwright.core.features import Examples, FeatureNeeds, Features
from trainwright.core.parts import families
from trainwright.core.protocols import Fit, Workplace
from trainwright.models.tables.family import TableFamily
from trainwright.models.tables.losses import proper_loss, weighted_middle
from trainwright.recipe.sections import TrainingSettings

_FILE = "estimator.json"


@dataclass(frozen=True, slots=True)
class BaselineEstimator:
    """The same answer for every row.

    Attributes:
        answer: Probabilities of shape (classes,), or one number, shape ().
    """

    answer: NDArray[np.float64]

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "baseline"

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Shape (rows, classes), or (rows,); of words (words, classes)."""
        words = features.row_words
        items = features.num_rows if words is None else int(words.sum())
        return np.repeat(self.answer[None], items, axis=0)

    def save(self, folder: Path) -> None:
        write_json(folder / _FILE, {"answer": self.answer.tolist()})

    @classmethod
    def load(cls, folder: Path) -> BaselineEstimator:
        """From a folder whose hashes the caller has verified."""
        return cls(np.asarray(read_json(folder / _FILE)["answer"], dtype=np.float64))


@families.register
class Baseline(TableFamily):
    """Class shares, mean or median of the train rows; looks at no feature."""

    family: Literal["baseline"] = "baseline"
    """What any model must beat."""

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """It looks at no column, so any will do; a forecast has baselines of its own."""
        return "a forecast's baseline is seasonal-naive" if target.horizon else ""

    @property
    def needs(self) -> FeatureNeeds:
        """Nothing."""
        return FeatureNeeds(text=False)

    @property
    def cost(self) -> int:
        """The cheapest."""
        return 0

    def fit(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        pacer: Pacer,
        workplace: Workplace,
    ) -> Fit:
        estimator = BaselineEstimator(_answer(train.target, target, train.weights))
        losses = [
            None if rows is None else proper_loss(estimator.predict(rows.features), rows, target)
            for rows in (train, validation)
        ]
        curve = (CurvePoint(1, losses[0], losses[1]),)
        return Fit(estimator, iterations=1, stopped="converged", curve=curve)


def _answer(
    values: NDArray[np.float64], target: Target, weights: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Class shares with one row's weight spread evenly, so that none is 0; or the middle value."""
    if target.task.has_classes:
        num_classes = len(target.classes)
        counts = np.bincount(values.astype(np.int64), weights, minlength=num_classes)
        shares: NDArray[np.float64] = (counts + 1 / num_classes) / (counts.sum() + 1)
        return shares
    if weights is not None:
        return np.asarray(weighted_middle(values, weights, of_absolute=target.heavy_tailed))
    middle = np.median(values) if target.heavy_tailed else np.mean(values)
    return np.asarray(middle, dtype=np.float64)
