"""What a forecast must beat: the last value again, or the value one season before.

A history that is shorter than a season, or a series without one, is answered by its last value.

Source: Hyndman & Athanasopoulos 2021, Forecasting: principles and practice, 3rd ed., sect. 5.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import CurvePoint
from trainwright.core.clock import Pacer
from trainwright.core.columns import Target, Task
from trainwright.core.durable import read_json, write_json
from trainwright.core.errors import TrustError
from trainwright.core.features import Examples, Series
from trainwright.core.parts import families
from trainwright.core.protocols import Fit, Workplace
from trainwright.models.sequences.family import SeriesFamilyBase
from trainwright.recipe.sections import TrainingSettings

_FILE = "estimator.json"


@dataclass(frozen=True, slots=True)
class NaiveEstimator:
    """Looks back one season.

    Attributes:
        horizon: Steps ahead.
        season: Steps back; 1 is the last value.
    """

    horizon: int
    season: int

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "naive"

    def predict(self, features: Series) -> NDArray[np.float64]:
        """Shape (rows, horizon), in the target's own units."""
        lengths = np.diff(features.ends, prepend=0)
        seasons = np.where(lengths >= self.season, self.season, 1)[:, None]
        ahead = np.arange(self.horizon)[None, :]
        steps = features.ends[:, None] - seasons + ahead % seasons
        found: NDArray[np.float64] = (
            features.values[steps, 0] * features.scale[0] + features.centre[0]
        )
        return found

    def save(self, folder: Path) -> None:
        write_json(folder / _FILE, {"horizon": self.horizon, "season": self.season})

    @classmethod
    def load(cls, folder: Path) -> NaiveEstimator:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: the file is no such estimator.
        """
        document = read_json(folder / _FILE)
        try:
            return cls(int(document["horizon"]), int(document["season"]))
        except (KeyError, TypeError, ValueError) as error:
            raise TrustError(
                f"not an estimator of ours: {error!r:.120}", where=str(folder / _FILE)
            ) from error


class _Naive(SeriesFamilyBase):
    """What the two have in common."""

    tasks: ClassVar[tuple[Task, ...]] = (Task.FORECASTING,)

    @property
    def settings(self) -> frozenset[str]:
        """The clock, the seed and the threads; nothing is learned."""
        return frozenset({"budget", "seed", "threads"})

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
        """Nothing is learned; the curve tells the losses."""
        estimator = NaiveEstimator(target.horizon, self.look_back(target))
        losses = [
            None if rows is None else _loss(estimator.predict(rows.features), rows, target)
            for rows in (train, validation)
        ]
        curve = (CurvePoint(1, losses[0], losses[1]),)
        return Fit(estimator, iterations=1, stopped="converged", curve=curve)

    def look_back(self, target: Target) -> int:
        """How many steps back it looks."""
        raise NotImplementedError


@families.register
class Naive(_Naive):
    """The last value, for every step ahead."""

    family: Literal["naive"] = "naive"
    """The last value again."""

    def look_back(self, target: Target) -> int:
        """One step."""
        return 1


@families.register
class SeasonalNaive(_Naive):
    """The value one season before; the last value where there is no season."""

    family: Literal["seasonal-naive"] = "seasonal-naive"
    """What any forecast must beat."""

    def look_back(self, target: Target) -> int:
        """A season, as the recipe says it or as train rows show it."""
        return target.season


def _loss(answers: NDArray[np.float64], rows: Examples, target: Target) -> float:
    """Absolute or squared error, over all steps of all rows."""
    error: NDArray[Any] = answers - rows.target
    return float(np.mean(np.abs(error) if target.heavy_tailed else np.square(error)))
