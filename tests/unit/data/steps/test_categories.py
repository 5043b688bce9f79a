import json
import math

import numpy as np
import polars as pl

from trainwright.data.steps.categories import MAX_CODES, MAX_ONE_HOT, Categories, CategoriesSummary


def fitted(values, *, one_hot=False):
    summary = CategoriesSummary("town", one_hot=one_hot)
    summary.observe(pl.Series(values, dtype=pl.String))
    return summary.finish()


def test_codes_go_by_frequency_and_then_by_text():
    step = fitted(["b"] * 6 + ["c"] * 6 + ["a"] * 7 + ["ä"] * 6)
    assert step.values == ("a", "b", "c", "ä")
    assert [step.row(value) for value in step.values] == [(0.0,), (1.0,), (2.0,), (3.0,)]


def test_rare_and_new_values_share_a_code_and_missing_is_nan():
    step = fitted(["a"] * 5 + ["rare"] * 4)
    assert step.row("rare") == step.row("new") == (1.0,)
    assert math.isnan(step.row(None)[0])


def test_without_rare_train_rows_a_new_value_is_nan():
    assert math.isnan(fitted(["a"] * 5).row("new")[0])


def test_one_hot_has_a_feature_for_each_value_for_the_rest_and_for_missing():
    step = fitted(["a"] * 6 + ["b"] * 5 + ["c"] + [None], one_hot=True)
    assert step.names == ("town=a", "town=b", "town=(other)", "town=(missing)")
    assert step.row("b") == (0, 1, 0, 0)
    assert step.row("new") == step.row("c") == (0, 0, 1, 0)
    assert step.row(None) == (0, 0, 0, 1)


def test_what_train_rows_never_showed_is_all_zeros_in_one_hot():
    step = fitted(["a"] * 5, one_hot=True)
    assert step.row(None) == step.row("new") == (0.0,)


def test_many_values_are_capped():
    values = [f"v{number:05}" for number in range(MAX_CODES + 10)] * 5
    step = fitted(values)
    assert len(step.values) == MAX_CODES
    assert step.row("v04105") == (float(MAX_CODES),)
    assert len(fitted(values, one_hot=True).names) == MAX_ONE_HOT + 1


def test_a_value_of_any_train_row_is_known_and_others_are_not():
    step = fitted(["a"] * 5 + ["rare"])
    assert step.knows("a")
    assert step.knows("rare")
    assert not step.knows("new")


def test_rare_values_are_not_written_out():
    step = fitted(["a"] * 5 + ["Frau Rarebauer"] * 4)
    saved = json.dumps(step.to_json())
    assert "Rarebauer" not in saved
    assert Categories.from_json(json.loads(saved)) == step


def test_too_many_rare_values_are_all_taken_for_known(monkeypatch):
    monkeypatch.setattr("trainwright.data.steps.categories.MAX_HASHES", 2)
    assert fitted(["x", "y", "z"]).knows("anything")


def test_merged_summaries_count_together():
    one, other = (CategoriesSummary("town", one_hot=False) for _ in range(2))
    one.observe(pl.Series(["a"] * 3 + ["b"] * 5))
    other.observe(pl.Series(["a"] * 3))
    one.merge(other)
    assert one.finish().values == ("a", "b")


def test_a_block_is_filled_as_its_rows():
    values = ["a", "", None, "new", "A", "ä\0", "a "]
    for one_hot in (False, True):
        step = fitted(["a"] * 5 + [""] * 5 + ["r"] + [None], one_hot=one_hot)
        out = np.zeros((len(values), len(step.names)))
        step.fill(step.looked_up(pl.Series(values)), out)
        assert np.array_equal(out, [step.row(value) for value in values], equal_nan=True)


def test_a_column_of_nulls_can_be_fitted():
    step = fitted([None, None])
    assert math.isnan(step.row("a")[0])
    assert fitted([None], one_hot=True).row(None) == (1.0,)
    assert fitted([], one_hot=True).row("a") == ()
