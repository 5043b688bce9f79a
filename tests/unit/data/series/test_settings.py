from __future__ import annotations

from typing import Any

import pytest

from trainwright.core.columns import Task
from trainwright.core.errors import RecipeError
from trainwright.data.series.settings import check_series, is_forecast
from trainwright.recipe import parse_recipe
from trainwright.recipe.data import DataSettings

WHOLE = {"id": "id", "time": "t", "values": ["x"]}


def settings(**data: Any) -> DataSettings:
    document = {"data": {"source": "f.csv", "target": "y", **data}, "model": {"family": "baseline"}}
    return parse_recipe(document).data


def refused(task: Task | None, **data: Any) -> list[tuple[str, str]]:
    with pytest.raises(RecipeError) as caught:
        check_series(settings(**data), task)
    return [(fault.where, fault.mend) for fault in caught.value.faults]


def test_what_fits_is_let_through() -> None:
    check_series(settings(), None)
    check_series(settings(series=WHOLE), None)
    check_series(settings(series=WHOLE, split={"by": "group", "column": "id"}), Task.CLASSIFICATION)
    check_series(settings(series={"time": "t"}, horizon=3), Task.FORECASTING)


def test_a_forecast_needs_a_horizon() -> None:
    found = refused(Task.FORECASTING, series={"time": "t"}, split={"by": "time", "column": "t"})
    assert found == [("data.horizon", "data: {horizon: 24}")]


def test_a_horizon_and_a_forecast_need_series() -> None:
    assert refused(None, horizon=3)[0][0] == "data.horizon"
    assert refused(Task.FORECASTING)[0][0] == "data.series"


def test_a_random_split_of_a_forecast_is_refused() -> None:
    found = refused(Task.FORECASTING, series={"time": "t"}, horizon=3, split={"by": "random"})
    assert found == [("data.split.by", "split: {by: time, column: t}")]


def test_a_forecast_is_split_by_its_own_time_and_without_a_gap() -> None:
    split = {"by": "time", "column": "day", "gap": "7d"}
    found = refused(Task.FORECASTING, series={"time": "t"}, horizon=3, split=split)
    assert [where for where, _ in found] == ["data.split.column", "data.split.gap"]


def test_fractions_alone_keep_the_split_by_time() -> None:
    found = settings(series={"time": "t"}, horizon=3, split={"fractions": [0.6, 0.2, 0.2]}).split
    assert (found.by, found.column, found.fractions) == ("time", "t", (0.6, 0.2, 0.2))


def test_whole_series_need_an_id_and_values() -> None:
    found = refused(Task.CLASSIFICATION, series={"time": "t"})
    assert [where for where, _ in found] == ["data.series.id", "data.series.values"]


def test_what_is_of_a_forecast_alone_is_refused_elsewhere() -> None:
    series = {**WHOLE, "context": 4, "season": 2}
    found = refused(Task.CLASSIFICATION, series=series, horizon=3, split={"by": "random"})
    assert [where for where, _ in found] == [
        "data.horizon",
        "data.series.context",
        "data.series.season",
    ]


def test_a_column_cannot_be_two_things() -> None:
    assert refused(None, series={**WHOLE, "values": ["x", "t"]})[0][0] == "data.series.values"
    assert refused(None, series={**WHOLE, "values": ["y"]})[0][0] == "data.series.values"
    assert refused(None, series={**WHOLE, "id": "t"})[0][0] == "data.series"
    assert refused(None, series=WHOLE, drop=["x"])[0][0] == "data.drop"


def test_words_images_and_further_targets_do_not_go_with_series() -> None:
    found = refused(
        Task.TOKEN_CLASSIFICATION, series=WHOLE, inputs={"text": "w"}, further_targets=["z"]
    )
    assert [where for where, _ in found] == ["task", "data.inputs", "data.further_targets"]


def test_a_horizon_means_a_forecast_where_no_task_is_said() -> None:
    assert is_forecast(settings(series={"time": "t"}, horizon=3), None)
    assert not is_forecast(settings(series=WHOLE), None)
