from __future__ import annotations

import math

import numpy as np

from trainwright.summaries.statistics import (
    ExactSum,
    RankCounts,
    RegressionStatistics,
    calibration_bin,
)


def test_a_sum_keeps_what_rounding_would_lose():
    total = ExactSum.of([1e100, 1.0, -1e100])
    assert total.value == 1.0
    assert ExactSum.of([1e100, 1.0]).merge(ExactSum.of([-1e100])).value == 1.0
    assert ExactSum.of([]).value == 0.0


def test_what_is_not_finite_stays_visible():
    assert math.isinf(ExactSum.of([1.0, math.inf]).value)
    assert math.isnan(ExactSum.of([math.inf, -math.inf]).value)
    assert math.isnan(ExactSum.of([1e308, 1e308]).value)
    assert math.isnan(ExactSum.of([math.nan, 1.0]).merge(ExactSum.of([2.0])).value)
    huge = np.array([1e200, -1e200])
    assert math.isnan(RegressionStatistics.of(huge, huge).target_spread)


def test_ties_count_half_and_one_class_has_no_area():
    scores = np.array([0.5, 0.5, 0.5])
    assert RankCounts.of(scores, np.array([True, False, False])).roc_auc == 0.5
    assert RankCounts.of(scores, np.array([True, True, True])).roc_auc is None
    assert RankCounts.of(scores, np.array([False, False, False])).average_precision is None


def test_bins_hold_their_edges():
    assert calibration_bin(np.array([0.0, 1 / 15 - 1e-9, 1 / 15, 0.999, 1.0])).tolist() == [
        0,
        0,
        1,
        14,
        14,
    ]
