"""What some tests need beside Python: where it is not here, they are skipped, and the end of the run says so.

`needs("postgres")` marks a test or a module; what was skipped for want of it is one line of the summary.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

_LACK = "not here: "


@dataclass(frozen=True)
class Machinery:
    """What a test may need beside Python's packages.

    `is_here` looks for it; `what` names it in a sentence; `mend` installs it.
    """

    is_here: Callable[[], bool]
    what: str
    mend: str


def postgres_program(name: str) -> str | None:
    """A program of PostgreSQL's server: on the path, or where Debian keeps it."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(kept[-1]) if kept else None)


BROWSERS = ("chromium", "chromium-browser")


def browser_program() -> str | None:
    """Chromium, under any of the names that distributions give it."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


MACHINERY = {
    "postgres": Machinery(
        lambda: (
            bool(postgres_program("initdb")) and find_spec("adbc_driver_postgresql") is not None
        ),
        "a PostgreSQL server",
        "apt-get install postgresql",
    ),
    "s3": Machinery(
        lambda: find_spec("moto") is not None, "a server of objects", "pip install 'moto[s3]'"
    ),
    "browser": Machinery(
        lambda: browser_program() is not None and find_spec("playwright") is not None,
        "a browser",
        "apt-get install chromium",
    ),
}


def needs(name: str) -> pytest.MarkDecorator:
    """Skip where the machinery of this name is not here."""
    machinery = MACHINERY[name]
    return pytest.mark.skipif(
        not machinery.is_here(), reason=f"{_LACK}{machinery.what} ({machinery.mend})"
    )


def lines_of_what_was_not_run(reasons: Iterable[str]) -> list[str]:
    """A line for each machinery that tests were skipped for, with their number."""
    lacking = Counter(reason.partition(_LACK)[2] for reason in reasons if _LACK in reason)
    return [f"not run: {count} tests that need {what}" for what, count in sorted(lacking.items())]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line each what was not run because its server or program is not here."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)]
    for line in lines_of_what_was_not_run(reasons):
        terminalreporter.write_line(line)
