"""Results go to standard output, everything else to standard error.

With `--json` standard output is one JSON object and nothing else, in errors too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer

from trainwright.core.artifacts import Check, Finding
from trainwright.core.errors import TrainwrightError


def print_result(value: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print the JSON object, or the lines for people."""
    if as_json:
        typer.echo(json.dumps(value, allow_nan=False))
    else:
        for line in lines:
            typer.echo(printable(line))


def print_note(line: str) -> None:
    """A line to standard error."""
    typer.echo(printable(line), err=True)


def print_error(error: TrainwrightError, *, as_json: bool) -> int:
    """Say what, where and how to mend it; returns the exit status."""
    if as_json:
        faults = [{"what": f.what, "where": f.where, "mend": f.mend} for f in error.faults]
        typer.echo(
            json.dumps(
                {
                    "error": {"status": error.status, **faults[0]},
                    "others": faults[1:],
                    "findings": [finding.to_json() for finding in error.findings],
                }
            )
        )
    for fault in error.faults:
        print_note(f"error: {fault}")
    return error.status


def finding_line(finding: Finding) -> str:
    """One finding for people."""
    remedy = f"\n    mend: {finding.remedy}" if finding.remedy else ""
    return f"  {finding.severity}: {finding.key}: {finding.message}{remedy}"


def check_line(check: Check) -> str:
    """One check for people."""
    return f"  {'ok ' if check.passed else 'NO '} {check.name}: {check.detail}"


def table(rows: Sequence[Sequence[str]], *, header: Sequence[str]) -> list[str]:
    """Plain columns, aligned; numbers are given as text."""
    cells = [list(header), *[[printable(cell) for cell in row] for row in rows]]
    widths = [max(len(row[index]) for row in cells) for index in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def printable(text: str) -> str:
    """Text from data without control characters, so that it cannot steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n" else f"\\x{ord(c):02x}" for c in text)


def is_terminal() -> bool:
    """True when standard error is a terminal."""
    return sys.stderr.isatty()
