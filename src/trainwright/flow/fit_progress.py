"""How far the fits are: what a fit tells of itself, or else the share of the budget that is used.

A fit ends with its own work or with its part of the budget, whichever comes first, so what is shown is the
share of the one that is nearer its end. The clock asks at every iteration; it is shown a few times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from trainwright.core.protocols import Progress
from trainwright.reports.markup import duration

TICK_SECONDS = 0.25
SILENT_SECONDS = 60.0  # after which a fit that tells nothing more is taken to be through


class FitProgress:
    """A `core.protocols.Progress` for fits under a budget.

    Args:
        shown: Where it is shown.
        budget_seconds: From now.
        now: The clock, in seconds.
    """

    def __init__(
        self,
        shown: Progress,
        *,
        budget_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shown = shown
        self._now = now
        self._began = now()
        self._budget = budget_seconds
        self._ends = self._began + budget_seconds  # of the part that asked the clock last
        self._ticked = self._began
        self._done = 0.0  # share that the fit told
        self._fit_began = self._began
        self._told: float | None = None  # when the fit told it
        self._note = ""

    def stage(self, name: str) -> None:
        self._told = None
        self._shown.stage(name)

    def advance(self, done: float, total: float, note: str = "") -> None:
        """What a fit tells of itself."""
        now = self._now()
        share = done / total if total > 0 else 0.0
        if self._told is None or share < self._done:
            self._fit_began = now
        self._done, self._told, self._note = share, now, note
        self._show(now)

    def tick(self, seconds_left: float) -> None:
        """The clock was asked by a part of the work that has so many seconds left."""
        now = self._now()
        if now - self._ticked < TICK_SECONDS:
            return
        self._ticked = now
        self._ends = now + seconds_left
        if self._told is not None and now - self._told > SILENT_SECONDS:
            self._told = None
        self._show(now)

    def _show(self, now: float) -> None:
        if self._told is None:
            left = max(0.0, self._began + self._budget - now)
            note = f"{duration(left)} of the budget left"
            self._shown.advance(1 - left / self._budget, 1.0, note)
            return
        gone, left = now - self._fit_began, max(0.0, self._ends - now)
        by_budget = gone / (gone + left) if gone + left > 0 else 1.0
        self._shown.advance(max(self._done, by_budget), 1.0, self._note)
