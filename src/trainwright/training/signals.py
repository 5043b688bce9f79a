"""A signal ends training after the update that is under way, never within it.

While the block runs, SIGTERM and SIGINT only set a flag; a second one changes nothing. Who handled
them before does so again afterwards. Outside the main thread Python allows no handler, and none is
set.

Whoever sends SIGTERM often kills a while later. So the flag knows how long ago it was set, and
what is kept is what the training says: a save that would not be through in time is not begun.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from trainwright.core.errors import Interrupted

HANDLED = (signal.SIGTERM, signal.SIGINT)


class SignalFlag:
    """Which signal came, if one did, what is kept of the work, and how it is gone on with.

    Args:
        now: The clock, in seconds.
    """

    __slots__ = ("_came", "kept", "mend", "now", "number")

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.number = 0
        self.kept = "everything so far is kept"
        self.mend = "run the same command again; it goes on"
        self._came = 0.0

    def note(self, number: int) -> None:
        """A signal came; of several the first one counts."""
        if not self.number:
            self.number, self._came = number, self.now()

    def __bool__(self) -> bool:
        return self.number != 0

    @property
    def name(self) -> str:
        """SIGTERM or SIGINT; "" before one came."""
        return signal.Signals(self.number).name if self.number else ""

    @property
    def seconds(self) -> float:
        """Since it came; 0 before one came."""
        return self.now() - self._came if self.number else 0.0


@contextmanager
def deferred_signals(*, now: Callable[[], float] = time.monotonic) -> Iterator[SignalFlag]:
    """Hold signals back while the block runs.

    Args:
        now: The clock, in seconds.

    Raises:
        Interrupted: after a block that ended well, when a signal came in it.
    """
    flag = SignalFlag(now)
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return

    def note(number: int, _frame: FrameType | None) -> None:
        flag.note(number)

    before = {number: signal.signal(number, note) for number in HANDLED}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if flag:
        raise Interrupted(
            f"stopped by {flag.name}; {flag.kept}",
            mend=flag.mend,
        )
