"""`trainwright runs [--sync]`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result, table


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("runs", help="The runs of the workspace; --sync mirrors them to MLflow.")(runs)


def runs(
    sync: Annotated[
        bool, typer.Option("--sync", help="Mirror what the tracker does not have yet.")
    ] = False,
    uri: Annotated[
        str | None,
        typer.Option("--uri", help="With --sync: a tracking server; mlflow.db by default."),
    ] = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """List runs, newest first."""
    from trainwright.flow.listing import list_runs, sync_runs

    value: dict[str, Any] = {"runs": list_runs(workspace=workspace)}
    lines = table(
        [[row["run"], row["state"], row["family"], row["metrics"]] for row in value["runs"]],
        header=("run", "state", "family", "validation"),
    )
    if sync:
        mirrored = sync_runs(uri=uri, workspace=workspace)
        value["mirrored"] = mirrored
        lines.append(f"mirrored {mirrored['runs']} runs and {mirrored['versions']} versions")
    print_result(value, lines, as_json=as_json)
    return 0
