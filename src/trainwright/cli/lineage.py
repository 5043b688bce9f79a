"""`trainwright lineage X`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("lineage", help="What came from what; --row: one row's life.")(lineage)


def lineage(
    name: Annotated[str, typer.Argument(metavar="X", help="RUN or MODEL.")],
    row: Annotated[
        str | None,
        typer.Option(
            "--row", help="SOURCE:POSITION, SOURCE:line LINE, the global position, or a file."
        ),
    ] = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Print where a run, a model or a row came from."""
    from trainwright.flow.lineage import lineage as trace

    found = trace(name, row=row, workspace=workspace)
    lines = json.dumps(found, indent=1, ensure_ascii=False).splitlines()
    print_result(found, lines, as_json=as_json)
    return 0
