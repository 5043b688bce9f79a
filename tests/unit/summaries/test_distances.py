import math

import numpy as np
import pytest

from trainwright.summaries.distances import population_stability_index


def test_the_stability_index_of_two_bins_is_its_closed_form():
    # With half a row added: shares 3/4, 1/4 against 1/4, 3/4.
    found = population_stability_index(np.array([1, 0]), np.array([0, 1]))
    assert found == pytest.approx(2 * (0.5 * math.log(3)))


def test_the_stability_index_approaches_the_textbook_sum_with_many_rows():
    expected, actual = np.array([0.2, 0.3, 0.5]), np.array([0.1, 0.5, 0.4])
    textbook = sum((q - p) * math.log(q / p) for p, q in zip(expected, actual, strict=True))
    assert population_stability_index(expected * 1e9, actual * 1e9) == pytest.approx(textbook)


def test_equal_counts_are_at_distance_0():
    counts = np.array([10, 20, 30])
    assert population_stability_index(counts, counts) == 0


def test_the_distance_does_not_depend_on_direction():
    one, other = np.array([5, 1, 9]), np.array([2, 7, 7])
    there, back = population_stability_index(one, other), population_stability_index(other, one)
    assert there == pytest.approx(back)
