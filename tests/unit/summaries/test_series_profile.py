"""Series in a profile: their values together, and how long they are."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.summaries.profile import Profile, draw_rows, profile_frame

COLUMN = Column("x", ColumnType.SERIES)


def frame(rows: int, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    lists = [rng.normal(5, 2, 4 + row % 2).tolist() for row in range(rows)]
    return pl.DataFrame({"x": [None, [], *lists[2:]]}, schema={"x": pl.List(pl.Float64)})


def test_a_series_column_is_summed_up_by_its_values_and_lengths() -> None:
    found = profile_frame(frame(40), [COLUMN])["x"]
    values = frame(40)["x"].explode().drop_nulls().to_numpy()
    assert (found.type, found.count, found.nulls) == (ColumnType.SERIES, 40, 1)
    assert (found.min, found.max) == (values.min(), values.max())
    assert found.top == {"4": 19, "5": 19}


def test_parts_merge_to_the_whole_and_come_back_from_json() -> None:
    parts = [profile_frame(frame(40, seed), [COLUMN]) for seed in (0, 1)]
    whole = profile_frame(pl.concat([frame(40, 0), frame(40, 1)]), [COLUMN])
    merged = parts[0].merge(parts[1]).to_json()
    assert merged["columns"][0][1]["quantiles"] == whole.to_json()["columns"][0][1]["quantiles"]
    again = Profile.from_json(json.loads(json.dumps(whole.to_json())))
    assert again.to_json() == whole.to_json()


def test_drawn_series_have_common_lengths_and_no_value_beyond_the_known_ones() -> None:
    profile = profile_frame(frame(40), [COLUMN])
    drawn = [row["x"] for row in draw_rows(profile, [COLUMN], count=30, seed=1)]
    assert drawn[0] is None
    lists = [values for values in drawn if values is not None]
    assert {len(values) for values in lists} == {4, 5}
    largest = profile["x"].max
    assert largest is not None
    assert max(map(max, lists)) <= largest
