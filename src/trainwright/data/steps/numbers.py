"""Numbers: as they are for trees; centred, scaled and bounded for a linear model.

Trees take a missing number as it is (NaN) and do not mind scale, so nothing is fitted for them. For
a linear model a number becomes (x - median) / IQR, which outliers do not move, bounded to [-10,
10], so that one wild value cannot rule the gradient. A missing number becomes the median, that is
0, and where train rows lacked it, a second feature says so. Where the IQR is 0 (mostly one value)
the standard deviation is used, and 1 where that is 0 too. The cost of the bound: beyond ten IQRs a
linear model sees no difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.steps.step import NAN, Step, Summary
from trainwright.summaries.moments import Moments
from trainwright.summaries.sketches import Quantiles

BOUND = 10.0
EXACT_ROWS = 1 << 20  # up to so many rows median and IQR are exact, beyond within 0.4 %


@dataclass(frozen=True, slots=True)
class PassedNumber(Step):
    """A number as it is; NaN where missing or not finite."""

    column: str
    kind = "number"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column,)

    def fill(self, series: pl.Series, out: NDArray[np.float64]) -> None:
        out[:, 0] = finite_numbers(series)

    def row(self, value: Any) -> Sequence[float]:  # noqa: ANN401 - a number or None
        return (finite_number(value),)

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PassedNumber:
        return cls(value["column"])


@dataclass(frozen=True, slots=True)
class ScaledNumber(Step):
    """(x - centre) / scale, bounded; 0 where missing.

    Attributes:
        centre: Median of the train rows.
        scale: Their interquartile range, > 0.
        indicates: A second feature is 1 where the number is missing.
    """

    column: str
    centre: float
    scale: float
    indicates: bool
    kind = "scaled-number"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column, f"{self.column}.missing") if self.indicates else (self.column,)

    def fill(self, series: pl.Series, out: NDArray[np.float64]) -> None:
        numbers = finite_numbers(series)
        missing = np.isnan(numbers)
        with np.errstate(over="ignore"):
            scaled = (numbers - self.centre) / self.scale
        out[:, 0] = np.where(missing, 0.0, np.clip(scaled, -BOUND, BOUND))
        if self.indicates:
            out[:, 1] = missing

    def row(self, value: Any) -> Sequence[float]:  # noqa: ANN401 - a number or None
        number = finite_number(value)
        if number != number:
            return (0.0, 1.0) if self.indicates else (0.0,)
        scaled = (number - self.centre) / self.scale
        bounded = BOUND if scaled > BOUND else -BOUND if scaled < -BOUND else scaled
        return (bounded, 0.0) if self.indicates else (bounded,)

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "centre": self.centre,
            "scale": self.scale,
            "indicates": self.indicates,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ScaledNumber:
        return cls(**value)


class PassedNumberSummary(Summary):
    """Nothing is fitted."""

    def __init__(self, column: str) -> None:
        self._column = column

    def observe(self, block: pl.Series) -> None:
        """Nothing to remember."""

    def merge(self, other: PassedNumberSummary) -> None:
        """Nothing to remember."""

    def finish(self) -> PassedNumber:
        return PassedNumber(self._column)


class ScaledNumberSummary(Summary):
    """Quantiles, moments and nulls. Values are held as they are until there are too many."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._blocks = 0
        self._nulls = 0
        self._held: list[NDArray[np.float64]] = []
        self._bucketed = Quantiles.of(np.empty(0), exact_rows=EXACT_ROWS)
        self._moments = Moments()

    def observe(self, block: pl.Series) -> None:
        numbers = finite_numbers(block)
        present = numbers[~np.isnan(numbers)]
        self._moments = self._moments.merge(Moments.of(numbers, first_block=self._blocks))
        self._blocks += 1
        self._nulls += len(numbers) - len(present)
        self._hold([present])

    def merge(self, other: ScaledNumberSummary) -> None:
        shifted = [(block + self._blocks, *rest) for block, *rest in other._moments.partials]
        self._moments = self._moments.merge(Moments(tuple(shifted)))  # type: ignore[arg-type]
        self._blocks += other._blocks
        self._nulls += other._nulls
        self._bucketed = self._bucketed.merge(other._bucketed)
        self._hold(other._held)

    def finish(self) -> ScaledNumber:
        self._fold()
        low, centre, high = self._bucketed.quantile([0.25, 0.5, 0.75]).tolist()
        scales = (high - low, self._moments.std or 0.0, 1.0)
        return ScaledNumber(
            self._column,
            centre=0.0 if math.isnan(centre) else centre,
            scale=next(scale for scale in scales if 0.0 < scale < math.inf),
            indicates=self._nulls > 0,
        )

    def _hold(self, values: list[NDArray[np.float64]]) -> None:
        self._held += values
        if sum(map(len, self._held)) > EXACT_ROWS:
            self._fold()

    def _fold(self) -> None:
        if self._held:
            held = Quantiles.of(np.concatenate(self._held), exact_rows=EXACT_ROWS)
            self._bucketed = self._bucketed.merge(held)
            self._held = []


def finite_numbers(series: pl.Series) -> NDArray[np.float64]:
    """A column as float64, NaN where missing or not finite."""
    numbers = series.cast(pl.Float64).to_numpy()
    finite = np.isfinite(numbers)
    return numbers if finite.all() else np.where(finite, numbers, NAN)


def finite_number(value: Any) -> float:  # noqa: ANN401 - a number or None
    """One number as a float, NaN where missing or not finite."""
    if value is None:
        return NAN
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond float64
        return NAN
    return number if -math.inf < number < math.inf else NAN
