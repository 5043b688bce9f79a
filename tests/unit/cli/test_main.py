from __future__ import annotations

import contextlib

import pytest

from trainwright.cli import main, signals
from trainwright.core.errors import Interrupted
from trainwright.training.modes import TrainingWarning


def test_a_warning_that_each_fold_gives_is_told_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "_shown", set())
    for told in ("49 batch norms", "49 batch norms", "another"):
        main._show(TrainingWarning(told), TrainingWarning, "file.py", 1)
    assert capsys.readouterr().err.splitlines() == [
        "  warning: 49 batch norms",
        "  warning: another",
    ]


def test_a_library_that_gives_up_outside_of_pythons_errors_ends_in_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicException(BaseException):
        pass

    def panic(_: object) -> None:
        raise PanicException("no such operator")

    monkeypatch.setattr(main.typer.main, "get_command", panic)
    assert main.status_of(["runs"]) == 70
    assert "a bug of ours: PanicException: no such operator" in capsys.readouterr().err


def test_an_interruption_is_not_taken_for_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main.typer.main, "get_command", stop)
    with pytest.raises(KeyboardInterrupt):
        main.status_of(["runs"])


def test_what_a_library_made_of_a_signal_is_told_as_the_signal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def swallowed(_: object) -> None:
        with contextlib.suppress(Interrupted):
            signals._raise(2, None)
        raise ValueError("the callback failed")

    monkeypatch.setattr(main.typer.main, "get_command", swallowed)
    try:
        assert main.status_of(["runs"]) == Interrupted.status
    finally:
        signals.forget()
    assert "stopped by a signal" in capsys.readouterr().err
