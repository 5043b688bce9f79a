"""The stability index against scipy, inputs drawn anew each time; tolerance 1e-12."""

import numpy as np
import pytest
from scipy.stats import entropy

from trainwright.summaries.distances import population_stability_index


@pytest.mark.parametrize("_", range(20))
def test_the_stability_index_is_that_of_scipy(_):
    random = np.random.default_rng()
    one = random.integers(0, 50, random.integers(2, 30))
    other = random.integers(0, 50, len(one))
    one[0] += 1
    other[-1] += 1
    psi = entropy(one + 0.5, other + 0.5) + entropy(other + 0.5, one + 0.5)
    assert population_stability_index(one, other) == pytest.approx(psi, abs=1e-12)
