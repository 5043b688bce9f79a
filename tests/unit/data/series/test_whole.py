from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from series_case import classes
from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import ROW, UNIT, ColumnType
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.snapshot import load_profile, read_ledger, read_split, verify_snapshot
from trainwright.summaries.profile import draw_rows

Make = Callable[..., Snapshot]

SERIES = {"id": "id", "time": "t", "values": ["x", "y"]}


def everything(snapshot: object) -> pl.DataFrame:
    return pl.concat([read_split(snapshot, split) for split in Split])  # type: ignore[arg-type]


def test_each_id_is_one_row_with_its_channels_in_the_order_of_time(make: Make) -> None:
    frame = classes()
    found = make(frame, task="classification", target="label", series=SERIES)
    rows = everything(found)
    numbered = frame.with_row_index(ROW)
    assert rows.height == 60
    for row in rows.iter_rows(named=True):
        name = numbered.row(row[ROW], named=True)["id"]
        own = numbered.filter(pl.col("id") == name)
        assert row[ROW] == own[ROW].min()
        assert row["x"] == pytest.approx(own.sort("t")["x"].to_list())
        assert row["y"] == pytest.approx(own.sort("t")["y"].to_list())
        assert row["label"] == own["label"][0]
    assert [column.type for column in found.inputs] == [ColumnType.SERIES] * 2
    assert found.left_out == {"id": "which series a row belongs to", "t": "the order of the steps"}


def test_the_ledger_stays_on_input_rows_and_reconciles(make: Make) -> None:
    found = make(classes(), task="classification", target="label", series=SERIES)
    rows = found.rows
    assert rows["input"] == 300
    assert rows["train"] + rows["validation"] + rows["test"] + rows["dropped"] == 300
    assert read_ledger(found)["bucket"].null_count() == 0
    assert all(check.passed for check in verify_snapshot(found.folder))


def test_classes_are_spread_evenly_over_the_splits(make: Make) -> None:
    found = make(classes(), task="classification", target="label", series=SERIES)
    for split, size in zip(Split, (42, 9, 9), strict=True):
        labels = read_split(found, split)["label"]
        assert len(labels) == size
        assert abs((labels == "a").sum() - size / 2) <= 1


def test_the_task_is_inferred_from_the_target(make: Make) -> None:
    found = make(classes(), task=None, target="label", series=SERIES)
    assert found.target.task == "classification"
    numbers = classes().with_columns(pl.col("id").str.slice(1).cast(pl.Float64).alias("label") / 7)
    assert make(numbers, task=None, target="label", series=SERIES).target.task == "regression"


def test_equal_series_fall_together_and_can_be_dropped(make: Make) -> None:
    frame = pl.concat([classes(), classes().with_columns(pl.col("id") + "x")])
    found = make(frame, task="classification", target="label", series=SERIES)
    assert any(finding.kind == "duplicate" and finding.count == 60 for finding in found.findings)
    for split in Split:
        values = read_split(found, split)
        assert values[UNIT].n_unique() * 2 == values.height
    alone = make(frame, task="classification", target="label", series=SERIES, duplicates="drop")
    assert alone.rows["dropped"] == 300


def test_series_can_be_split_by_the_time_of_their_last_step(make: Make) -> None:
    frame = classes().with_columns(pl.col("t") + pl.col("id").str.slice(1).cast(pl.Int64) * 10)
    split = {"by": "time", "column": "t"}
    found = make(frame, task="classification", target="label", series=SERIES, split=split)
    ends = [read_split(found, part)["t"] for part in Split]
    assert ends[0].max() < ends[1].min()
    assert ends[1].max() < ends[2].min()


