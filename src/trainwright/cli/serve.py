"""`trainwright serve MODEL`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from trainwright.cli import options
from trainwright.cli.output import print_note, print_result


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("serve", help="HTTP server; loopback unless told otherwise.")(serve)


def serve(
    model: options.Model,
    host: Annotated[
        str, typer.Option("--host", help="Any but loopback needs TRAINWRIGHT_TOKEN.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="0 takes a free one.", min=0, max=65535)
    ] = 8000,
    extra: Annotated[
        Literal["refuse", "ignore"],
        typer.Option("--extra", help="refuse or ignore columns that the model does not know."),
    ] = "refuse",
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - a flag, read by main
) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    from trainwright.flow.prediction import serve as serve_model

    def ready(name: str, address: str) -> None:
        print_note(f"serving {name} at {address}")
        print_result({"model": name, "address": address}, (), as_json=as_json)

    serve_model(model, host=host, port=port, extra=extra, workspace=workspace, ready=ready)
    return 0
