"""Log lines: one JSON object each, ASCII, so that nothing a caller sends can forge or colour a line.

Bodies, query strings and tokens are never logged. Answers with 200 are counted in /metrics, not logged.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Log = Callable[..., None]


def log_line(event: str, **values: Any) -> None:  # noqa: ANN401 - JSON values
    """Write one line to standard error."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": now, "event": event, **values}, default=str)
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the server's log is standard error


class LogHandler(logging.Handler):
    """Brings the log records of the HTTP library into the same form; no traceback, no arguments' values."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        log_line(
            "http", level=record.levelname.lower(), message=record.getMessage()[:300], error=error
        )
