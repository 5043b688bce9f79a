from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import yaml

from trainwright.core.clock import Deadline
from trainwright.data.repair import beyond, category_variants, encoding, missing, outliers
from trainwright.recipe import parse_recipe
from trainwright.recipe.data import DataSettings

DEADLINE = Deadline(600)


def settings_of(remedy: str) -> DataSettings:
    """A remedy is pasted as it stands."""
    said = yaml.safe_load(remedy)["data"]
    return parse_recipe({"data": {"source": "t.csv", "target": "y", **said}}).data


def test_mojibake_is_named_with_rows_and_an_example(view_of):
    frame = pl.DataFrame({"c": ["São Paulo"] * 30 + ["SÃ£o Paulo"] * 2})
    (found,) = encoding.find(view_of(frame), deadline=DEADLINE)
    assert (found.severity, found.rows) == ("warning", (1_030, 1_031))
    assert "'SÃ£o Paulo' is 'São Paulo'" in found.message
    assert settings_of(found.remedy).repair.text == ("mojibake",)


def test_an_example_shows_no_personal_data(view_of):
    frame = pl.DataFrame({"c": ["plain text"] * 9 + ["mail jane.doe@example.org &amp; wait"]})
    (found,) = encoding.find(view_of(frame, text=True), deadline=DEADLINE)
    assert "jane" not in found.message
    assert "xxxx.xxx@xxxxxxx.xxx" in found.message


def test_two_forms_of_one_accent_are_a_warning_and_one_alone_is_a_note(view_of):
    both = pl.DataFrame({"c": ["Zoe\u0308", "Zoë"] * 5})
    (found,) = encoding.find(view_of(both), deadline=DEADLINE)
    assert (found.severity, found.count) == ("warning", 5)
    assert settings_of(found.remedy).repair.text == ("unicode",)
    (alone,) = encoding.find(view_of(both.filter(pl.col("c") != "Zoë")), deadline=DEADLINE)
    assert alone.severity == "info"


def test_invisible_characters_count_in_categories_and_not_in_texts(view_of):
    frame = pl.DataFrame({"c": ["red wine", "red\u00a0wine"] * 5})
    (found,) = encoding.find(view_of(frame), deadline=DEADLINE)
    assert found.count == 5
    assert settings_of(found.remedy).repair.text == ("whitespace",)
    assert encoding.find(view_of(frame, text=True), deadline=DEADLINE) == []


def test_lost_characters_are_told_though_nothing_mends_them(view_of):
    (found,) = encoding.find(
        view_of(pl.DataFrame({"c": ["M\ufffdnchen", "Bonn"] * 5})), deadline=DEADLINE
    )
    assert "U+FFFD" in found.message
    assert "encoding" in found.remedy


@pytest.mark.parametrize(
    "text", ["naïve café", "日本語のテキスト", "x < y & z", "<50K", "Привет", "R&D"]
)
def test_sound_texts_give_no_finding(view_of, text):
    assert encoding.find(view_of(pl.DataFrame({"c": [text] * 10})), deadline=DEADLINE) == []


def test_no_time_is_no_finding(view_of):
    frame = pl.DataFrame({"c": ["SÃ£o Paulo"] * 10})
    assert encoding.find(view_of(frame), deadline=Deadline(-1)) == []


def test_spellings_are_proposed_with_what_to_paste(view_of):
    frame = pl.DataFrame(
        {"c": ["New York"] * 20 + ["new york", "N.Y.: x"] + ["null"] * 5 + ["Null"]}
    )
    (found,) = category_variants.find(view_of(frame), deadline=DEADLINE)
    assert found.rows == (1_020, 1_027)
    assert settings_of(found.remedy).repair.variants == {
        "c": {"New York": ("new york",), "null": ("Null",)}
    }


def test_a_column_that_is_mostly_missing_is_told(view_of):
    frame = pl.DataFrame(
        {"a": [1.0] * 2 + [None] * 98, "b": [1.0] * 40 + [None] * 60, "c": [1.0] * 100}
    )
    found = missing.find(view_of(frame), deadline=DEADLINE)
    assert [(one.column, one.severity) for one in found] == [("a", "warning"), ("b", "info")]
    assert settings_of(found[0].remedy).drop == ("a",)


