"""What drift detection finds, and how often it cries wolf: simulated, against its own promise and scipy."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import mannwhitneyu, norm

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.monitoring.binning import quantile_edges
from trainwright.monitoring.drift import monitor
from trainwright.monitoring.movement import INDEPENDENT, certain_auc, compare
from trainwright.monitoring.reference import build_reference

NAMES = ("a", "b", "c")
TARGET = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)


def alarms(seed, *, shift=0.0, reference=1_000, live=1_000, rate=0.01):
    """A look at three columns of numbers, of which the first has moved by `shift` standard deviations."""
    random = np.random.default_rng(seed)
    before = pl.DataFrame(random.normal(size=(reference, 3)), schema=NAMES)
    after = pl.DataFrame(random.normal([shift, 0, 0], size=(live, 3)), schema=NAMES)
    built = build_reference(
        before,
        [Column(name, ColumnType.NUMBER) for name in NAMES],
        prediction=Prediction(np.zeros(reference)),
        target=TARGET,
        quality={"metrics": {}},
        by_time=False,
        units=np.arange(reference),
    )
    return monitor(
        built, after, Prediction(np.zeros(live)), target=None, false_alarm_rate=rate
    ).alarm


@pytest.mark.parametrize(("reference", "live"), [(200, 200), (200, 1_000), (1_000, 1_000)])
def test_false_alarms_come_no_more_often_than_is_said(reference, live):
    """At a rate of 5 %, 12 of 120 or fewer in 99.5 of 100 such simulations."""
    found = sum(alarms(seed, reference=reference, live=live, rate=0.05) for seed in range(120))
    assert found <= 12


@pytest.mark.slow
def test_chance_alone_makes_small_p_values_as_often_as_they_say():
    """Against a reference of 200 rows. With ten bins of twenty rows 1.5 of 100 were under 0.01, and 0.48
    under 0.0025: where few rows set an edge, a bin is too narrow or too wide for all that come later."""
    found = []
    for seed in range(4_000):
        random = np.random.default_rng(seed)
        before, after = random.normal(size=200), random.normal(size=2_000)
        edges = np.array(quantile_edges(before))
        counts = [
            np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
            for values in (before, after)
        ]
        found.append(compare(counts[0][None], counts[1], hurst=INDEPENDENT).p_value)
    assert np.mean(np.array(found) < 0.01) <= 0.0140
    assert np.mean(np.array(found) < 0.0025) <= 0.0042


@pytest.mark.parametrize(
    ("reference", "least"),
    [(1_000, 0.76), pytest.param(4_000, 0.9, marks=pytest.mark.slow)],
)
def test_a_shift_by_three_tenths_of_a_standard_deviation_is_found(reference, least):
    """83 and 95 of 100 (400 draws); of a two-sided interval's lower end it was 69 with 1,000 rows."""
    found = sum(alarms(seed, shift=0.3, reference=reference) for seed in range(150))
    assert found / 150 >= least


def test_a_shift_that_is_not_large_is_not_named_however_many_rows_there_are():
    assert not any(alarms(seed, shift=0.15, reference=20_000, live=20_000) for seed in range(10))


@pytest.mark.parametrize("bins", [2, 10, 400])
def test_the_bound_of_the_auc_is_that_of_scipys_test_with_ties(bins):
    random = np.random.default_rng(bins)
    before, after = random.integers(0, bins, 300), random.integers(0, bins, 200) // 2
    counts = [np.bincount(values, minlength=bins) for values in (before, after)]
    found = mannwhitneyu(before, after, use_continuity=False, method="asymptotic")
    auc = max(found.statistic, 60_000 - found.statistic) / 60_000
    error = (auc - 0.5) / norm.isf(found.pvalue / 2)
    assert certain_auc(*counts) == pytest.approx(auc - norm.ppf(0.95) * error, abs=1e-5)


@pytest.mark.parametrize("shift", [0.1, 0.3, 0.6])
def test_the_auc_is_at_least_the_bound_in_95_of_100_draws(shift):
    """The AUC of normals a shift apart is Phi(shift / sqrt 2); of 400 draws, 32 or fewer miss it."""
    edges = np.linspace(-4, 4, 2_000)
    true = norm.cdf(shift / 2**0.5)
    missed = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        both = random.normal(size=500), random.normal(shift, 1, size=500)
        counts = [np.bincount(np.searchsorted(edges, values), minlength=2_001) for values in both]
        missed += certain_auc(*counts) > true
    assert missed <= 32
