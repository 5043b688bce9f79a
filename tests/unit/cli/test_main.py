from __future__ import annotations

import pytest

from trainwright.cli import main
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
