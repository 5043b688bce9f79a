"""The season of a series, from its autocorrelation.

The lags that count are peaks: higher than their neighbours, and by a tenth higher than the lowest value
before them, so that a slow series, whose next steps resemble it at every lag, has none. Of peaks that
are nearly as high as the highest the shortest lag is taken: two seasons resemble each other as one does.
A trend is taken off first. Correlations are of the overlapping parts, so that long lags are not
belittled, and there are at least two seasons to compare.

Source: Hyndman & Athanasopoulos 2021, Forecasting: principles and practice, 3rd ed., sect. 2.8; the rule
for peaks is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_CORRELATION = 0.3
_RISE = 0.1
_NEARLY = 0.03
_LONGEST_LAG = 1_000
_SERIES = 50  # the longest are asked


def find_season(series: Sequence[NDArray[np.float64]], *, longest: int | None = None) -> int:
    """Steps of a season; 1 where there is none.

    Args:
        series: Values in the order of time, without gaps; each shape (steps,).
        longest: The longest lag that is looked at; a third of the longest series where not said.
    """
    kept = sorted(series, key=len, reverse=True)[:_SERIES]
    size = max((len(values) for values in kept), default=0)
    limit = min(_LONGEST_LAG, size // 3 if longest is None else min(longest, size // 2))
    if limit < 3:
        return 1
    found = [autocorrelation(values, limit) for values in kept if len(values) >= 2 * limit]
    mean = np.mean(found, axis=0)
    lags = [
        lag
        for lag in range(2, limit)
        if mean[lag] > LEAST_CORRELATION
        and mean[lag] > mean[lag - 1]
        and mean[lag] >= mean[lag + 1]
        and mean[lag] - mean[: lag + 1].min() > _RISE
    ]
    if not lags:
        return 1
    highest = max(mean[lag] for lag in lags)
    return next(lag for lag in lags if mean[lag] >= highest - _NEARLY)


def autocorrelation(values: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Correlation of a series with itself `lag` steps before, its trend taken off.

    Args:
        values: Shape (steps,), without NaN; longer than `longest`.
        longest: The longest lag.

    Returns:
        Shape (longest + 1,); 1 at lag 0; 0 everywhere for a series that does not vary.
    """
    steps = np.arange(len(values), dtype=np.float64)
    moved = values - np.polyval(np.polyfit(steps, values, 1), steps)
    size = 1 << (2 * len(values)).bit_length()
    power = np.abs(np.fft.rfft(moved, size)) ** 2
    products = np.fft.irfft(power, size)[: longest + 1]
    overlap = len(values) - np.arange(longest + 1)
    means = products / overlap
    return means / means[0] if means[0] > 1e-12 * max(1.0, float(np.mean(values**2))) else means * 0
