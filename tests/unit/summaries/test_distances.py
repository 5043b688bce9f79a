import math

import numpy as np
import pytest

from trainwright.summaries.distances import (
    jensen_shannon_divergence,
    kolmogorov_smirnov,
    kolmogorov_smirnov_of_counts,
    population_stability_index,
)


def test_the_stability_index_of_two_bins_is_its_closed_form():
    # With half a row added: shares 3/4, 1/4 against 1/4, 3/4.
    found = population_stability_index(np.array([1, 0]), np.array([0, 1]))
    assert found == pytest.approx(2 * (0.5 * math.log(3)))


def test_the_stability_index_approaches_the_textbook_sum_with_many_rows():
    expected, actual = np.array([0.2, 0.3, 0.5]), np.array([0.1, 0.5, 0.4])
    textbook = sum((q - p) * math.log(q / p) for p, q in zip(expected, actual, strict=True))
    assert population_stability_index(expected * 1e9, actual * 1e9) == pytest.approx(textbook)


def test_equal_shares_are_at_distance_0_whatever_the_number_of_rows():
    counts = np.array([10, 20, 30])
    assert jensen_shannon_divergence(counts, counts * 7) == pytest.approx(0, abs=1e-15)
    assert kolmogorov_smirnov_of_counts(counts, counts * 7) == pytest.approx(0, abs=1e-15)
    assert population_stability_index(counts, counts) == 0


def test_distances_do_not_depend_on_direction():
    one, other = np.array([5, 1, 9]), np.array([2, 7, 7])
    for distance in (population_stability_index, jensen_shannon_divergence):
        assert distance(one, other) == pytest.approx(distance(other, one))


def test_jensen_shannon_is_1_bit_without_a_common_bin():
    assert jensen_shannon_divergence(np.array([3, 0]), np.array([0, 8])) == 1.0


def test_jensen_shannon_of_a_half_overlap_is_its_closed_form():
    # p = (1, 0), q = (1/2, 1/2): H(3/4, 1/4) - H(q) / 2 = 0.8113 - 0.5
    entropy = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    found = jensen_shannon_divergence(np.array([4, 0]), np.array([5, 5]))
    assert found == pytest.approx(entropy - 0.5)


def test_kolmogorov_smirnov_of_shifted_ranges_is_the_shift():
    one = np.arange(100.0)
    assert kolmogorov_smirnov(one, one + 30) == pytest.approx(0.3)
    assert kolmogorov_smirnov(one, one + 1000) == 1.0


def test_kolmogorov_smirnov_of_counts_is_that_of_samples_where_bins_hold_one_value():
    random = np.random.default_rng()
    one, other = random.integers(0, 9, 300), random.integers(0, 7, 200)
    counts = [np.bincount(sample, minlength=9) for sample in (one, other)]
    samples = kolmogorov_smirnov(one.astype(float), other.astype(float))
    assert kolmogorov_smirnov_of_counts(*counts) == pytest.approx(samples)
