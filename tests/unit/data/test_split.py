from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.chronology import LEFT_OUT, TEST, TRAIN, VALIDATION
from trainwright.data.hashing import hash_rows
from trainwright.data.split import Assignment, Splittable, assign
from trainwright.data.staging.rows import FrameRows
from trainwright.recipe.data import DataSettings, SplitSettings

CLASSES = ("a", "b", "c")


def settings(**split: Any) -> DataSettings:
    return DataSettings(source="t.csv", target="y", split=SplitSettings(**split))


def target(classes: tuple[str, ...] = CLASSES) -> Target:
    column = Column("y", ColumnType.CATEGORY if classes else ColumnType.NUMBER)
    return Target(column, Task.CLASSIFICATION if classes else Task.REGRESSION, classes)


def split(
    frame: pl.DataFrame,
    *,
    classes: tuple[str, ...] = CLASSES,
    file_part: np.ndarray | None = None,
    **said: Any,
) -> Assignment:
    inputs = [name for name in frame.columns if name != "y"]
    rows = Splittable(
        FrameRows(frame),
        np.arange(frame.height),
        hash_rows(frame, inputs),
        np.full(frame.height, -1, dtype=np.int8) if file_part is None else file_part,
    )
    return assign(rows, settings(**said), target=target(classes))


def table(rows: int, seed: int = 0, weights: tuple[float, ...] = (0.7, 0.25, 0.05)) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {"x": rng.normal(size=rows), "y": rng.choice(CLASSES, size=rows, p=weights)}
    )


def test_under_ten_thousand_rows_every_class_is_split_to_within_one_row() -> None:
    frame = table(997)
    parts = split(frame).parts
    for label in CLASSES:
        mine = parts[(frame["y"] == label).to_numpy()]
        for part, fraction in enumerate((0.7, 0.15, 0.15)):
            assert abs((mine == part).sum() - fraction * len(mine)) <= 1 + (part == 0)
    assert abs((parts == VALIDATION).sum() - 0.15 * 997) <= 1
    assert abs((parts == TEST).sum() - 0.15 * 997) <= 1


def test_a_class_of_one_row_is_in_train() -> None:
    frame = table(300, weights=(0.6, 0.4, 0.0))
    frame = pl.concat([frame, pl.DataFrame({"x": [9.0], "y": ["c"]})])
    assert split(frame).parts[-1] == TRAIN


def test_many_small_classes_still_leave_the_fractions_right() -> None:
    classes = tuple(f"k{i:02}" for i in range(60))
    frame = pl.DataFrame({"x": np.random.default_rng(1).normal(size=180), "y": list(classes) * 3})
    parts = split(frame, classes=classes).parts
    assert (parts == VALIDATION).sum() == pytest.approx(27, abs=1)
    assert (parts == TEST).sum() == pytest.approx(27, abs=1)
    train = set(frame.filter(pl.Series(parts == TRAIN))["y"])
    assert train == set(classes)


def test_another_seed_moves_rows_and_the_same_one_does_not() -> None:
    frame = table(500)
    assert (split(frame).parts == split(frame).parts).all()
    assert (split(frame).parts != split(frame, seed=1).parts).any()


def test_equal_inputs_share_a_split_though_their_targets_differ() -> None:
    frame = table(400)
    twice = pl.concat([frame, frame.with_columns(y=pl.lit("b"))])
    parts = split(twice).parts
    assert (parts[:400] == parts[400:]).all()


def test_copies_of_a_row_are_one_unit_so_that_no_fold_parts_them() -> None:
    frame = table(200)
    frame = pl.concat([frame, frame[30:70]])
    units = split(frame).units
    assert units[:200].tolist() == list(range(200))
    assert units[200:].tolist() == list(range(30, 70))


