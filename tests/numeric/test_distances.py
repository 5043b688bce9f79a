"""Distances against scipy, inputs drawn anew each time; tolerance 1e-12, worst seen about 1e-15."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, ks_2samp

from trainwright.summaries.distances import (
    jensen_shannon_divergence,
    kolmogorov_smirnov,
    population_stability_index,
)


@pytest.mark.parametrize("_", range(20))
def test_distances_are_those_of_scipy(_):
    random = np.random.default_rng()
    one = random.integers(0, 50, random.integers(2, 30))
    other = random.integers(0, 50, len(one))
    one[0] += 1
    other[-1] += 1
    js = jensenshannon(one, other, base=2) ** 2
    assert jensen_shannon_divergence(one, other) == pytest.approx(js, abs=1e-12)
    psi = entropy(one + 0.5, other + 0.5) + entropy(other + 0.5, one + 0.5)
    assert population_stability_index(one, other) == pytest.approx(psi, abs=1e-12)


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_kolmogorov_smirnov_is_that_of_scipy_with_and_without_ties(decimals):
    random = np.random.default_rng()
    one, other = random.normal(size=211).round(decimals), random.normal(0.3, 2, 97).round(decimals)
    assert kolmogorov_smirnov(one, other) == pytest.approx(
        ks_2samp(one, other).statistic, abs=1e-12
    )
