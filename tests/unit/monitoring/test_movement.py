from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, chi2_contingency, mannwhitneyu

from trainwright.monitoring.movement import (
    INDEPENDENT,
    PERSISTENT,
    _spread,
    _tail_of_sum,
    certain_auc,
    compare,
    freedom_of_variance,
    growth,
)


def test_without_movement_the_p_value_is_that_of_the_two_sample_chi_square():
    random = np.random.default_rng(random_seed := np.random.SeedSequence().entropy % 2**31)
    shares = random.dirichlet(np.full(6, 8.0))
    live = random.multinomial(400, shares)
    reference = random.multinomial(900, shares)
    expected = chi2_contingency(np.vstack([reference, live]), correction=False).pvalue
    found = compare(reference[None, :], live, hurst=INDEPENDENT).p_value
    assert found == pytest.approx(expected, rel=1e-9), f"seed {random_seed}"


@pytest.mark.parametrize(
    ("reference", "live"), [([5, 5], [0, 0]), ([0, 0], [5, 5]), ([9, 0], [9, 0]), ([1, 0], [0, 1])]
)
def test_what_cannot_be_compared_is_no_difference(reference, live):
    movement = compare(np.array([reference]), np.array(live), hurst=PERSISTENT)
    assert movement.p_value == 1.0
    assert np.isfinite(movement.psi)


def test_a_bin_that_the_reference_never_saw_counts():
    movement = compare(np.array([[250, 250, 0]] * 4), np.array([90, 90, 20]), hurst=PERSISTENT)
    assert movement.psi > 0.1
    assert movement.p_value < 1e-6


def test_the_variance_of_movement_is_found_again():
    random = np.random.default_rng(7)
    deviation = 0.05  # of the first bin's share, taken from the second
    found = []
    for _ in range(60):
        moved = random.normal(0, deviation, 20)
        shares = np.column_stack([0.4 + moved, 0.4 - moved, np.full(20, 0.2)])
        spread = _spread(np.array([random.multinomial(500, p) for p in shares]))
        found.append(spread.variance if spread else 0.0)
    assert np.mean(found) == pytest.approx(2 * deviation**2 / 0.4, rel=0.15)


def test_blocks_that_differ_by_sampling_alone_mostly_show_no_movement():
    random = np.random.default_rng(8)
    found = [_spread(random.multinomial(500, [0.4, 0.4, 0.2], size=20)) for _ in range(200)]
    assert 0.1 < np.mean([spread is not None for spread in found]) < 0.3


def test_the_tail_of_the_sum_bounds_what_is_drawn():
    random = np.random.default_rng(9)
    drawn = random.chisquare(4, 400_000) + 3.0 * random.f(1, 9, 400_000)
    for statistic in (5.0, 20.0, 60.0):
        share = np.mean(drawn > statistic)
        bound = _tail_of_sum(statistic, freedom=4, scale=3.0, directions=1.0, moved=9.0)
        assert share * 0.97 - 1e-4 <= bound <= share * 1.08 + 1e-4


def test_the_tail_without_movement_is_chi_square():
    assert _tail_of_sum(12.0, freedom=3, scale=1e-9, directions=1.0, moved=4.0) == pytest.approx(
        chi2.sf(12.0, 3), rel=0.01
    )


def test_the_same_difference_is_less_surprising_where_the_reference_moves():
    still = np.array([[50, 50]] * 10)
    moving = np.array([[40, 60], [60, 40]] * 5)
    live = np.array([140, 60])
    assert compare(still, live, hurst=INDEPENDENT).p_value < 1e-5
    assert compare(moving, live, hurst=INDEPENDENT).p_value > 0.01


def noise(count, *, hurst):
    """Covariance of fractional Gaussian noise, from its definition by increments."""
    power = 2 * hurst
    times = np.arange(count)
    lag = np.abs(times[:, None] - times).astype(float)
    return ((lag + 1) ** power - 2 * lag**power + np.abs(lag - 1) ** power) / 2


@pytest.mark.parametrize("hurst", [INDEPENDENT, PERSISTENT, 0.9])
@pytest.mark.parametrize("length", [1, 7, 40])
def test_growth_is_that_of_fractional_noise(hurst, length):
    covariance = noise(30 + length, hurst=hurst)
    contrast = np.r_[np.full(30, -1 / 30), np.full(length, 1 / length)]
    apart = contrast @ covariance @ contrast
    centred = np.eye(30) - 1 / 30
    found = np.trace(centred @ covariance[:30, :30]) / 29
    assert growth(length, blocks=30, hurst=hurst) == pytest.approx(apart / found, rel=1e-9)


def test_independent_blocks_have_the_textbook_growth_and_freedom():
    assert growth(4.0, blocks=20, hurst=INDEPENDENT) == pytest.approx(1 / 4 + 1 / 20)
    assert freedom_of_variance(blocks=20, hurst=INDEPENDENT) == 19
    assert 10 < freedom_of_variance(blocks=20, hurst=PERSISTENT) < 14


def test_live_rows_far_beyond_all_blocks_are_significant_though_the_blocks_move_much():
    random = np.random.default_rng(11)
    moves = random.normal(0, 1.0, 30)
    edges = np.linspace(-1.5, 1.5, 9)
    blocks = np.array(
        [
            np.bincount(np.searchsorted(edges, random.normal(m, 0.3, 1000)), minlength=10)
            for m in moves
        ]
    )
    far = np.bincount(np.searchsorted(edges, random.normal(2.5, 1.0, 12_000)), minlength=10)
    assert compare(blocks, far, hurst=PERSISTENT).p_value < 1e-4
    assert compare(blocks[:29], blocks[29], hurst=PERSISTENT).p_value > 0.01


def test_the_certain_auc_is_below_that_of_the_samples_in_either_direction():
    random = np.random.default_rng(12)
    ours, theirs = random.normal(size=3000), random.normal(0.5, 1, 3000)
    edges = np.linspace(-3, 3, 60)
    counts = [
        np.bincount(np.searchsorted(edges, sample), minlength=61) for sample in (ours, theirs)
    ]
    auc = mannwhitneyu(theirs, ours).statistic / 3000**2
    assert certain_auc(*counts) == pytest.approx(
        auc - 1.645 * (6001 / 12 / 3000**2) ** 0.5, abs=5e-4
    )
    assert certain_auc(*counts[::-1]) == pytest.approx(certain_auc(*counts))
    assert certain_auc(np.zeros(3, dtype=int), np.array([1, 2, 3])) == 0.0
