"""Can a model tell train from test?"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.data.shift.inputs import find

ROWS = 1_500


def table(shift: float, *, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    drawn = rng.random(ROWS)
    parts = (drawn > 0.6).astype(np.int8) + (drawn > 0.8)
    frame = pl.DataFrame(rng.normal(size=(ROWS, 5)), schema=list("abcde")).with_columns(
        pl.col("c") + shift * pl.Series((parts == 2).astype(float)),
        yes_no(rng.random(ROWS) < 0.5),
    )
    return frame, parts


@pytest.mark.parametrize("seed", range(4))
def test_a_random_split_is_no_finding(seed: int) -> None:
    frame, parts = table(0.0, seed=seed)
    assert found(find, view_of(frame, parts=parts)) == []


def test_the_column_that_carries_a_shift_is_named() -> None:
    frame, parts = table(1.5)
    (one,) = found(find, view_of(frame, parts=parts))
    assert (one.kind, one.severity, one.column) == ("shift", "warning", "c")
    assert "ROC AUC" in one.message


def test_the_targets_of_test_rows_have_no_part_in_it() -> None:
    frame, parts = table(1.5)
    turned = frame.with_columns(
        y=pl.when(pl.Series(parts == 2)).then(pl.lit("yes")).otherwise(pl.col("y"))
    )
    messages = {found(find, view_of(one, parts=parts))[0].message for one in (frame, turned)}
    assert len(messages) == 1


def test_under_a_split_by_time_some_shift_is_information_and_the_time_tells_nothing() -> None:
    frame, parts = table(1.5)
    frame = frame.with_columns(week=pl.Series(np.argsort(np.argsort(parts, kind="stable"))))
    split = {"by": "time", "column": "week"}
    (one,) = found(find, view_of(frame, parts=parts, split=split))
    assert (one.severity, one.column) == ("info", "c")


def test_groups_are_held_out_whole() -> None:
    rng = np.random.default_rng(0)
    site = rng.integers(0, 60, ROWS)
    trait = rng.normal(size=60)[site]  # a model that knew the site would know its part
    parts = np.where(site < 40, 0, 2).astype(np.int8)
    frame = pl.DataFrame({"site": [f"s{k}" for k in site], "trait": trait}).with_columns(
        yes_no(rng.random(ROWS) < 0.5)
    )
    view = view_of(frame, parts=parts, split={"by": "group", "column": "site"})
    assert found(find, view) == []


def test_test_rows_of_a_file_are_not_told_to_be_drawn_at_random() -> None:
    frame, parts = table(1.5)
    (one,) = found(find, view_of(frame, parts=parts, validation="v.csv", test="t.csv"))
    assert one.remedy.startswith('data: {drop: ["c"]}')
    assert "random" not in one.remedy
