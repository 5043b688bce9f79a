from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from trainwright.core.errors import DataError
from trainwright.evaluation.pass_at_k import chances, pass_at_k


@pytest.mark.parametrize(("n", "c"), [(1, 0), (1, 1), (5, 0), (5, 2), (5, 4), (5, 5), (9, 3)])
def test_the_estimate_is_the_share_of_draws_in_which_one_passes(n, c):
    programs = [True] * c + [False] * (n - c)
    for k in range(1, n + 1):
        draws = list(combinations(programs, k))
        counted = sum(any(draw) for draw in draws) / len(draws)
        found = chances(np.array([n]), np.array([c]), k=k)[0]
        assert found == pytest.approx(counted, abs=1e-12)
        assert found == pytest.approx(1 - comb(n - c, k) / comb(n, k), abs=1e-12)


def test_many_programs_do_not_overflow():
    found = chances(np.array([10_000]), np.array([3]), k=100)[0]
    assert found == pytest.approx(1 - comb(9_997, 100) / comb(10_000, 100))


def test_it_is_a_mean_over_problems_with_an_interval():
    found = pass_at_k([[True, False], [False, False], [True, True]], k=1)
    assert found.value == pytest.approx(0.5)
    assert 0 <= found.low < 0.5 < found.high <= 1
    none = pass_at_k([[False]] * 4, k=1)
    assert none.value == 0 < none.high


def test_too_few_programs_are_refused():
    with pytest.raises(DataError, match="pass@3 needs 3 programs a problem, and there are 2"):
        pass_at_k([[True, False, False], [True, False]], k=3)
    with pytest.raises(DataError, match="there are no problems"):
        pass_at_k([], k=1)
