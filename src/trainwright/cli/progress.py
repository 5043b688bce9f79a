"""How far long work is: a bar with the time left on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from trainwright.cli import signals
from trainwright.cli.output import is_terminal, print_note, printable
from trainwright.reports.markup import duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

LINE_SECONDS = 10.0  # between two lines where there is no terminal


class TerminalProgress:
    """A `core.protocols.Progress` on standard error; use as a context manager.

    Args:
        now: The clock, in seconds.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._started = now()
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._done = 0.0
        self._lines = _Lines("", now())

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
        signals.raise_if_any()
        if self._bar is None:
            self._lines = _Lines(name, self._now())
            self._print(name)
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=None, note="")
        self._done = 0.0

    def advance(self, done: float, total: float, note: str = "") -> None:
        signals.raise_if_any()
        if self._bar is None:
            line = self._lines.after(done, total, note, now=self._now())
            if line is not None:
                self._print(line)
        elif self._task is not None:
            if done < self._done:  # the next piece of work of this stage
                self._bar.reset(self._task)
            self._done = done
            told = printable(note)
            self._bar.update(self._task, completed=done, total=total or None, note=told)

    def _print(self, words: str) -> None:
        print_note(f"[{self._now() - self._started:6.1f} s] {words}")
        sys.stderr.flush()


class _Lines:
    """What one stage says without a terminal: a line each ten seconds, with the time left as it looks."""

    def __init__(self, name: str, now: float) -> None:
        self._name = name
        self._said = now
        self._began = now
        self._first = 0.0  # share that was done when this piece of work began
        self._share = 0.0

    def after(self, done: float, total: float, note: str, *, now: float) -> str | None:
        """The line to say now, or None while the last one is recent."""
        share = done / total if total > 0 else 0.0
        if share < self._share:
            self._began, self._first = now, share
        self._share = share
        if now - self._said < LINE_SECONDS:
            return None
        self._said = now
        words = [note] if note else []
        if total > 0:
            words.insert(0, f"{min(share, 1.0):.0%}")
        if self._first < share < 1:
            left = (now - self._began) * (1 - share) / (share - self._first)
            words.append(f"about {duration(left)} left")
        return f"{self._name}: {', '.join(words)}"


def _bar() -> RichProgress:
    """A bar with the time left, and below it, in a line of its own, what it is at."""
    from rich.console import Console, RenderableType
    from rich.progress import (
        BarColumn,
        Progress,
        Task,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class TimeLeft(TimeRemainingColumn):
        def render(self, task: Task) -> Text:
            words = super().render(task)
            return words.append(" left") if words else words

    class TwoLines(Progress):
        def get_renderables(self) -> Iterator[RenderableType]:
            yield from super().get_renderables()
            for task in self.tasks:
                if note := str(task.fields["note"]):
                    yield Text(note, style="dim", no_wrap=True, overflow="ellipsis")

    return TwoLines(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeLeft(),
        console=Console(stderr=True),
        transient=True,
    )
