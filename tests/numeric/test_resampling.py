"""BCa against scipy's, and the resampling of units."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from scipy import stats

from trainwright.summaries.intervals import Units
from trainwright.summaries.resampling import Resampler, bca_bounds, bootstrap_bounds

SEED = secrets.randbits(31)


def leave_one_out(values, statistic):
    return np.array([statistic(np.delete(values, k)) for k in range(len(values))])


@pytest.mark.parametrize("statistic", [np.mean, np.std], ids=["mean", "standard deviation"])
def test_bca_equals_scipys_on_the_same_replicates(statistic):
    values = np.random.default_rng(SEED).lognormal(size=40)
    expected = stats.bootstrap(
        (values,), statistic, method="BCa", n_resamples=1999, rng=np.random.default_rng(SEED)
    )
    got = bca_bounds(
        float(statistic(values)),
        expected.bootstrap_distribution,
        leave_one_out(values, statistic),
        confidence=0.95,
    )
    interval = expected.confidence_interval
    assert got == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_our_draws_give_about_scipys_interval():
    values = np.random.default_rng(SEED).lognormal(size=200)
    draws = Resampler(Units.of(np.arange(200)), seed=SEED, replicates=4000)
    parts = draws.sums(np.stack([values, np.ones(200)], axis=1))
    got = draws.interval(
        parts, lambda sums: sums[:, 0] / sums[:, 1], value=float(values.mean()), confidence=0.95
    )
    assert got is not None
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, rng=np.random.default_rng(SEED)
    ).confidence_interval
    assert (got.low, got.high) == pytest.approx(
        (expected.low, expected.high), abs=0.12 * (expected.high - expected.low)
    )


def test_where_bias_outweighs_spread_the_interval_is_reflected():
    replicates = np.linspace(2.0, 3.0, 1001)
    low, high = bootstrap_bounds(1.0, replicates, np.ones(10), confidence=0.9)
    assert (low, high) == pytest.approx((2 - 2.95, 2 - 2.05))


def test_units_beyond_the_limit_are_dealt_into_blocks_without_moving_the_width():
    values = np.random.default_rng(SEED).normal(size=20_000)
    draws = Resampler(Units.of(np.arange(20_000)), seed=SEED)
    assert np.bincount(draws.place).tolist() == [20] * 1000
    parts = draws.sums(np.stack([values, np.ones(20_000)], axis=1))
    got = draws.interval(
        parts, lambda sums: sums[:, 0] / sums[:, 1], value=float(values.mean()), confidence=0.95
    )
    assert got is not None
    assert got.high - got.low == pytest.approx(2 * 1.96 * stats.sem(values), rel=0.2)


def test_levels_beyond_the_replicates_are_wider_and_finite():
    values = np.random.default_rng(SEED).normal(size=100)
    draws = Resampler(Units.of(np.arange(100)), seed=1)
    parts = draws.sums(np.stack([values, np.ones(100)], axis=1))
    widths = []
    for confidence in (0.8, 0.95, 0.9875, 0.998, 0.99999):
        got = draws.interval(
            parts,
            lambda sums: sums[:, 0] / sums[:, 1],
            value=float(values.mean()),
            confidence=confidence,
        )
        assert got is not None
        widths.append(got.high - got.low)
    assert widths == sorted(widths)
    assert widths[-1] / widths[1] == pytest.approx(4.42 / 1.96, rel=0.25)


def test_equal_seeds_give_equal_bits():
    units = Units.of(np.arange(50))
    first, second = Resampler(units, seed=3), Resampler(units, seed=3)
    assert (first._weights == second._weights).all()
    assert (Resampler(units, seed=4)._weights != first._weights).any()


def test_replicates_that_do_not_vary_give_no_interval():
    draws = Resampler(Units.of(np.arange(30)), seed=0)
    ones = draws.sums(np.ones((30, 2)))
    assert draws.interval(ones, lambda s: s[:, 0] / s[:, 1], value=1.0, confidence=0.95) is None


def test_sums_are_exact_so_that_no_order_of_adding_shows():
    generator = np.random.default_rng(SEED)
    draws = Resampler(Units.of(np.arange(1000)), seed=0, replicates=50)
    values = generator.lognormal(0, 5, size=(1000, 3))
    order = generator.permutation(1000)
    moved = Resampler(Units.of(np.arange(1000)), seed=0, replicates=50)
    moved._weights = draws._weights[:, order]
    assert (draws.draw(values) == moved.draw(values[order])).all()
    assert (draws._weights @ values != moved._weights @ values[order]).any()  # plain sums show it
