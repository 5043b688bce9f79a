"""A signal ends training after the update that is under way, never within it.

While the block runs, SIGTERM and SIGINT only set a flag; a second one changes nothing. Who handled
them before does so again afterwards. Outside the main thread Python allows no handler, and none is
set.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from trainwright.core.errors import Interrupted

HANDLED = (signal.SIGTERM, signal.SIGINT)


class SignalFlag:
    """Which signal came, if one did."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def __bool__(self) -> bool:
        return self.number != 0

    @property
    def name(self) -> str:
        """SIGTERM or SIGINT; "" before one came."""
        return signal.Signals(self.number).name if self.number else ""


@contextmanager
def deferred_signals() -> Iterator[SignalFlag]:
    """Hold signals back while the block runs.

    Raises:
        Interrupted: after a block that ended well, when a signal came in it.
    """
    flag = SignalFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return

    def note(number: int, _frame: FrameType | None) -> None:
        flag.number = flag.number or number

    before = {number: signal.signal(number, note) for number in HANDLED}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if flag:
        raise Interrupted(
            f"stopped by {flag.name}; everything so far is kept",
            mend="run the same command again; it goes on",
        )
