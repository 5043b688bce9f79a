"""Axes with round ticks, for any finite range.

Steps are 1, 2, 2.5 or 5 times a power of ten, as people count (Heckbert 1990, "Nice numbers for
graph labels", Graphics Gems).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear map from values in [low, high] to pixels in [start, end]."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """The pixel of a value; values outside are drawn at the rim."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def label(self, tick: float) -> str:
        """A tick as short text, with as many decimals as the ticks need to differ."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        return tick_label(tick, step)


def axis(
    values: Iterable[float],
    *,
    start: float,
    end: float,
    bounds: tuple[float, float] | None = None,
    num_ticks: int = 5,
) -> Axis:
    """An axis that holds all finite `values`, or exactly `bounds` where they are given."""
    low, high = bounds or _extent(values)
    step = nice_step(high - low, num_ticks)
    if bounds is None:
        low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = tuple(index * step for index in range(first, min(last, first + 50) + 1))
    return Axis(low, high, start, end, ticks)


def nice_step(span: float, num_ticks: int) -> float:
    """The smallest round step that needs at most `num_ticks` + 1 ticks over `span` > 0."""
    power = 10.0 ** math.floor(math.log10(span / num_ticks))
    return next(power * step for step in _STEPS if power * step * num_ticks >= span * (1 - 1e-9))


def tick_label(tick: float, step: float) -> str:
    """Text of a tick: 0.25, 40, 2k, 1.5M, 3e-7; with a true minus."""
    size = max(abs(tick), step)
    if size >= 1e9 or size < 1e-4 or step < 1e-4 * (1 + 1e-9):  # decimals would fill the margin
        written = _scientific(tick) if tick else "0"
    elif step >= 1e6:
        written = f"{tick / 1e6:g}M"
    elif step >= 1e3:
        written = f"{tick / 1e3:g}k"
    else:
        places = max(0, min(6, math.ceil(-math.log10(step) - 1e-9)))
        if places and round(step * 10**places) != step * 10**places:
            places += 1  # a step of 2.5 · 10^-k
        written = f"{tick:.{places}f}"
    return written.replace("-", "\N{MINUS SIGN}")


def _scientific(tick: float) -> str:
    """2.5e-4 and the like, with as few signs as will do."""
    digits, _, power = f"{tick:.2e}".partition("e")
    return f"{float(digits):g}e{int(power)}"


def _extent(values: Iterable[float]) -> tuple[float, float]:
    """Lowest and highest finite value, apart from each other."""
    finite = [min(max(value, -1e300), 1e300) for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    least = max(abs(low), abs(high)) * 1e-9
    if high - low <= least:
        margin = max(abs(low) * 0.1, least) or 0.5
        low, high = low - margin, high + margin
    return low, high
