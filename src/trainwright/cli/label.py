"""`trainwright label RECIPE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from trainwright.cli import options
from trainwright.cli.output import print_note, print_result
from trainwright.cli.progress import TerminalProgress

HELP = "Labelling queue: a page in the browser, active learning, import and export."


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("label", help=HELP)(label)


def label(
    recipe: options.RecipeFile,
    classes: Annotated[
        str | None, typer.Option("--classes", help="The labels to choose from: spam,ham.")
    ] = None,
    strategy: Annotated[
        str, typer.Option("--strategy", help="combined, margin, entropy, uncertainty, random ...")
    ] = "combined",
    answers: Annotated[
        int, typer.Option("--answers", help="Annotators that a row is shown to.", min=1, max=100)
    ] = 1,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", help="Only the rows of this file, such as one of a finding."),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            "--port",
            help="A browser finds what it kept on the same port again; 0 takes a free one.",
            min=0,
            max=65535,
        ),
    ] = 8001,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the labels to a file, and end.")
    ] = None,
    take: Annotated[
        Path | None, typer.Option("--import", help="Take the labels of a file, and end.")
    ] = None,
    settings: options.Set = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - a flag, read by main
) -> int:
    """Serve the page until SIGTERM or Ctrl-C; or write or take labels."""
    from trainwright.data.labels.active import Strategy
    from trainwright.flow.labelling import export_labels, import_labels, open_desk, wishes_of
    from trainwright.pages.labelling.serving import serve

    wishes = wishes_of(
        classes=classes, strategy=strategy, known=get_args(Strategy), answers=answers, rows=rows
    )
    with TerminalProgress() as progress:
        desk = open_desk(
            recipe, wishes, workspace=workspace, overrides=settings or (), progress=progress
        )
    if take is not None or export is not None:
        taken = 0 if take is None else import_labels(desk, take)
        written = 0 if export is None else export_labels(desk, export)
        desk.close()
        lines = [f"{taken} labels taken from {take}"] if take else []
        lines += [f"{written} labels written to {export}"] if export else []
        value = {"taken": taken, "written": written, "output": str(export) if export else None}
        print_result(value, lines, as_json=as_json)
        return 0

    def ready(address: str) -> None:
        print_note(f"label {desk.items.target} at {address}")
        print_result({"address": address, "record": str(desk.book.path)}, (), as_json=as_json)

    serve(desk, port=port, ready=ready)
    return 0
