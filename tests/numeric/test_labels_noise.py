"""The noise estimate on probabilities whose truth is known: rates come back, cuts keep their promise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from trainwright.data.labels.noise import estimate_noise
from trainwright.data.labels.residuals import estimate_outliers, standardised

ROWS = 6_000


def drawn(
    easy: float, noise: float, *, seed: int, num_classes: int = 2
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Calibrated probabilities, labels drawn from them, and some of those flipped."""
    generator = np.random.default_rng(seed)
    alpha = np.full(num_classes, easy)
    probabilities = generator.dirichlet(alpha, ROWS)
    sums = probabilities.cumsum(axis=1)
    codes = (generator.random(ROWS)[:, None] > sums).sum(axis=1).clip(0, num_classes - 1)
    wrong = generator.random(ROWS) < noise
    codes[wrong] = (codes[wrong] + generator.integers(1, num_classes, wrong.sum())) % num_classes
    return probabilities, codes, wrong


@pytest.mark.parametrize("num_classes", [2, 4])
@pytest.mark.parametrize("noise", [0.02, 0.05, 0.1])
def test_the_planted_rate_comes_back(noise: float, num_classes: int) -> None:
    found = [
        estimate_noise(*drawn(0.05, noise, seed=seed, num_classes=num_classes)[:2]).rate
        for seed in range(3)
    ]
    assert np.mean(found) == pytest.approx(noise, rel=0.25)  # worst of five runs: 0.14


def test_the_cut_keeps_its_promise_in_nearly_every_draw() -> None:
    named, broken, expected = 0, 0, 0.0
    for seed in range(24):
        probabilities, codes, wrong = drawn(0.1, 0.06, seed=seed)
        cut = estimate_noise(probabilities, codes).cut(0.2)
        false = int((~wrong[cut.rows]).sum())
        assert cut.expected <= cut.at_most <= 0.2
        named += len(cut.rows)
        broken += false > 0.2 * len(cut.rows)
        expected += cut.expected * len(cut.rows) - false
    assert named > 7_000  # of 8,640 that were flipped
    assert broken <= 1  # of 24; cut by the mean, 11 break it
    assert abs(expected) / named < 0.05


def test_calibrated_doubt_without_wrong_labels_is_no_noise() -> None:
    named = sum(
        len(estimate_noise(*drawn(easy, 0.0, seed=seed)[:2]).cut(0.2).rows)
        for easy in (0.02, 0.1, 0.5)
        for seed in range(10)
    )
    assert named <= 5  # of 180,000 labels


def test_hard_rows_hide_wrong_labels_and_nothing_is_claimed() -> None:
    probabilities, codes, _ = drawn(3.0, 0.05, seed=0)
    assert len(estimate_noise(probabilities, codes).cut(0.2).rows) == 0


def test_noise_in_one_class_is_not_laid_on_the_other() -> None:
    probabilities, codes, _ = drawn(0.05, 0.0, seed=1)
    flipped = (codes == 1) & (np.random.default_rng(2).random(ROWS) < 0.1)
    codes = np.where(flipped, 0, codes)
    rows = estimate_noise(probabilities, codes).cut(0.2).rows
    assert (codes[rows] == 0).all()
    assert flipped[rows].mean() > 0.7


def test_a_stricter_cut_names_fewer_rows() -> None:
    probabilities, codes, _ = drawn(0.05, 0.05, seed=3)
    noise = estimate_noise(probabilities, codes)
    assert len(noise.cut(0.05).rows) < len(noise.cut(0.4).rows)


def test_wrong_numbers_stand_out_of_a_heavy_tail() -> None:
    generator = np.random.default_rng(0)
    spread = generator.uniform(0.5, 3, ROWS)
    residuals = generator.standard_t(4, ROWS) * spread
    wrong = generator.random(ROWS) < 0.02
    residuals[wrong] += generator.choice([-1, 1], wrong.sum()) * 30 * spread[wrong]
    noise = estimate_outliers(standardised(residuals, spread))
    cut = noise.cut(0.2)
    rows = cut.rows
    assert wrong[rows].mean() >= 0.75
    assert wrong[rows].sum() >= 0.8 * wrong.sum()
    assert cut.expected <= 0.2


def test_a_heavy_tail_alone_names_next_to_nothing() -> None:
    generator = np.random.default_rng(1)
    named = sum(
        len(estimate_outliers(np.abs(generator.standard_t(freedom, ROWS))).cut(0.2).rows)
        for freedom in (3, 5, 30)
        for _ in range(4)
    )
    assert named <= 20  # of 72,000


def test_without_standardising_the_wide_rows_would_be_named() -> None:
    generator = np.random.default_rng(2)
    spread = np.where(np.arange(ROWS) < 300, 20.0, 1.0)
    residuals = generator.normal(size=ROWS) * spread
    assert len(estimate_outliers(np.abs(residuals)).cut(0.2).rows) > 100
    assert len(estimate_outliers(standardised(residuals, spread)).cut(0.2).rows) <= 2
