"""Amounts with intervals: carried on, and weighed against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trainwright.summaries.reckoning import Reckoned, break_even, exact, extrapolated


@pytest.mark.parametrize("exponent", [0.7, 1.0, 1.4])
def test_a_power_of_the_rows_is_found_from_five_points(exponent):
    rows = [100, 200, 400, 800, 1600]
    found = extrapolated(rows, [1e-3 * n**exponent for n in rows], at=6400)
    true = 1e-3 * 6400**exponent
    assert found.low < true < found.high
    assert found.value == pytest.approx(true, rel=0.25)


def test_one_point_is_carried_on_in_proportion_with_a_wide_interval():
    near, far = (extrapolated([100], [2.0], at=at) for at in (100, 10_000))
    assert near.value == pytest.approx(2.0)
    assert far.value == pytest.approx(200.0)
    assert far.high / far.low > near.high / near.low


def test_intervals_hold_what_comes_in_nearly_all_of_many_worlds():
    rng = np.random.default_rng(0)
    rows = [100, 200, 400, 800]
    held = 0
    for _ in range(400):
        exponent, noise = rng.normal(1.0, 0.2), 0.2
        times = [1e-3 * n**exponent * math.exp(rng.normal(0, noise)) for n in [*rows, 3200]]
        found = extrapolated(rows, times[:-1], at=3200)
        held += found.low <= times[-1] <= found.high
    assert 0.92 < held / 400 <= 1.0


def test_the_break_even_of_known_amounts_is_their_quotient():
    found = break_even(fixed=exact(100.0), saved=(exact(0.02), exact(0.01)), seed=0)
    assert (found.value, found.low, found.high) == pytest.approx((10_000.0,) * 3)


def test_what_is_dearer_here_is_never_earned_back():
    found = break_even(fixed=exact(100.0), saved=(exact(0.01), exact(0.02)), seed=0)
    assert found.low == found.value == found.high == math.inf
    assert found.to_json() == {"value": None, "low": None, "high": None}


def test_uncertain_amounts_give_an_interval_that_is_the_same_each_time():
    saved = (Reckoned(0.02, 0.01, 0.04), exact(0.001))
    one, two = (break_even(fixed=Reckoned(100, 50, 200), saved=saved, seed=3) for _ in range(2))
    assert one == two
    assert one.low < one.value < one.high
