"""`trainwright init DATA`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import finding_line, print_note, print_result


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("init", help="Look at the data, infer the task, write a commented recipe.")(init)


def init(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="File, glob or folder.")],
    target: Annotated[str | None, typer.Option("--target", help="What is predicted.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The recipe.")] = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Write a recipe for a data file."""
    from trainwright.flow.starting import init as start

    started = start(data, target=target, output=output)
    for finding in started.look.findings:
        print_note(finding_line(finding))
    value = {
        "recipe": str(started.recipe),
        "task": started.look.task.value,
        "target": started.look.target,
        "findings": [finding.to_json() for finding in started.look.findings],
    }
    elsewhere = f" --workspace {workspace}" if workspace is not None else ""
    lines = [
        *started.text.splitlines(),
        "",
        f"written: {started.recipe}",
        f"next: trainwright run {started.recipe}{elsewhere}",
    ]
    print_result(value, lines, as_json=as_json)
    return 0
