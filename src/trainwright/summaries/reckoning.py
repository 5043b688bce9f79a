"""What a few measurements say of larger ones, and of money, each with an interval.

A time is a power of the number of rows with a factor of noise: a Bayesian line through the logarithms. The
exponent is believed to be near 1 until the measurements say otherwise, so that one point is enough for an
answer and its interval is honestly wide. Quotients of uncertain amounts are drawn (4,096 seeded draws).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
DRAWS = 4_096
EXPONENT, EXPONENT_SPREAD = 1.0, 0.3  # of the prior
NOISE = 0.2  # of a logarithm, at least: the same fit twice on a shared machine
_Z = 1.959964
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reckoned:
    """An amount with its interval; `math.inf` where there is no end."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """As JSON values; what has no end is null."""
        parts = {"value": self.value, "low": self.low, "high": self.high}
        return {name: amount if math.isfinite(amount) else None for name, amount in parts.items()}

    def times(self, factor: float) -> Reckoned:
        """A multiple; the factor is at least 0."""
        return Reckoned(*(factor * amount for amount in (self.value, self.low, self.high)))

    def plus(self, other: Reckoned) -> Reckoned:
        """A sum whose parts may all be wrong in the same way."""
        return Reckoned(self.value + other.value, self.low + other.low, self.high + other.high)

    def at_most(self, limit: float) -> Reckoned:
        """What cannot be more than `limit`."""
        return Reckoned(*(min(limit, amount) for amount in (self.value, self.low, self.high)))


def exact(amount: float) -> Reckoned:
    """What is counted, not guessed."""
    return Reckoned(amount, amount, amount)


def extrapolated(rows: Sequence[int], amounts: Sequence[float], *, at: int) -> Reckoned:
    """What was measured at some numbers of rows, at another one.

    Args:
        rows: At least one, positive.
        amounts: Positive; one each.
        at: Rows that are asked about.

    Source: Gelman et al. 2013, Bayesian Data Analysis, 3rd edition, sect. 14.8 (a prior as further data).
    """
    sizes, logs = np.log(np.asarray(rows, dtype=np.float64)), np.log(np.asarray(amounts))
    centre = sizes.max()  # the largest is the nearest
    design = np.column_stack([np.ones(len(sizes)), sizes - centre])
    noise = max(NOISE, _residual(design, logs))
    prior = np.diag([0.0, 1 / EXPONENT_SPREAD**2])
    covariance = np.linalg.inv(design.T @ design / noise**2 + prior)
    mean = covariance @ (design.T @ logs / noise**2 + prior @ [0.0, EXPONENT])
    place = np.array([1.0, math.log(at) - centre])
    spread = _Z * math.sqrt(noise**2 + place @ covariance @ place)
    middle = float(place @ mean)
    return Reckoned(*(math.exp(middle + step) for step in (0.0, -spread, spread)))


def break_even(*, fixed: Reckoned, saved: tuple[Reckoned, Reckoned], seed: int) -> Reckoned:
    """From how many rows on a fixed cost is earned back.

    Args:
        fixed: What is paid once.
        saved: What a row costs elsewhere, and what it costs here.
        seed: Of the draws.

    Returns:
        Rows; infinite where a row here costs as much as elsewhere.
    """
    rng = np.random.default_rng(seed)
    elsewhere, here = saved
    gain = _draw(elsewhere, rng) - _draw(here, rng)
    once = _draw(fixed, rng)
    rows = np.sort(np.where(gain > 0, once / np.where(gain > 0, gain, 1.0), np.inf))
    outside = (1 - CONFIDENCE) / 2
    low, high = (float(rows[int(part * (DRAWS - 1))]) for part in (outside, 1 - outside))
    middle = elsewhere.value - here.value
    return Reckoned(fixed.value / middle if middle > 0 else math.inf, low, high)


def _draw(amount: Reckoned, rng: np.random.Generator) -> Floats:
    """Log-normal on each side of the value, with the interval's ends at 95 %."""
    normal = rng.standard_normal(DRAWS)
    if amount.value <= 0 or amount.low == amount.high:
        return np.full(DRAWS, amount.value)
    low = math.log(amount.value / max(amount.low, amount.value * 1e-6)) / _Z
    high = math.log(max(amount.high, amount.value) / amount.value) / _Z
    drawn: Floats = amount.value * np.exp(np.where(normal < 0, low, high) * normal)
    return drawn


def _residual(design: Floats, logs: Floats) -> float:
    """Standard deviation about the line of least squares; 0 where it goes through every point."""
    if len(logs) < 3:
        return 0.0
    solution, *_ = np.linalg.lstsq(design, logs, rcond=None)
    gaps = logs - design @ solution
    return math.sqrt(float(gaps @ gaps) / (len(logs) - 2))
