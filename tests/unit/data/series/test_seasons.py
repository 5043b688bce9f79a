from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.series.seasons import autocorrelation, find_season

STEPS = np.arange(400)
NOISE = np.random.default_rng(0).normal(size=400)


def test_the_shortest_season_is_found_under_noise_and_a_trend() -> None:
    assert find_season([np.sin(STEPS * 2 * np.pi / 12) + 0.2 * NOISE + 0.05 * STEPS]) == 12


def test_a_week_of_days_is_told_from_a_day() -> None:
    day = np.sin(STEPS * 2 * np.pi / 8)
    week = 2.0 * ((STEPS // 8) % 7 == 0)
    assert find_season([day + week]) == 56
    assert find_season([day + week], longest=20) == 8


@pytest.mark.parametrize(
    "values", [NOISE, np.cumsum(NOISE), STEPS * 1.0, np.zeros(400), np.ones(3), np.ones(0)]
)
def test_noise_walks_lines_and_constants_have_none(values: np.ndarray) -> None:
    assert find_season([values]) == 1


def test_no_series_has_no_season() -> None:
    assert find_season([]) == 1


def test_autocorrelation_is_that_of_the_overlapping_parts() -> None:
    values = NOISE[:50]
    line = np.polyval(np.polyfit(np.arange(50), values, 1), np.arange(50))
    moved = values - line
    found = autocorrelation(values, 5)
    for lag in range(6):
        wanted = np.mean(moved[lag:] * moved[: 50 - lag]) / np.mean(moved**2)
        assert found[lag] == pytest.approx(wanted, abs=1e-12)
