"""A signal ends a command also where a library took its error for its own."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import pytest

from network_run import handlers_of_the_command
from trainwright.cli import signals
from trainwright.cli.progress import TerminalProgress
from trainwright.core.errors import Interrupted


@pytest.fixture(autouse=True)
def handled():
    with handlers_of_the_command():
        yield
    signals.forget()


@pytest.mark.parametrize("number", signals.HANDLED)
def test_a_signal_is_an_error_of_ours(number: int):
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), number)


def test_a_swallowed_signal_ends_the_command_at_its_next_word(capsys: pytest.CaptureFixture[str]):
    with TerminalProgress() as progress:
        progress.stage("fit")
        with suppress(Exception):  # as a library does
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted):
            progress.advance(1, 2)
        with pytest.raises(Interrupted):
            progress.stage("package")
        signals.forget()
        progress.stage("package")


def test_at_the_end_signals_change_nothing():
    signals.ignore()
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
