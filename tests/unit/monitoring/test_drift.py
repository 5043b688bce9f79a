from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.multitest import multipletests

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.monitoring.drift import monitor
from trainwright.monitoring.multiplicity import holm
from trainwright.monitoring.reference import PREDICTION, build_reference


@pytest.fixture(scope="module")
def reference(world):
    quality = {"accuracy": {"value": 0.8, "low": 0.78, "high": 0.82}}
    return world.reference(world.rows(2000, seed=1), quality=quality)


def look(world, reference, frame, **settings):
    result = monitor(reference, frame, world.predict(frame), target=None, **settings)
    json.dumps(result.to_json(), allow_nan=False)  # never NaN
    return result


def alarms(result):
    return {column.column: column.statistic for column in result.columns if column.alarm}


def test_rows_of_the_same_kind_do_not_alarm(world, reference):
    result = look(world, reference, world.rows(1000, seed=2))
    assert not result.alarm
    assert result.verdict == "no drift beyond ordinary movement in 5 columns"
    assert {column.column for column in result.columns} == {
        "number",
        "kind",
        "flag",
        "text",
        PREDICTION,
    }


@pytest.mark.parametrize(
    ("planted", "column", "statistic"),
    [
        ({"shift": 0.6}, "number", "psi of values"),
        ({"null_share": 0.3}, "number", "psi of missing"),
        ({"new_share": 0.1}, "kind", "psi of new values"),
    ],
)
def test_planted_drift_alarms_and_names_its_column(world, reference, planted, column, statistic):
    for seed in range(10, 20):
        found = alarms(look(world, reference, world.rows(600, seed=seed, **planted)))
        assert column in found
        assert set(found) <= {column, PREDICTION}
        if "shift" not in planted:
            assert found[column] in (statistic, "psi of values")


def test_what_the_model_says_is_watched(world, reference):
    assert PREDICTION in alarms(look(world, reference, world.rows(600, seed=3, shift=0.8)))


def test_other_texts_alarm(world, reference):
    frame = world.rows(600, seed=4).with_columns(text=pl.lit("quite other words than were there"))
    assert set(alarms(look(world, reference, frame))) == {"text"}


def test_a_difference_that_is_certain_but_small_does_not_alarm(world):
    reference = world.reference(world.rows(20_000, seed=5))
    result = look(world, reference, world.rows(20_000, seed=6, shift=0.15))
    number = next(column for column in result.columns if column.column == "number")
    assert number.p_value < 1e-6
    assert number.value < 0.1
    assert not result.alarm


def test_no_drift_alarms_no_more_often_than_was_asked(world):
    alarmed = 0
    for seed in range(60):  # at a rate of 5 %, more than 8 of 60 has a chance under 1 %
        reference = world.reference(world.rows(400, seed=1000 + seed))
        live = world.rows(250, seed=2000 + seed)
        alarmed += look(world, reference, live, false_alarm_rate=0.05).alarm
    assert alarmed <= 8


