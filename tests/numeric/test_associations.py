from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr
from scipy.stats.contingency import association

from trainwright.summaries.associations import associations


def test_two_numbers_have_spearmans_correlation_without_its_sign():
    random = np.random.default_rng()
    x = random.normal(size=300)
    y = -(x**3) + random.normal(size=300)
    found = associations({"x": pl.Series(x), "y": pl.Series(y)})
    assert found[0, 1] == pytest.approx(abs(spearmanr(x, y).statistic))
    assert found[0, 0] == 1


def test_two_categories_have_cramers_v_less_what_chance_gives():
    random = np.random.default_rng()
    a = random.integers(0, 4, 4000)
    b = np.where(random.random(4000) < 0.5, a, random.integers(0, 4, 4000))
    found = associations({"a": pl.Series(a).cast(pl.String), "b": pl.Series(b).cast(pl.String)})
    table = np.histogram2d(a, b, bins=4)[0].astype(int)
    assert found[0, 1] == pytest.approx(association(table, method="cramer"), abs=0.01)
    free = random.integers(0, 30, 400)
    noise = associations(
        {"a": pl.Series(a[:400]).cast(pl.String), "n": pl.Series(free).cast(pl.String)}
    )
    plain = association(
        np.histogram2d(a[:400], free, bins=(4, 30))[0].astype(int) + 0, method="cramer"
    )
    assert noise[0, 1] < plain


def test_a_number_and_a_category_have_the_correlation_ratio_of_ranks():
    random = np.random.default_rng()
    group = random.integers(0, 3, 5000)
    value = group * 0.7 + random.normal(size=5000)
    found = associations({"g": pl.Series(group).cast(pl.String), "v": pl.Series(value)})[0, 1]
    ranks = np.argsort(np.argsort(value)) + 1.0
    between = sum(
        (group == g).sum() * (ranks[group == g].mean() - ranks.mean()) ** 2 for g in range(3)
    )
    assert found == pytest.approx(np.sqrt(between / ((ranks - ranks.mean()) ** 2).sum()), abs=0.01)


def test_rows_where_either_is_missing_do_not_count_and_few_rows_say_nothing():
    x = pl.Series([1.0, 2.0, None] * 20)
    assert associations({"x": x, "y": pl.Series([2.0, 4.0, 9.0] * 20)})[0, 1] == pytest.approx(1)
    assert np.isnan(associations({"x": x.head(12), "y": x.head(12)})[0, 1])
    constant = associations({"x": x, "c": pl.Series(["a"] * 60)})
    assert constant[0, 1] == 0
