"""What a network for tables learns of one target: on which scale, by which objective, from where on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from trainwright.core.columns import Target, Task
from trainwright.core.parts import Part
from trainwright.models.links import Link, links_for
from trainwright.training.objectives import IGNORED
from trainwright.training.objectives.binary import BinaryCrossEntropy
from trainwright.training.objectives.categorical import CrossEntropy
from trainwright.training.objectives.classification import CrossEntropyPart
from trainwright.training.objectives.deviation import MeanAbsolute, MeanSquared
from trainwright.training.objectives.regression import MeanAbsolutePart, MeanSquaredPart

if TYPE_CHECKING:
    from trainwright.training.objectives.supervised import Supervised

_OF_MEANS = ("mse", "huber")  # estimates of means: a bent scale would not keep them


@dataclass(frozen=True, slots=True)
class TableTask:
    """One target, as a network learns it.

    Attributes:
        name: Of the target's column.
        num_classes: 0 for regression.
        by_label: The classes are labels of which a row has any number: each has a score of its own.
        link: From the learnt scale to the target's.
        objective: What training minimises, on one network's scores.
        judge: The proper loss, on the same.
        start: Scores of the baseline, shape (scores,).
    """

    name: str
    num_classes: int
    link: Link
    objective: Supervised
    judge: Supervised
    start: tuple[float, ...]
    by_label: bool = False

    @classmethod
    def of(
        cls, target: Target, values: NDArray[np.float64], objective: Part | None = None
    ) -> TableTask:
        """From train rows, NaN where missing; `objective` is the recipe's, or None.

        Raises:
            RecipeError: the objective is one of classes and the target has none, or the reverse.
        """
        if target.task is Task.MULTI_LABEL:
            return cls._of_labels(target, values)
        present = values[~np.isnan(values)]
        num_classes = len(target.classes)
        counts = np.bincount(present.astype(np.int64) if num_classes else [], minlength=num_classes)
        part = cast("Any", objective or _usual(target))  # of the registered objectives
        built = part.build(num_classes=num_classes, class_counts=counts.tolist())
        if num_classes:
            shares = (counts + 1 / num_classes) / (len(present) + 1)
            start = tuple(float(score) for score in np.log(shares))
            return cls(target.name, num_classes, Link(), built, CrossEntropy(), start)
        links = links_for(target, present)
        link = links[-1] if part.kind in _OF_MEANS else links[0]
        learnt = link.forward(present)
        middle = np.mean(learnt) if part.kind in _OF_MEANS else np.median(learnt)
        usual = MeanAbsolute() if target.heavy_tailed else MeanSquared()
        judge = built if part.kind == "quantile" else usual
        return cls(target.name, 0, link, built, judge, (float(middle),))

    @classmethod
    def _of_labels(cls, target: Target, values: NDArray[np.float64]) -> TableTask:
        """Each label's own log loss, from train rows of shape (rows, labels)."""
        shares = (values.sum(axis=0) + 0.5) / (len(values) + 1)
        start = tuple(float(score) for score in np.log(shares / (1 - shares)))
        loss = BinaryCrossEntropy()
        return cls(target.name, len(target.classes), Link(), loss, loss, start, by_label=True)

    @property
    def num_outputs(self) -> int:
        """Scores: one a class, or one number."""
        return self.num_classes or 1

    def learnt(self, values: NDArray[np.float64]) -> NDArray[Any]:
        """Class ids as int64, -100 where missing, or learnt values as float32, NaN where missing."""
        return learnt_target(values, self.num_classes, self.link)


def learnt_target(values: NDArray[np.float64], num_classes: int, link: Link) -> NDArray[Any]:
    """Class ids as int64, -100 where missing, or values on the learnt scale as float32; shape (rows,).

    Of several labels a row 1 or 0 as float32; shape (rows, labels).
    """
    if values.ndim == 2:
        return values.astype(np.float32)
    if not num_classes:
        return link.forward(values).astype(np.float32)
    return np.where(np.isnan(values), float(IGNORED), values).astype(np.int64)


def can_teach(values: NDArray[np.float64]) -> bool:
    """Train rows hold two values of it at least."""
    present = values[~np.isnan(values)]
    return len(present) > 0 and bool((present != present[0]).any())


def _usual(target: Target) -> Part:
    if target.classes:
        return CrossEntropyPart()
    return MeanAbsolutePart() if target.heavy_tailed else MeanSquaredPart()
