"""Pairs of columns of like unit: those whose ranges overlap, as they are asked for, in the columns' order."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from trainwright.core.columns import Column, ColumnType
from trainwright.data.leakage.pairs import MAX_PAIRS, like_pairs


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    (low, high), (low_, high_) = (np.nanquantile(v, [0.05, 0.95]) for v in (one, other))
    shorter, longer = sorted((high - low, high_ - low_))
    return bool(longer <= 4 * shorter and min(high, high_) > max(low, low_))


def test_they_are_all_that_are_alike_and_no_more_than_the_limit() -> None:
    rng = np.random.default_rng(0)
    values = {
        f"x{n}": rng.normal(rng.uniform(-9, 9), rng.uniform(0.1, 9), 60) - 50 for n in range(60)
    }
    columns = {name: Column(name, ColumnType.NUMBER) for name in values}
    wanted = [(a, b) for a, b in combinations(values, 2) if alike(values[a], values[b])]
    assert len(wanted) > MAX_PAIRS
    for some in (list(values)[:20], list(values)):
        chosen = {name: columns[name] for name in some}
        found = [(p.left, p.right) for p in like_pairs(chosen, values) if p.sign == "-"]
        assert found == [pair for pair in wanted if {*pair} <= {*some}][:MAX_PAIRS]
