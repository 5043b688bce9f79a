"""The clock decides only at recorded points, and what it decided can be replayed.

A fit asks its pacer `go_on(point, step)` between iterations. While recording, the answer is the
clock's, and a "no" is written
down with the step at which it came. In replay the answer comes from what was written down, and the
clock is not read. So a package is a function of
snapshot, recipe and decisions: no time of day is in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol


class Pacer(Protocol):
    """Says whether there is time to go on."""

    def go_on(self, point: str, step: int, *, needs: float = 0.0) -> bool:
        """False when `point` must end before `step` (counted from 0), which takes `needs` seconds."""
        ...

    def decide(self, point: str, make: Callable[[], int]) -> int:
        """What `make` found out about this machine (a batch size that fits); recorded, then replayed."""
        ...

    def share(self, part: str, fraction: float) -> Pacer:
        """A pacer for a part of the work, with this fraction of the time left; points are `part/point`."""
        ...


class Unhurried:
    """A pacer that never stops anything."""

    def go_on(self, point: str, step: int, *, needs: float = 0.0) -> bool:
        """Always True."""
        return True

    def decide(self, point: str, make: Callable[[], int]) -> int:
        """What `make` says."""
        return make()

    def share(self, part: str, fraction: float) -> Unhurried:
        """Itself."""
        return self


class Deadline:
    """Records what the clock decides.

    Args:
        seconds: Time from now; the clock is monotonic.
        decisions: Filled with point -> step at which it was ended; shared by all parts.
        now: The clock, in seconds.
        tick: Called whenever the clock is asked, with the seconds that are left to the part that asks, to
            show how far the work is.
        prefix: Put before every point.
    """

    def __init__(
        self,
        seconds: float,
        *,
        decisions: dict[str, int] | None = None,
        now: Callable[[], float] = time.monotonic,
        tick: Callable[[float], None] = lambda _: None,
        prefix: str = "",
    ) -> None:
        self._now = now
        self._end = now() + seconds
        self._tick = tick
        self._prefix = prefix
        self.decisions: dict[str, int] = {} if decisions is None else decisions

    @property
    def seconds_left(self) -> float:
        """May be negative."""
        return self._end - self._now()

    def go_on(self, point: str, step: int, *, needs: float = 0.0) -> bool:
        """True while there is time for a step of `needs` seconds; a point's first False is recorded."""
        now = self._now()
        self._tick(self._end - now)
        name = self._prefix + point
        if name in self.decisions:
            return step < self.decisions[name]
        if now + needs < self._end:
            return True
        self.decisions[name] = step
        return False

    def decide(self, point: str, make: Callable[[], int]) -> int:
        """What `make` says, recorded; what was recorded before, without asking again."""
        name = self._prefix + point
        if name not in self.decisions:
            self.decisions[name] = make()
        return self.decisions[name]

    def share(self, part: str, fraction: float) -> Deadline:
        """A deadline after this fraction of the time that is left."""
        return Deadline(
            max(0.0, self.seconds_left) * fraction,
            decisions=self.decisions,
            now=self._now,
            tick=self._tick,
            prefix=f"{self._prefix}{part}/",
        )


class Replay:
    """Answers as the recorded run's clock did; the clock is not read."""

    def __init__(self, decisions: Mapping[str, int], *, prefix: str = "") -> None:
        self.decisions = dict(decisions)
        self._prefix = prefix

    def go_on(self, point: str, step: int, *, needs: float = 0.0) -> bool:
        """False from the recorded step on; what a step needs was weighed when it was recorded."""
        name = self._prefix + point
        return name not in self.decisions or step < self.decisions[name]

    def decide(self, point: str, make: Callable[[], int]) -> int:
        """The recorded answer; `make` is asked only where there is none."""
        name = self._prefix + point
        return self.decisions[name] if name in self.decisions else make()

    def share(self, part: str, fraction: float) -> Replay:
        """The same record, below `part`."""
        return Replay(self.decisions, prefix=f"{self._prefix}{part}/")
