"""`trainwright audit RUN|MODEL`."""

from __future__ import annotations

from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import check_line, print_result
from trainwright.cli.progress import TerminalProgress


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("audit", help="What the record says, proven; exit 1 when a check fails.")(audit)


def audit(
    model: options.Model,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit the model again, however long it took.")
    ] = False,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Audit a run or a model and print each check."""
    from trainwright.flow.audit import audit as audit_model

    with TerminalProgress() as progress:
        result = audit_model(model, workspace=workspace, refit=refit, progress=progress)
    verdict = "green: every check passed" if result.passed else "red: a check said no"
    lines = [*[check_line(check) for check in result.checks], f"audit of {result.model}: {verdict}"]
    print_result(result.to_json(), lines, as_json=as_json)
    return 0 if result.passed else 1
