"""`trainwright models`."""

from __future__ import annotations

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result, table


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("models", help="The registered packages and their aliases.")(models)


def models(
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """List models, newest version first."""
    from trainwright.flow.listing import list_models

    listed = list_models(workspace=workspace)
    lines = table(
        [
            [row["version"], ", ".join(row["aliases"]), row["run"], row["package_hash"][:12]]
            for row in listed
        ],
        header=("version", "aliases", "run", "package"),
    )
    print_result({"models": listed}, lines, as_json=as_json)
    return 0
