"""SIGTERM and SIGINT end a command with `Interrupted`, wherever they find it.

An error that is raised at any instruction can land inside a library that takes every error for its
own and goes on. So it is remembered, and raised again when the command next tells how far it is.
"""

from __future__ import annotations

import signal
from types import FrameType

from trainwright.core.errors import Interrupted

HANDLED = (signal.SIGINT, signal.SIGTERM)
_came = False


def handle() -> None:
    """Install the handlers."""
    for number in HANDLED:
        signal.signal(number, _raise)


def ignore() -> None:
    """Signals change nothing any more: the command is at its end."""
    for number in HANDLED:
        signal.signal(number, signal.SIG_IGN)


def forget() -> None:
    """A new command begins."""
    global _came
    _came = False


def raise_if_any() -> None:
    """Raise what a library swallowed.

    Raises:
        Interrupted: a signal came since the command began.
    """
    if came():
        raise stopped()


def came() -> bool:
    """A signal came since the command began."""
    return _came


def stopped() -> Interrupted:
    """What a signal is told as."""
    return Interrupted("stopped by a signal", mend="run the same command again; it goes on")


def _raise(_signal: int, _frame: FrameType | None) -> None:
    global _came
    _came = True
    raise stopped()