def test_gaps_that_tell_the_class_are_told_from_train_rows_alone(view_of):
    rng = np.random.default_rng(0)
    y = (rng.random(600) < 0.3).astype(int)
    gap = np.where(rng.random(600) < 0.85, y == 1, rng.random(600) < 0.5)
    x = np.where(gap, np.nan, rng.normal(size=600))
    frame = pl.DataFrame({"x": x, "y": y.astype(str)}).with_columns(pl.col("x").fill_nan(None))
    (found,) = missing.find(view_of(frame), deadline=DEADLINE)
    assert "tells the target: 0 in 18%" in found.message
    assert missing.find(view_of(frame, part=2), deadline=DEADLINE) == []


def test_gaps_that_tell_a_number_are_told(view_of):
    rng = np.random.default_rng(0)
    y = rng.normal(size=600)
    x = np.where(y + rng.normal(size=600) * 0.5 > 0.3, np.nan, 1.0)
    frame = pl.DataFrame({"x": x, "y": y}).with_columns(pl.col("x").fill_nan(None))
    (found,) = missing.find(view_of(frame), deadline=DEADLINE)
    assert "its median is " in found.message


def test_gaps_by_chance_tell_nothing(view_of):
    rng = np.random.default_rng(0)
    x = np.where(rng.random(600) < 0.3, np.nan, 1.0)
    assert missing.find(view_of(pl.DataFrame({"x": x}).fill_nan(None)), deadline=DEADLINE) == []


def test_a_number_that_stands_alone_is_told_with_limits_to_paste(view_of):
    values = np.random.default_rng(0).normal(50, 5, 1_000)
    values[7], values[9] = 5_000.0, -4_000.0
    (found,) = outliers.find(view_of(pl.DataFrame({"x": values})), deadline=DEADLINE)
    assert found.rows == (1_007, 1_009)
    limits = settings_of(found.remedy).repair.limits["x"]
    kept = np.delete(values, [7, 9])
    assert limits.low == pytest.approx(kept.min())
    assert limits.high == pytest.approx(kept.max())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.normal(size=2_000),
        lambda rng: rng.lognormal(0, 1.5, 2_000),
        lambda rng: rng.exponential(size=2_000),
        lambda rng: rng.standard_t(5, 2_000),
        lambda rng: rng.poisson(0.3, 2_000).astype(float),
        lambda rng: rng.pareto(1.5, 2_000) + 1,
        lambda rng: rng.pareto(0.8, 2_000) + 1,
    ],
)
def test_heavy_tails_are_no_outliers(view_of, draw, seed):
    values = draw(np.random.default_rng(seed))
    assert outliers.find(view_of(pl.DataFrame({"x": values})), deadline=DEADLINE) == []


def test_what_the_name_forbids_is_told_where_nearly_all_others_keep_to_it(view_of):
    rng = np.random.default_rng(0)
    share = rng.uniform(0, 100, 500)
    share[3] = 140.0
    (found,) = outliers.find(view_of(pl.DataFrame({"share_percent": share})), deadline=DEADLINE)
    assert found.rows == (1_003,)
    assert "cannot be" in found.message
    growth = rng.normal(0, 200, 500)
    assert outliers.find(view_of(pl.DataFrame({"growth_pct": growth})), deadline=DEADLINE) == []


def test_rows_beyond_limits_are_left_out_only_where_the_recipe_says_drop(view_of):
    frame = pl.DataFrame({"x": [1.0, None, -5.0, 9.0], "z": [1.0, 99.0, 1.0, 1.0]})
    said = {"repair": {"limits": {"x": [0, 5], "z": {"high": 50, "beyond": "drop"}}}}
    left = beyond.leave_out(view_of(frame, **said))
    assert left.rows.tolist() == [1_001]
    assert left.reasons == ["z is 99, beyond its limits"]
    said = {"repair": {"limits": {"x": [0, 5]}, "beyond": "drop"}}
    assert beyond.leave_out(view_of(frame, **said)).rows.tolist() == [1_002, 1_003]
    assert len(beyond.leave_out(view_of(frame)).rows) == 0
