from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from series_case import shops
from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import FUTURE, ROW, UNIT
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.series import windows
from trainwright.data.snapshot import read_ledger, read_split, verify_snapshot

Make = Callable[..., Snapshot]

SERIES = {"id": "shop", "time": "t", "values": ["rain"]}


def test_a_window_is_a_history_and_the_steps_that_follow_it(make: Make) -> None:
    frame = shops()
    found = make(frame, task="forecasting", target="sales", horizon=4, series=SERIES)
    assert (found.target.horizon, found.target.season, found.target.context) == (4, 6, 16)
    assert [column.name for column in found.inputs] == ["sales", "rain"]
    for split in Split:
        rows = read_split(found, split)
        assert rows[ROW].is_sorted()
        for row in rows.iter_rows(named=True):
            own = frame.filter(pl.col("shop") == row["shop"]).sort("t")
            origin = int(row["t"])
            assert frame.row(row[ROW], named=True)["t"] == origin
            assert row[FUTURE] == pytest.approx(own["sales"][origin : origin + 4].to_list())
            start = max(0, origin - 16)
            assert row["sales"] == pytest.approx(own["sales"][start:origin].to_list())
            assert row["rain"] == pytest.approx(own["rain"][start:origin].to_list())


def test_predicted_steps_lie_in_their_own_part_and_every_input_row_in_one(make: Make) -> None:
    found = make(shops(), task="forecasting", target="sales", horizon=4, series=SERIES)
    bucket = read_ledger(found)["bucket"]
    for split in Split:
        for row in read_split(found, split)[ROW]:
            assert bucket[row : row + 4].to_list() == [split.value] * 4
    assert found.rows == {"input": 240, "train": 168, "validation": 36, "test": 36, "dropped": 0}
    assert all(check.passed for check in verify_snapshot(found.folder))


