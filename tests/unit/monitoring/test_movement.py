from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, chi2_contingency

from trainwright.monitoring.movement import _movement_variance, _tail_of_sum, compare


def test_without_movement_the_p_value_is_that_of_the_two_sample_chi_square():
    random = np.random.default_rng(random_seed := np.random.SeedSequence().entropy % 2**31)
    shares = random.dirichlet(np.full(6, 8.0))
    live = random.multinomial(400, shares)
    reference = random.multinomial(900, shares)
    expected = chi2_contingency(np.vstack([reference, live]), correction=False).pvalue
    found = compare(reference[None, :], live).p_value
    assert found == pytest.approx(expected, rel=1e-9), f"seed {random_seed}"


@pytest.mark.parametrize(
    ("reference", "live"), [([5, 5], [0, 0]), ([0, 0], [5, 5]), ([9, 0], [9, 0]), ([1, 0], [0, 1])]
)
def test_what_cannot_be_compared_is_no_difference(reference, live):
    movement = compare(np.array([reference]), np.array(live))
    assert movement.p_value == 1.0
    assert np.isfinite(movement.psi)


def test_a_bin_that_the_reference_never_saw_counts():
    movement = compare(np.array([[250, 250, 0]] * 4), np.array([90, 90, 20]))
    assert movement.psi > 0.1
    assert movement.p_value < 1e-6


def test_the_variance_of_movement_is_found_again():
    random = np.random.default_rng(7)
    deviation = 0.05  # of the first bin's share, taken from the second
    found = []
    for _ in range(60):
        moved = random.normal(0, deviation, 20)
        shares = np.column_stack([0.4 + moved, 0.4 - moved, np.full(20, 0.2)])
        found.append(_movement_variance(np.array([random.multinomial(500, p) for p in shares])))
    assert np.mean(found) == pytest.approx(2 * deviation**2 / 0.4, rel=0.15)


def test_blocks_that_differ_by_sampling_alone_mostly_show_no_movement():
    random = np.random.default_rng(8)
    found = [
        _movement_variance(random.multinomial(500, [0.4, 0.4, 0.2], size=20)) for _ in range(200)
    ]
    assert 0.1 < np.mean(np.array(found) > 0) < 0.3


def test_the_tail_of_the_sum_bounds_what_is_drawn():
    random = np.random.default_rng(9)
    drawn = random.chisquare(4, 400_000) + 3.0 * random.f(1, 9, 400_000)
    for statistic in (5.0, 20.0, 60.0):
        share = np.mean(drawn > statistic)
        bound = _tail_of_sum(statistic, freedom=4, scale=3.0, blocks=10)
        assert share * 0.97 - 1e-4 <= bound <= share * 1.08 + 1e-4


def test_the_tail_without_movement_is_chi_square():
    assert _tail_of_sum(12.0, freedom=3, scale=1e-9, blocks=5) == pytest.approx(
        chi2.sf(12.0, 3), rel=0.01
    )


def test_the_same_difference_is_less_surprising_where_the_reference_moves():
    still = np.array([[50, 50]] * 10)
    moving = np.array([[40, 60], [60, 40]] * 5)
    live = np.array([140, 60])
    assert compare(still, live).p_value < 1e-5
    assert compare(moving, live).p_value > 0.01
