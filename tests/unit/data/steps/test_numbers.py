import math

import numpy as np
import polars as pl
import pytest

from trainwright.data.steps.numbers import (
    BOUND,
    PassedNumber,
    ScaledNumber,
    ScaledNumberSummary,
)


def fitted(values):
    summary = ScaledNumberSummary("x")
    summary.observe(pl.Series(values, dtype=pl.Float64))
    return summary.finish()


def filled(step, values):
    out = np.zeros((len(values), len(step.names)))
    step.fill(pl.Series(values, dtype=pl.Float64), out)
    return out.tolist()


def test_trees_get_numbers_as_they_are_and_nan_for_the_rest():
    step = PassedNumber("x")
    assert step.row(3) == (3.0,)
    for lost in (None, math.nan, math.inf, -math.inf, 10**400):
        assert math.isnan(step.row(lost)[0])
    assert math.copysign(1, step.row(-0.0)[0]) == -1


def test_a_number_is_centred_by_the_median_and_scaled_by_the_interquartile_range():
    step = fitted([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (step.centre, step.scale) == (3.0, 2.0)
    assert step.row(4.0) == (0.5,)


def test_one_wild_train_value_does_not_move_the_scale():
    assert fitted([1.0, 2.0, 3.0, 4.0, 1e300]).scale == 2.0


def test_wild_values_are_bounded():
    step = fitted([1.0, 2.0, 3.0])
    assert step.row(1e308) == (BOUND,)
    assert filled(step, [-1e308, 1e308]) == [[-BOUND], [BOUND]]


def test_missing_becomes_the_median_and_is_indicated_where_train_rows_lacked_it():
    step = fitted([1.0, None, 3.0])
    assert step.names == ("x", "x.missing")
    assert step.row(None) == (0.0, 1.0)
    assert filled(step, [None, 2.0]) == [[0.0, 1.0], [0.0, 0.0]]
    assert fitted([1.0, 3.0]).row(None) == (0.0,)


def test_a_mostly_constant_number_is_scaled_by_its_deviation():
    values = [0.0] * 90 + [5.0] * 10
    assert fitted(values).scale == pytest.approx(np.std(values, ddof=1))


@pytest.mark.parametrize("values", [[7.0] * 9, [None] * 9, [], [7.0]])
def test_a_number_that_tells_nothing_keeps_its_scale(values):
    step = fitted(values)
    assert step.scale == 1.0
    assert math.isfinite(step.row(8.0)[0])


def test_beyond_memory_the_fit_is_within_the_sketch_error_and_does_not_depend_on_blocks(
    monkeypatch,
):
    monkeypatch.setattr("trainwright.data.steps.numbers.EXACT_ROWS", 500)
    values = np.random.default_rng(0).lognormal(size=5_000)
    one, first, second = (ScaledNumberSummary("x") for _ in range(3))
    for start in range(0, 5_000, 100):
        one.observe(pl.Series(values[start : start + 100]))
        (first if start < 2_000 else second).observe(pl.Series(values[start : start + 100]))
    first.merge(second)
    step = one.finish()
    assert first.finish() == step
    assert step.centre == pytest.approx(np.median(values), rel=1 / 100)
    assert step.centre != np.median(values)
    assert isinstance(step, ScaledNumber)
