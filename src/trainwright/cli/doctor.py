"""`trainwright doctor`."""

from __future__ import annotations

import typer

from trainwright.cli import options
from trainwright.cli.output import check_line, print_result


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("doctor", help="What this machine has, and what is missing.")(doctor)


def doctor(
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Check the machine; exit 5 when something needed is missing."""
    from trainwright.flow.diagnostics import doctor as examine

    checks = examine(workspace=workspace)
    passed = all(check.passed for check in checks)
    value = {"passed": passed, "checks": [check.to_json() for check in checks]}
    print_result(value, [check_line(check) for check in checks], as_json=as_json)
    return 0 if passed else 5
