"""Bits per byte and perplexity: ratios of sums, with intervals by resampling the rows' units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from trainwright.core.artifacts import MetricValue
from trainwright.core.language import BYTES, NATS, TOKENS
from trainwright.summaries.intervals import Floats, flat_interval
from trainwright.summaries.language import LanguageStatistics
from trainwright.summaries.resampling import Statistic

if TYPE_CHECKING:
    from trainwright.evaluation.judged import Judged

MOST_NATS = 700.0  # a token: e to it is the last that a float holds


def bits_per_byte(seen: LanguageStatistics) -> float | None:
    """What a byte costs."""
    return seen.bits_per_byte


def bits_per_byte_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    """Of a ratio of sums."""

    def ratio(sums: Floats) -> Floats:
        return _ratio(sums[:, 0], sums[:, 1]) / math.log(2)

    return _interval(judged, BYTES, ratio, value, confidence, low=0.0)


def perplexity(seen: LanguageStatistics) -> float | None:
    """Of a token."""
    return seen.perplexity


def perplexity_interval(judged: Judged, value: float, confidence: float) -> MetricValue:
    """The exponential of a ratio of sums."""

    def power(sums: Floats) -> Floats:
        return np.exp(np.minimum(_ratio(sums[:, 0], sums[:, 1]), MOST_NATS))

    return _interval(judged, TOKENS, power, value, confidence, low=1.0)


def _interval(
    judged: Judged,
    per: int,
    statistic: Statistic,
    value: float,
    confidence: float,
    *,
    low: float,
) -> MetricValue:
    draws = judged.resampler
    sums = draws.sums(judged.values[:, [NATS, per]].astype(np.float64))
    found = draws.interval(sums, statistic, value=value, confidence=confidence, low=low)
    return found or flat_interval(
        value,
        judged.units.count,
        confidence=confidence,
        scale=max(1.0, value),
        low=low,
        high=math.inf,
    )


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