def moving_rows(count, *, seed):
    """A number whose mean wanders from hour to hour, as real ones do."""
    random = np.random.default_rng(seed)
    means = np.zeros(count // 25)
    for hour in range(1, len(means)):
        means[hour] = 0.5 * means[hour - 1] + random.normal(0, 0.6)
    return pl.DataFrame({"x": np.repeat(means, 25) + random.normal(size=len(means) * 25)})


def moving_reference(frame):
    built = build_reference(
        frame,
        [Column("x", ColumnType.NUMBER)],
        prediction=Prediction(np.zeros(frame.height)),
        target=Target(Column("y", ColumnType.NUMBER), Task.REGRESSION),
        quality={"metrics": {}},
        by_time=True,
        units=np.arange(frame.height) // 25,
    )
    return json.loads(json.dumps(built))


def test_ordinary_movement_does_not_alarm_and_more_than_that_does():
    alarmed = certain = found = 0
    for seed in range(40):
        frame = moving_rows(2300, seed=seed)
        reference, live = moving_reference(frame[:2000]), frame[2000:]
        silent = Prediction(np.zeros(live.height))
        alarmed += monitor(reference, live, silent, target=None).alarm
        for entry in reference["columns"]:  # as if the reference had not moved
            entry["blocks"] = [np.sum(entry["blocks"], axis=0).tolist()]
        certain += monitor(reference, live, silent, target=None).alarm
        far = live.with_columns(pl.col("x") + 4.0)
        found += monitor(moving_reference(frame[:2000]), far, silent, target=None).alarm
    assert alarmed <= 2  # 0 of these 40
    assert certain >= 10  # the planted fault: without the blocks, ordinary movement would alarm
    assert found >= 36


def test_real_consecutive_weeks_of_a_person_do_not_alarm():
    from bokeh_sampledata.glucose import data

    values = pl.Series("glucose", data["glucose"].to_numpy().astype(np.float64))
    days = (data.index.to_numpy().astype("datetime64[D]")).astype(np.int64)
    frame = pl.DataFrame({"x": values, "day": days})
    looked = alarmed = 0
    for start in range(12):
        first = days[0] + start * 15
        part = frame.filter(pl.col("day").is_between(first, first + 29))
        live = frame.filter(pl.col("day").is_between(first + 30, first + 36))
        if min(part.height, live.height) < 500:
            continue
        reference = build_reference(
            part,
            [Column("x", ColumnType.NUMBER)],
            prediction=Prediction(np.zeros(part.height)),
            target=Target(Column("y", ColumnType.NUMBER), Task.REGRESSION),
            quality={"metrics": {}},
            by_time=True,
            units=part["day"].to_numpy(),
        )
        silent = Prediction(np.zeros(live.height))
        looked += 1
        alarmed += monitor(reference, live, silent, target=None).alarm
        broken = live.with_columns(x=pl.lit(None, dtype=pl.Float64))
        assert monitor(reference, broken, silent, target=None).alarm
    assert looked >= 5
    assert alarmed == 0


@pytest.mark.parametrize("count", [0, 1, 199])
def test_under_200_rows_are_insufficient(world, reference, count):
    result = look(world, reference, world.rows(count, seed=7, shift=5.0))
    assert not result.alarm
    assert result.columns == ()
    assert result.verdict.startswith("insufficient data")


@pytest.mark.parametrize(
    "column",
    [
        pl.lit(None, dtype=pl.Float64),
        pl.lit(3.0),
        pl.lit(math.inf),
        pl.lit(math.nan),
        pl.lit(-1e308),
    ],
    ids=["all null", "constant", "infinite", "not a number", "huge"],
)
def test_a_broken_number_column_alarms_with_defined_values(world, reference, column):
    result = look(world, reference, world.rows(300, seed=8).with_columns(number=column))
    assert "number" in alarms(result)
    assert all(math.isfinite(one.value) and 0 <= one.p_value <= 1 for one in result.columns)


def test_a_reference_that_is_constant_or_empty_is_defined_too(world):
    for count in (1, 30, 300):
        frame = world.rows(count, seed=9).with_columns(number=pl.lit(7.0), kind=pl.lit("a"))
        reference = world.reference(frame)
        look(world, reference, world.rows(300, seed=10))
    same = world.rows(300, seed=11).with_columns(number=pl.lit(7.0), kind=pl.lit("a"))
    assert not {"number", "kind"} & set(alarms(look(world, reference, same)))
    assert "number" in alarms(look(world, reference, same.with_columns(number=pl.lit(7.5))))


def test_worse_quality_alarms_without_drift(world, reference):
    frame = world.rows(1000, seed=12)
    wrong = 1.0 - world.predict(frame).values
    result = monitor(reference, frame, world.predict(frame), target=wrong)
    assert result.alarm
    assert not alarms(result)
    assert "quality: worse than on the reference: accuracy" in result.verdict


def test_counting_in_blocks_changes_nothing(world, reference, monkeypatch):
    frame = world.rows(700, seed=13)
    whole = look(world, reference, frame).to_json()
    monkeypatch.setattr("trainwright.monitoring.drift._BLOCK", 64)
    assert look(world, reference, frame).to_json() == whole


def test_alarms_stand_first(world, reference):
    result = look(world, reference, world.rows(600, seed=14, new_share=0.2))
    assert [column.alarm for column in result.columns] == sorted(
        (column.alarm for column in result.columns), reverse=True
    )
    assert result.counts["kind"]["live"][-2] > 80


def test_the_procedure_of_holm_is_that_of_statsmodels():
    p_values = np.random.default_rng().random(9) ** 4
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert holm(np.array([])).tolist() == []


def flat(rows, *, seed, **planted):
    """Rows of a random split, in a file that is sorted."""
    random = np.random.default_rng(seed)
    number = random.normal(planted.get("shift", 0.0), 1.0, rows)
    number[random.random(rows) < planted.get("nulls", 0.0)] = np.nan
    kinds = random.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1])
    kinds = np.where(random.random(rows) < planted.get("new", 0.0), "never seen", kinds)
    frame = pl.DataFrame({"x": pl.Series(number).fill_nan(None), "kind": kinds})
    return frame.sort("kind", "x")


def look_at_flat(reference_rows, live):
    built = build_reference(
        reference_rows,
        [Column("x", ColumnType.NUMBER), Column("kind", ColumnType.CATEGORY)],
        prediction=Prediction(np.zeros(reference_rows.height)),
        target=Target(Column("y", ColumnType.NUMBER), Task.REGRESSION),
        quality={"metrics": {}},
        by_time=False,
        units=np.arange(reference_rows.height),
    )
    return monitor(built, live, Prediction(np.zeros(live.height)), target=None)


@pytest.mark.parametrize("planted", [{"shift": 0.3}, {"new": 0.1}, {"nulls": 0.1}])
def test_planted_drift_is_found_in_a_random_split_of_a_sorted_file(planted):
    found = sum(
        look_at_flat(flat(4000, seed=seed), flat(1000, seed=500 + seed, **planted)).alarm
        for seed in range(40)
    )
    assert found >= 34  # the shift: 93 % of 150 were found, the others all
    quiet = sum(
        look_at_flat(flat(4000, seed=seed), flat(1000, seed=900 + seed)).alarm for seed in range(40)
    )
    assert quiet <= 2


def test_a_shift_that_is_large_only_by_its_auc_says_so():
    result = look_at_flat(flat(20_000, seed=1), flat(20_000, seed=2, shift=0.25))
    (column,) = [column for column in result.columns if column.alarm]
    assert (column.statistic, column.threshold) == ("auc of values", 0.55)
    assert 0.55 <= column.value < 0.6
    assert result.verdict == f"1 of 3 columns drifted: x (AUC {column.value:.2f})"


def test_the_verdict_names_what_alarmed_with_its_numbers(world, reference):
    result = look(world, reference, world.rows(600, seed=15, shift=0.8, null_share=0.4))
    for words in ("2 of 5 columns drifted: ", "number (PSI ", "the prediction (PSI "):
        assert words in result.verdict
