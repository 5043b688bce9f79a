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
from trainwright.core.errors import Fault, TrainwrightError
from trainwright.runs.redaction import redact


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
    """Say what, where and how to mend it; returns the exit status.

    What a command was given stands in messages, so they lose what looks like a secret: logs keep them.
    What stage 1 found is told as it is, since its remedies name columns and are pasted.
    """
    hide = str if error.findings else redact
    faults = [Fault(hide(f.what), hide(f.where), f.mend) for f in error.faults]
    if as_json:
        told = [{"what": f.what, "where": f.where, "mend": f.mend} for f in faults]
        document = {
            "error": {"status": error.status, **told[0]},
            "others": told[1:],
            "findings": [finding.to_json() for finding in error.findings],
        }
        typer.echo(json.dumps(document))
    for fault in faults:
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
