import math

import numpy as np
import polars as pl

from trainwright.data.steps.booleans import BooleanSummary


def fitted(values, *, imputes):
    summary = BooleanSummary("b", imputes=imputes)
    summary.observe(pl.Series(values, dtype=pl.Boolean))
    return summary.finish()


def test_for_trees_missing_is_nan():
    step = fitted([True, None], imputes=False)
    assert step.names == ("b",)
    assert (step.row(True), step.row(False)) == ((1.0,), (0.0,))
    assert math.isnan(step.row(None)[0])


def test_for_a_linear_model_missing_is_indicated_where_train_rows_lacked_it():
    step = fitted([True, None], imputes=True)
    assert step.names == ("b", "b.missing")
    assert [step.row(value) for value in (True, False, None)] == [(1, 0), (0, 0), (0, 1)]
    assert fitted([True, False], imputes=True).row(None) == (0.0,)


def test_a_merged_summary_knows_of_nulls_in_either_part():
    one, other = BooleanSummary("b", imputes=True), BooleanSummary("b", imputes=True)
    one.observe(pl.Series([True]))
    other.observe(pl.Series([None], dtype=pl.Boolean))
    one.merge(other)
    assert one.finish().indicates


def test_a_block_is_filled_as_its_rows():
    step = fitted([None, True], imputes=True)
    out = np.zeros((3, 2))
    step.fill(pl.Series([True, None, False]), out)
    assert out.tolist() == [list(step.row(value)) for value in (True, None, False)]