def test_train_has_a_window_at_every_step_and_later_parts_one_a_horizon(make: Make) -> None:
    found = make(shops(), task="forecasting", target="sales", horizon=4, series=SERIES)
    assert read_split(found, Split.TRAIN).height == 2 * (84 - 16 - 4 + 1)
    for split in (Split.VALIDATION, Split.TEST):
        assert np.unique(np.diff(read_split(found, split)[ROW].to_numpy())[:3]).tolist() == [4]
        assert read_split(found, split).height == 2 * (18 // 4)


def test_windows_of_one_time_are_one_unit_over_all_series(make: Make) -> None:
    found = make(shops(400), task="forecasting", target="sales", horizon=4, series=SERIES)
    rows = read_split(found, Split.VALIDATION)
    assert rows.group_by("t").agg(pl.col(UNIT).n_unique())[UNIT].max() == 1
    assert rows[UNIT].n_unique() == rows["t"].n_unique()


def test_a_forecast_is_split_by_time_without_being_told(make: Make) -> None:
    found = make(shops(), task="forecasting", target="sales", horizon=4, series=SERIES)
    assert found.split["by"] == "time"
    assert found.split["column"] == "t"
    assert found.by_time


def test_a_single_series_needs_no_id(make: Make) -> None:
    frame = shops().filter(pl.col("shop") == "A").drop("shop")
    found = make(frame, task=None, target="sales", horizon=4, series={"time": "t"})
    assert found.target.task == "forecasting"
    assert found.target.identifier is None
    assert found.left_out["rain"] == "not among series.values"


def test_context_and_season_can_be_said(make: Make) -> None:
    series = {**SERIES, "context": 9, "season": 3}
    target = make(shops(), task="forecasting", target="sales", horizon=2, series=series).target
    assert (target.context, target.season) == (9, 3)


@pytest.mark.parametrize("name", ["season", "context"])
def test_a_reach_beyond_the_longest_series_is_refused(make: Make, name: str) -> None:
    series = {**SERIES, name: 100_000}
    with pytest.raises(RecipeError, match=f"{name} is 100,000 steps, and the longest") as refusal:
        make(shops(), task="forecasting", target="sales", horizon=2, series=series)
    assert refusal.value.where == f"data.series.{name}"
    assert f"remove {name}" in refusal.value.mend


def test_a_season_needs_a_step_that_is_a_season_after_another(make: Make) -> None:
    train = int(np.floor(0.7 * shops()["t"].n_unique()))
    longest = {**SERIES, "season": train - 1, "context": 9}
    assert make(
        shops(), task="forecasting", target="sales", horizon=2, series=longest
    ).target.naive_error
    with pytest.raises(RecipeError, match=f"has {train:,} in train"):
        make(
            shops(),
            task="forecasting",
            target="sales",
            horizon=2,
            series={**SERIES, "season": train},
        )


def test_a_short_series_has_shorter_histories_and_one_too_short_is_told(make: Make) -> None:
    frame = pl.concat(
        [
            shops(),
            shops()
            .filter((pl.col("shop") == "A") & (pl.col("t") < 14))
            .with_columns(shop=pl.lit("C")),
            shops()
            .filter((pl.col("shop") == "A") & (pl.col("t") < 3))
            .with_columns(shop=pl.lit("D")),
        ]
    )
    found = make(frame, task="forecasting", target="sales", horizon=4, series=SERIES)
    train = read_split(found, Split.TRAIN)
    assert train.filter(pl.col("shop") == "C")["sales"].list.len().to_list() == [10]
    assert "D" not in set(train["shop"])
    told = next(finding for finding in found.findings if finding.kind == "schema")
    assert told.count == 1


def test_windows_whose_future_is_not_known_are_left_out(make: Make) -> None:
    frame = shops().with_columns(
        pl.when(pl.col("t") == 50).then(None).otherwise(pl.col("sales")).alias("sales")
    )
    found = make(frame, task="forecasting", target="sales", horizon=4, series=SERIES)
    assert read_split(found, Split.TRAIN)[FUTURE].explode().null_count() == 0
    assert read_split(found, Split.TRAIN)["sales"].explode().null_count() > 0
    counts = [finding.count for finding in found.findings if finding.kind == "missing"]
    assert sorted(counts) == [2, 8]


def test_many_windows_are_thinned_out(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MOST_VALUES", 16 * 2 * 40)
    found = make(shops(), task="forecasting", target="sales", horizon=4, series=SERIES)
    assert read_split(found, Split.TRAIN).height <= 40
    assert any("a window at every" in finding.message for finding in found.findings)


def test_steps_of_unequal_length_are_told(make: Make) -> None:
    frame = shops().filter(~pl.col("t").is_in([20, 21]))
    found = make(frame, task="forecasting", target="sales", horizon=4, series=SERIES)
    told = next(finding for finding in found.findings if finding.kind == "schema")
    assert (told.severity, told.count) == ("warning", 2)


def test_months_are_not_of_unequal_length(make: Make) -> None:
    months = pl.date_range(pl.date(2000, 1, 1), pl.date(2009, 12, 1), "1mo", eager=True)
    frame = shops().filter(pl.col("shop") == "A").with_columns(t=months).drop("shop")
    found = make(frame, task=None, target="sales", horizon=4, series={"time": "t"})
    assert "schema" not in {finding.kind for finding in found.findings}


def test_too_few_steps_for_the_horizon_are_refused(make: Make) -> None:
    with pytest.raises(DataError, match="validation has no window") as caught:
        make(shops(), task="forecasting", target="sales", horizon=40, series=SERIES)
    found = re.search(r"horizon: (\d+)", caught.value.mend)
    assert found  # and what mends it does
    make(shops(), task="forecasting", target="sales", horizon=int(found[1]), series=SERIES)


def test_a_horizon_beyond_all_steps_is_told_one_that_they_hold(make: Make) -> None:
    with pytest.raises(DataError, match="train has no window") as caught:
        make(shops(), task="forecasting", target="sales", horizon=4000, series=SERIES)
    found = re.search(r"horizon: (\d+)", caught.value.mend)
    assert found
    make(shops(), task="forecasting", target="sales", horizon=int(found[1]), series=SERIES)


def test_the_profile_and_the_class_of_tails_are_of_train_rows(make: Make) -> None:
    calm = make(shops(), task="forecasting", target="sales", horizon=4, series=SERIES)
    wild = shops().with_columns(
        pl.when(pl.col("t") >= 84)
        .then(pl.col("sales") * 1e6)
        .otherwise(pl.col("sales"))
        .alias("sales")
    )
    found = make(wild, task="forecasting", target="sales", horizon=4, series=SERIES)
    assert found.target.heavy_tailed == calm.target.heavy_tailed
    assert (found.folder / "profile.json").read_bytes() == (
        calm.folder / "profile.json"
    ).read_bytes()


def test_a_forecast_of_words_is_refused(make: Make) -> None:
    frame = shops().with_columns(sales=pl.lit("high"))
    with pytest.raises(RecipeError, match="names a column of numbers"):
        make(frame, task="forecasting", target="sales", horizon=4, series=SERIES)


def test_true_and_false_are_one_and_zero(make: Make) -> None:
    frame = shops().with_columns(rain=pl.col("rain") > 0)
    found = make(frame, task="forecasting", target="sales", horizon=4, series=SERIES)
    assert set(read_split(found, Split.TRAIN)["rain"].explode()) == {0.0, 1.0}


def test_the_naive_error_is_that_of_train_steps_a_season_apart(make: Make) -> None:
    frame = shops()
    found = make(frame, task="forecasting", target="sales", horizon=4, series=SERIES)
    apart = [
        np.abs(own["sales"].to_numpy()[6:84] - own["sales"].to_numpy()[:78])
        for own in frame.partition_by("shop")
    ]
    assert found.target.naive_error == pytest.approx(np.concatenate(apart).mean())
