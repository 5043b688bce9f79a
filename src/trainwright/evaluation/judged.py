"""What a metric looks at, and what a metric is: a value of mergeable statistics, an interval of the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trainwright.core.artifacts import MetricValue, Prediction
from trainwright.core.columns import Task
from trainwright.summaries.intervals import Floats, Integers, Units
from trainwright.summaries.label_statistics import LabelStatistics
from trainwright.summaries.language import LanguageStatistics
from trainwright.summaries.resampling import MAX_BLOCKS, REPLICATES, Resampler
from trainwright.summaries.statistics import ClassStatistics, RegressionStatistics


class Judged:
    """Rows with their predictions, as metrics look at them.

    Args:
        prediction: Values and probabilities.
        target: Class codes as whole numbers, or values; shape (rows,), at least one row; of several
            labels (rows, labels).
        units: Of the rows.
        seed: Of the bootstrap.
        replicates: Of the bootstrap.
        max_blocks: Of the bootstrap.
        entities: Of tagged words (see `summaries.entities`); shape (rows, 3).
        naive_error: Of a forecast (see `core.columns.Target`).
        told: Texts are judged by the bits spent on them: values are of shape (rows, 3).
    """

    def __init__(
        self,
        prediction: Prediction,
        target: Floats,
        *,
        units: Units,
        seed: int,
        replicates: int = REPLICATES,
        max_blocks: int = MAX_BLOCKS,
        entities: Floats | None = None,
        naive_error: float | None = None,
        told: bool = False,
    ) -> None:
        self.told = told
        self.values = np.asarray(prediction.values)
        self.probabilities = prediction.probabilities
        self.target = target
        self.units = units
        self._seed = seed
        self._replicates = replicates
        self._max_blocks = max_blocks
        self.entities = entities
        self.naive_error = naive_error

    @cached_property
    def resampler(self) -> Resampler:
        """Made when the first metric asks for it."""
        return Resampler(
            self.units, seed=self._seed, replicates=self._replicates, max_blocks=self._max_blocks
        )

    @cached_property
    def codes(self) -> Integers:
        """True classes; of several labels 1 where a row has one."""
        return self.target.astype(np.int64)

    @property
    def class_probabilities(self) -> Floats:
        """Probabilities; classification only."""
        assert self.probabilities is not None
        return self.probabilities

    @property
    def of_labels(self) -> bool:
        """Rows have several labels: values, probabilities and target are of shape (rows, labels)."""
        return self.probabilities is not None and self.values.ndim == 2

    @cached_property
    def statistics(
        self,
    ) -> ClassStatistics | RegressionStatistics | LanguageStatistics | LabelStatistics:
        """All that the metrics' values are computed from."""
        if self.told:
            return LanguageStatistics.of(self.values.astype(np.float64))
        if self.probabilities is None:
            return RegressionStatistics.of(
                self.values.astype(np.float64), self.target, naive_error=self.naive_error
            )
        decided = self.values.astype(np.int64)
        if self.of_labels:
            return LabelStatistics.of(self.probabilities, self.codes, decided)
        return ClassStatistics.of(self.probabilities, self.codes, decided, entities=self.entities)

    @cached_property
    def least_units(self) -> int:
        """Units that hold the rarest class that is there: what bounds the unseen."""
        present = np.unique(self.codes)
        return min(len(np.unique(self.units.place[self.codes == k])) for k in present)


# Statistics to the metric's value; None where it is not defined (one class, constant target).
Value = Callable[[Any], float | None]
# Rows, the value and the level to the metric with its interval.
Interval = Callable[[Judged, float, float], MetricValue]


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the registry.

    Attributes:
        name: As in recipes and JSON.
        task: What it judges.
        greater_is_better: Direction.
        value: From statistics.
        interval: Around the value.
        binary_only: Not defined for more than two classes.
        of_counts: The same from confusion counts, one row a choice of threshold, where it depends on
            decided classes; a threshold can then be chosen by it.
        of_texts: Of the texts that the chosen model writes (`evaluation.text_metrics`): a gate may ask
            for it, and no candidate is compared by it.
    """

    name: str
    task: Task
    greater_is_better: bool
    value: Value
    interval: Interval
    binary_only: bool = False
    of_counts: Callable[[Floats], Floats] | None = None
    of_texts: bool = False


def told(value: float, found: MetricValue) -> MetricValue:
    """The interval, with the value as the statistics give it (they round once)."""
    return MetricValue(value, min(value, found.low), max(value, found.high))
