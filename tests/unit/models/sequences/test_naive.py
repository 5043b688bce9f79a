from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from series_case import TARGETS
from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target
from trainwright.core.errors import TrustError
from trainwright.core.features import Examples, Series
from trainwright.core.parts import families
from trainwright.core.protocols import Workplace
from trainwright.models.sequences.naive import NaiveEstimator
from trainwright.recipe.sections import TrainingSettings

HISTORY = Series(
    values=np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0]]),
    ends=np.array([5, 7]),
    names=("y",),
    centre=np.array([10.0]),
    scale=np.array([2.0]),
)


def fitted(family: str, target: Target) -> NaiveEstimator:
    examples = Examples(HISTORY, np.full((2, target.horizon), 12.0))
    fit = families.find(family)().fit(  # type: ignore[attr-defined]
        examples,
        examples,
        target=target,
        training=TrainingSettings(),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(Path()),
    )
    assert fit.curve[0].validation == fit.curve[0].train > 0
    return fit.estimator


def test_naive_says_the_last_value_again_in_the_targets_units() -> None:
    found = fitted("naive", TARGETS["forecasting"]).predict(HISTORY)
    assert found.tolist() == [[20.0, 20.0, 20.0], [24.0, 24.0, 24.0]]


def test_seasonal_naive_says_the_value_one_season_before() -> None:
    found = fitted("seasonal-naive", TARGETS["forecasting"]).predict(HISTORY)
    assert found[0].tolist() == [14.0, 16.0, 18.0]


def test_a_season_goes_round_where_the_horizon_is_longer() -> None:
    assert NaiveEstimator(5, 2).predict(HISTORY)[0].tolist() == [18.0, 20.0, 18.0, 20.0, 18.0]


def test_a_history_shorter_than_a_season_is_answered_by_its_last_value() -> None:
    assert NaiveEstimator(2, 4).predict(HISTORY)[1].tolist() == [24.0, 24.0]


def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    NaiveEstimator(5, 2).save(tmp_path)
    assert NaiveEstimator.load(tmp_path) == NaiveEstimator(5, 2)
    (tmp_path / "estimator.json").write_text("{}")
    with pytest.raises(TrustError, match="not an estimator of ours"):
        NaiveEstimator.load(tmp_path)


def test_it_forecasts_series_and_nothing_else() -> None:
    family = families.find("naive")()
    channel, number = Column("y", ColumnType.SERIES), Column("z", ColumnType.NUMBER)
    assert family.unfit([channel], TARGETS["forecasting"]) == ""  # type: ignore[attr-defined]
    assert "classification" in family.unfit([channel], TARGETS["classification"])  # type: ignore[attr-defined]
    assert "'z'" in family.unfit([channel, number], TARGETS["forecasting"])  # type: ignore[attr-defined]