def test_in_a_table_of_few_distinct_rows_equality_is_a_coincidence_and_said_so() -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {"sex": rng.choice(["f", "m"], 2000), "class": rng.choice(["1", "2", "3"], 2000),
         "y": rng.choice(["a", "b"], 2000)}
    )  # fmt: skip
    assigned = split(frame, classes=("a", "b"))
    for _, rows in frame.with_columns(part=pl.Series(assigned.parts)).group_by("sex", "class"):
        assert set(rows["part"]) == {TRAIN, VALIDATION, TEST}
    assert "coincidences" in assigned.findings[0].message


def test_groups_never_straddle_and_units_are_groups() -> None:
    rng = np.random.default_rng(4)
    frame = table(800).with_columns(who=pl.Series(rng.integers(0, 60, 800)).cast(pl.String))
    assigned = split(frame, by="group", column="who")
    for key in ("who",):
        per_group = frame.with_columns(part=pl.Series(assigned.parts)).group_by(key).n_unique()
        assert per_group["part"].max() == 1
    assert (
        frame.with_columns(u=pl.Series(assigned.units)).group_by("who").n_unique()["u"].max() == 1
    )
    assert len(np.unique(assigned.units)) == frame["who"].n_unique()
    assert abs((assigned.parts == TRAIN).mean() - 0.7) < 0.08


def test_three_groups_are_enough_and_two_are_not() -> None:
    frame = table(90).with_columns(who=pl.Series(["u", "v", "w"] * 30))
    assert set(split(frame, by="group", column="who").parts) == {TRAIN, VALIDATION, TEST}
    two = frame.with_columns(who=pl.Series(["u", "v"] * 45))
    with pytest.raises(DataError, match="2 groups") as caught:
        split(two, by="group", column="who")
    assert "by: random" in caught.value.mend


def test_a_row_without_a_group_is_a_group_of_its_own() -> None:
    frame = table(300).with_columns(
        who=pl.when(pl.int_range(300) % 3 == 0).then(None).otherwise(pl.int_range(300) % 30)
    )
    assigned = split(frame, by="group", column="who")
    missing = frame["who"].is_null().to_numpy()
    assert len(set(assigned.parts[missing])) == 3
    assert [f.kind for f in assigned.findings] == ["missing"]
    assert assigned.findings[0].count == 100


def times(rows: int, *, seconds: int = 3600) -> pl.Series:
    start = 1_600_000_000_000_000
    return pl.Series("t", start + np.arange(rows) * seconds * 1_000_000).cast(pl.Datetime("us"))


def test_by_time_no_later_part_begins_before_an_earlier_one_ends() -> None:
    frame = table(1000).with_columns(times(1000).shuffle(seed=2))
    assigned = split(frame, by="time", column="t")
    ends = [frame.filter(pl.Series(assigned.parts == part))["t"] for part in range(3)]
    assert ends[0].max() < ends[1].min()
    assert ends[1].max() < ends[2].min()
    assert [len(end) for end in ends] == [700, 150, 150]
    assert assigned.settings["boundaries"][0] == ends[1].min().strftime("%Y-%m-%dT%H:%M:%S")


