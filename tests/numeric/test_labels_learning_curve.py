"""The stopping estimate on power laws that are known."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.labels.learning_curve import expected_gain

SIZES = np.array([50, 100, 150, 200, 300, 400])


def law(
    sizes: np.ndarray, *, floor: float = 0.05, scale: float = 2.0, power: float = 0.6
) -> np.ndarray:
    return floor + scale * sizes**-power


def test_a_clean_power_law_is_continued() -> None:
    errors = np.full(len(SIZES), 1e-4)
    found = expected_gain(SIZES, law(SIZES), errors, more=200)
    true = float(law(np.array([400]))[0] - law(np.array([600]))[0])
    assert found.value == pytest.approx(true, rel=0.05)
    assert found.low <= true <= found.high


def test_the_interval_covers_what_comes_about_as_often_as_it_says() -> None:
    hits, rounds = 0, 100
    for seed in range(rounds):
        generator = np.random.default_rng(seed)
        power = generator.uniform(0.3, 1.0)
        errors = np.full(len(SIZES), 0.01)
        losses = law(SIZES, power=power) + generator.normal(size=len(SIZES)) * errors
        true = float(law(np.array([400]), power=power)[0] - law(np.array([600]), power=power)[0])
        found = expected_gain(SIZES, losses, errors, more=200)
        hits += found.low <= true <= found.high
    assert hits >= 70  # 0.8 of them, less two and a half standard deviations


def test_a_flat_curve_promises_little_and_says_stop() -> None:
    found = expected_gain(SIZES, np.full(6, 0.1), np.full(6, 0.002), more=100)
    assert found.value < 0.001
    assert found.high < 0.01
    assert expected_gain(SIZES, law(SIZES), np.full(6, 0.002), more=400).high >= 0.01


def test_a_gain_is_never_below_nothing() -> None:
    rising = expected_gain(SIZES, np.linspace(0.1, 0.2, 6), np.full(6, 0.005), more=100)
    assert rising.low == 0
    assert rising.value == 0


def test_two_sizes_are_no_curve() -> None:
    with pytest.raises(ValueError, match="three sizes"):
        expected_gain(np.array([1, 2]), np.array([0.2, 0.1]), np.array([0.1, 0.1]), more=1)
