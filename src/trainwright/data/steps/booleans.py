"""Booleans: 1 and 0.

Missing is NaN for trees; for a linear model 0, and where train rows lacked it, a second feature says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.steps.step import NAN, Step, Summary


@dataclass(frozen=True, slots=True)
class Boolean(Step):
    """0 or 1.

    Attributes:
        imputes: A missing value becomes 0 instead of NaN.
        indicates: A second feature is 1 where the value is missing.
    """

    column: str
    imputes: bool
    indicates: bool
    kind = "boolean"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column, f"{self.column}.missing") if self.indicates else (self.column,)

    def fill(self, series: pl.Series, out: NDArray[np.float64]) -> None:
        numbers = series.cast(pl.Float64).to_numpy()
        missing = np.isnan(numbers)
        out[:, 0] = np.where(missing, 0.0, numbers) if self.imputes else numbers
        if self.indicates:
            out[:, 1] = missing

    def row(self, value: Any) -> Sequence[float]:  # noqa: ANN401 - a boolean or None
        missing = value is None
        number = (0.0 if self.imputes else NAN) if missing else 1.0 if value else 0.0
        return (number, 1.0 if missing else 0.0) if self.indicates else (number,)

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "imputes": self.imputes, "indicates": self.indicates}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Boolean:
        return cls(**value)


class BooleanSummary(Summary):
    """Whether any value is missing."""

    def __init__(self, column: str, *, imputes: bool) -> None:
        self._column = column
        self._imputes = imputes
        self._nulls = 0

    def observe(self, block: pl.Series) -> None:
        self._nulls += block.null_count()

    def merge(self, other: BooleanSummary) -> None:
        self._nulls += other._nulls

    def finish(self) -> Boolean:
        return Boolean(self._column, self._imputes, indicates=self._imputes and self._nulls > 0)