def test_series_of_one_group_stay_together(make: Make) -> None:
    frame = classes().with_columns(
        (pl.col("id").str.slice(1).cast(pl.Int64) // 6).cast(pl.String).alias("person")
    )
    split = {"by": "group", "column": "person"}
    found = make(frame, task="classification", target="label", series=SERIES, split=split)
    groups = [set(read_split(found, part)["person"]) for part in Split]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 10


def test_series_without_a_target_are_left_out_with_all_their_rows(make: Make) -> None:
    frame = classes().with_columns(
        pl.when(pl.col("id") == "s3").then(None).otherwise(pl.col("label")).alias("label")
    )
    found = make(frame, task="classification", target="label", series=SERIES)
    assert found.rows["dropped"] == 4
    assert "missing" in {finding.kind for finding in found.findings}


def test_a_target_given_in_one_row_of_a_series_alone_is_that_of_the_series(make: Make) -> None:
    frame = classes().with_columns(
        pl.when(pl.col("t") == 1).then(pl.col("label")).otherwise(None).alias("label")
    )
    found = make(frame, task="classification", target="label", series=SERIES)
    assert found.rows["dropped"] == 0


def test_missing_steps_stay_null_and_are_told(make: Make) -> None:
    frame = classes().with_columns(
        pl.when(pl.col("t") == 2).then(None).otherwise(pl.col("x")).alias("x")
    )
    found = make(frame, task="classification", target="label", series=SERIES)
    gap = next(finding for finding in found.findings if finding.kind == "missing")
    assert (gap.column, gap.count, gap.severity) == ("x", 60, "warning")
    assert everything(found)["x"].list.get(2).null_count() == 60


def test_columns_that_nobody_named_are_left_out_unread(make: Make) -> None:
    frame = classes().with_columns(pl.lit("1,2;x").alias("odd"))
    found = make(frame, task="classification", target="label", series=SERIES)
    assert found.left_out["odd"] == "not among series.values"


def test_a_target_that_varies_within_a_series_is_refused_with_its_id(make: Make) -> None:
    frame = classes().with_columns(
        pl.when((pl.col("id") == "s7") & (pl.col("t") == 0))
        .then(pl.lit("a"))
        .otherwise(pl.col("label"))
        .alias("label")
    )
    with pytest.raises(DataError, match="varies within 1 of 60 series: 's7'") as caught:
        make(frame, task="classification", target="label", series=SERIES)
    assert "data.csv:" in caught.value.where
    assert "task: forecasting" in caught.value.mend


def test_two_steps_of_one_time_are_refused(make: Make) -> None:
    frame = classes()
    with pytest.raises(DataError, match="same time as another row of series 's") as caught:
        make(
            pl.concat([frame, frame.head(1)]), task="classification", target="label", series=SERIES
        )
    assert "data.csv:302" in caught.value.what


def test_a_row_without_a_time_is_refused_with_its_place(make: Make) -> None:
    frame = classes().with_columns(
        pl.when(pl.int_range(pl.len()) == 10).then(None).otherwise(pl.col("t")).alias("t")
    )
    with pytest.raises(DataError, match=r"1 row has no time.*data\.csv:12"):
        make(frame, task="classification", target="label", series=SERIES)


def test_a_time_that_cannot_be_read_is_refused(make: Make) -> None:
    frame = classes().with_columns(pl.lit("one day").alias("t"))
    with pytest.raises(DataError, match="no order by it"):
        make(frame, task="classification", target="label", series=SERIES)


def test_columns_that_are_not_there_are_named_all_at_once(make: Make) -> None:
    series = {"id": "ids", "time": "day", "values": ["x", "z"]}
    with pytest.raises(RecipeError) as caught:
        make(classes(), task="classification", target="label", series=series)
    assert [fault.where for fault in caught.value.faults] == [
        "data.series.id",
        "data.series.time",
        "data.series.values",
    ]
    assert caught.value.mend == "use 'id'"


def test_golden_rows_are_lists_of_the_lengths_that_the_series_have(make: Make) -> None:
    found = make(classes(), task="classification", target="label", series=SERIES)
    rows = draw_rows(load_profile(found), found.inputs, count=20, seed=0)
    assert rows[0] == {"x": None, "y": None}
    assert {len(row["x"]) for row in rows[1:]} <= {4, 5, 6}
    assert rows[1:] == draw_rows(load_profile(found), found.inputs, count=20, seed=0)[1:]


def test_equal_ids_in_two_files_of_a_given_split_are_two_series(
    make: Make, tmp_path: object
) -> None:
    classes().write_csv(f"{tmp_path}/test.csv")
    found = make(classes(), task="classification", target="label", series=SERIES, test="test.csv")
    assert everything(found).height == 120
    assert found.split["by"] == "given"