def test_ties_in_time_never_straddle_a_boundary() -> None:
    frame = table(1000).with_columns(t=pl.Series(np.arange(1000) // 37))
    assigned = split(frame, by="time", column="t")
    assert frame.with_columns(p=pl.Series(assigned.parts)).group_by("t").n_unique()["p"].max() == 1


def test_a_gap_leaves_out_what_lies_before_each_later_part() -> None:
    frame = table(1000).with_columns(times(1000))
    assigned = split(frame, by="time", column="t", gap=10 * 3600.0)
    left_out = np.flatnonzero(assigned.parts == LEFT_OUT)
    assert left_out.tolist() == [*range(691, 700), *range(841, 850)]
    (gap,) = assigned.left_out
    assert gap.reason == "gap"
    assert gap.at.tolist() == left_out.tolist()


def test_a_row_without_a_time_is_left_out_with_a_warning() -> None:
    frame = (
        table(100)
        .with_columns(times(100))
        .with_columns(t=pl.when(pl.int_range(100) == 5).then(None).otherwise("t"))
    )
    assigned = split(frame, by="time", column="t")
    assert assigned.parts[5] == LEFT_OUT
    assert assigned.left_out[0].reason == "no time"
    assert assigned.findings[0].kind == "missing"


def test_too_few_distinct_times_are_refused() -> None:
    frame = table(100).with_columns(t=pl.Series(np.arange(100) // 50))
    with pytest.raises(DataError, match="2 distinct times") as caught:
        split(frame, by="time", column="t")
    assert "split: {by: random}" in caught.value.mend


def test_a_word_is_no_time() -> None:
    frame = table(100).with_columns(t=pl.lit("soon"))
    with pytest.raises(DataError, match="no times") as caught:
        split(frame, by="time", column="t")
    assert caught.value.mend == "data: {columns: {t: date-time}}"


def test_units_of_a_time_split_are_days_where_there_are_thirty_and_runs_otherwise() -> None:
    long = table(2400).with_columns(times(2400, seconds=6 * 3600))
    assigned = split(long, by="time", column="t")
    train = assigned.parts == TRAIN
    days = long["t"].dt.date().to_numpy()
    assert len(np.unique(assigned.units[train])) == len(np.unique(days[train]))
    short = table(900).with_columns(times(900, seconds=60))
    units = split(short, by="time", column="t").units
    assert len(np.unique(units)) == 90
    assert (np.diff(units) >= 0).all()


def test_group_time_keeps_groups_whole_and_their_ends_in_order() -> None:
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(100), 10)
    start = np.repeat(rng.uniform(0, 1000, 100), 10)
    frame = table(1000).with_columns(
        who=pl.Series(who), t=pl.Series(start + rng.uniform(0, 20, 1000))
    )
    assigned = split(frame, by="group-time", column="t", group="who")
    seen = frame.with_columns(p=pl.Series(assigned.parts))
    assert seen.group_by("who").n_unique()["p"].max() == 1
    ends = seen.group_by("who").agg(pl.col("t").max(), pl.col("p").first())
    last = [ends.filter(p=part)["t"] for part in range(3)]
    assert last[0].max() < last[1].min()
    assert last[1].max() < last[2].min()
    assert seen.filter(p=0)["t"].max() < last[1].min()


def test_a_given_column_decides_whatever_its_case() -> None:
    words = ["Train", "VALIDATION", "test", " val ", "dev"] * 20
    frame = table(100).with_columns(part=pl.Series(words))
    assigned = split(frame, by="given", column="part")
    assert assigned.parts.tolist() == [0, 1, 2, 1, 1] * 20


def test_an_unknown_word_in_a_given_column_is_refused() -> None:
    frame = table(100).with_columns(part=pl.Series(["train", "validate"] * 50))
    with pytest.raises(DataError, match="'validate'") as caught:
        split(frame, by="given", column="part")
    assert "train, validation or test" in caught.value.mend


def test_what_is_not_given_is_taken_from_train() -> None:
    frame = table(400).with_columns(part=pl.Series(["train"] * 300 + ["test"] * 100))
    assigned = split(frame, by="given", column="part")
    assert (assigned.parts[300:] == TEST).all()
    assert 40 <= (assigned.parts[:300] == VALIDATION).sum() <= 50
    assert not (assigned.parts[:300] == TEST).any()
    assert "taken from train" in assigned.findings[0].message


def test_files_decide_where_they_are_given() -> None:
    parts = np.repeat(np.array([0, 1, 2], dtype=np.int8), 40)
    frame = table(120)
    rows = Splittable(FrameRows(frame), np.arange(120), hash_rows(frame, ["x"]), parts)
    said = DataSettings(source="a.csv", target="y", validation="b.csv", test="c.csv")
    assigned = assign(rows, said, target=target())
    assert (assigned.parts == parts).all()
    assert assigned.settings["by"] == "given"


def test_a_column_that_is_not_there_is_named_with_its_neighbour() -> None:
    with pytest.raises(RecipeError, match="is not there") as caught:
        split(table(100).with_columns(when=pl.lit(1)), by="time", column="wen")
    assert caught.value.mend == "use 'when'"
