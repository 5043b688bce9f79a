"""How far windows reach: the steps ahead, the steps that are looked back at, and the steps of a season.

What the recipe does not say is taken from train rows. What it says must be there: a season as long as the
series would compare no step with any other, and the error of the seasonal forecast would be 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.errors import Fault, RecipeError
from trainwright.data.chronology import TRAIN
from trainwright.data.series.preparation import filled
from trainwright.data.series.seasons import find_season
from trainwright.data.series.steps import Steps
from trainwright.recipe.data import SeriesSettings

LEAST_CONTEXT = 16


@dataclass(frozen=True, slots=True)
class Shape:
    """The reach of a window, in steps.

    Attributes:
        horizon: Steps that are predicted.
        context: Steps of the past that are looked at, at most.
        season: Steps of a season; 1: there is none.
    """

    horizon: int
    context: int
    season: int


def shape_of(
    train: Sequence[NDArray[np.float64]], steps: Steps, series: SeriesSettings, *, horizon: int
) -> Shape:
    """Context and season: as the recipe says, else by the train rows.

    Args:
        train: Of `train_values`.
        steps: All series.
        series: Of the recipe.
        horizon: Steps that are predicted.

    Raises:
        RecipeError: the recipe's reach further back than any series does.
    """
    _check_reach(
        series,
        longest=int(np.diff(steps.starts).max(initial=0)),
        longest_in_train=max(map(len, train), default=0),
    )
    season = series.season
    if season is None:
        season = find_season(train, longest=series.context)
    return Shape(horizon, series.context or max(3 * horizon, 2 * season, LEAST_CONTEXT), season)


def train_values(steps: Steps, parts: NDArray[np.int8], name: str) -> list[NDArray[np.float64]]:
    """Values of one column in train, gaps filled: an array of shape (steps,) for each series with any."""
    values = steps.frame[name].fill_null(float("nan")).to_numpy()
    found = []
    for start, stop in zip(steps.starts[:-1], steps.starts[1:], strict=True):
        own = values[start:stop][parts[start:stop] == TRAIN]
        if len(own):
            found.append(filled(own, np.array([len(own)])))
    return found


def naive_error(series: Sequence[NDArray[np.float64]], season: int) -> float:
    """Mean absolute difference of steps one season apart; 0 where there are none."""
    apart = [np.abs(values[season:] - values[:-season]) for values in series]
    joined = np.concatenate([np.empty(0), *apart])
    return float(joined.mean()) if len(joined) else 0.0


def _check_reach(series: SeriesSettings, *, longest: int, longest_in_train: int) -> None:
    faults = []
    if series.season is not None and series.season >= longest_in_train:
        faults.append(_too_far("season", series.season, longest_in_train, " in train"))
    if series.context is not None and series.context > longest:
        faults.append(_too_far("context", series.context, longest, ""))
    if faults:
        raise RecipeError.of(faults)


def _too_far(name: str, steps: int, longest: int, where: str) -> Fault:
    return Fault(
        f"{name} is {steps:,} steps, and the longest series has {longest:,}{where}",
        f"data.series.{name}",
        f"remove {name}, which is found then; or a smaller one",
    )
