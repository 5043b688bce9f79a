"""Train beside validation, in the bins of train's profile."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.flow.data_shifts import _bins, shifts
from trainwright.flow.preparation import prepare
from trainwright.summaries.columns import profile_column
from trainwright.summaries.profile import Profile
from trainwright.summaries.sketches import EXACT_ROWS


def told(train: pl.Series, validation: pl.Series, kind: ColumnType = ColumnType.NUMBER) -> dict:
    bins = _bins(profile_column(train, Column("x", kind), exact_rows=EXACT_ROWS))
    for part in (validation.head(7), validation.tail(-7)):
        bins.count(part)
    return bins.told("x")


@pytest.mark.parametrize("rows", [700, 20_000])
@pytest.mark.parametrize("most", [10, 20, 33])
def test_whole_numbers_of_both_fall_into_the_same_bins(rows: int, most: int) -> None:
    rng = np.random.default_rng(most)
    train, validation = (
        pl.Series("x", rng.integers(0, most + 1, n).astype(float)) for n in (rows, 500)
    )
    assert told(train, validation)["distance"] < (0.25 if rows == 700 else 0.1)
    again = told(train, train)
    assert again["distance"] == 0
    assert again["train"] == again["validation"]


def test_days_of_both_fall_into_the_same_bins() -> None:
    day = pl.Series("x", np.arange(21) * 86_400_000_000).cast(pl.Datetime("us"))
    many = pl.concat([day] * 40)
    again = told(many, many, ColumnType.DATETIME)
    assert again["distance"] == 0
    assert sum(again["train"]) == pytest.approx(1, abs=0.01)


def test_values_beyond_those_of_train_are_in_the_outer_bins() -> None:
    train = pl.Series("x", np.arange(100.0))
    found = told(train, pl.Series("x", [-50.0] * 10 + [900.0] * 30))
    assert (found["validation"][0], found["validation"][-2]) == (0.25, 0.75)


def test_a_column_without_values_in_validation_is_missing_there() -> None:
    found = told(pl.Series("x", np.arange(100.0)), pl.Series("x", [None] * 20, dtype=pl.Float64))
    assert found["validation"][-1] == 1
    assert sum(found["train"][:-1]) == pytest.approx(1, abs=0.01)


def test_a_random_split_of_whole_numbers_is_no_distance(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pl.DataFrame(
        {
            "years": rng.integers(0, 11, 2_000),
            "other": rng.normal(size=2_000),
            "y": rng.normal(size=2_000),
        }
    ).write_csv(tmp_path / "t.csv")
    (tmp_path / "r.yaml").write_text("data: {source: t.csv, target: y}\n")
    snapshot = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")[0]
    profile = Profile.from_json(json.loads((snapshot.folder / "profile.json").read_text()))
    found = {one["column"]: one for one in shifts(snapshot, profile, snapshot.inputs)}
    assert found["years"]["distance"] < 0.15
