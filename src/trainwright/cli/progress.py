"""How far long work is: a bar with the time left on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trainwright.cli.output import is_terminal, print_note

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class TerminalProgress:
    """A `core.protocols.Progress` on standard error; use as a context manager."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> TerminalProgress:
        """Show the bar where there is a terminal."""
        if is_terminal():
            self._bar = _bar()
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.stop()

    def stage(self, name: str) -> None:
        if self._bar is None:
            print_note(f"[{time.monotonic() - self._started:6.1f} s] {name}")
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=None, note="")

    def advance(self, done: float, total: float, note: str = "") -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, note=note)


def _bar() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeLeft(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        transient=True,
    )
