"""`trainwright predict MODEL DATA -o OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import print_note, print_result
from trainwright.cli.progress import TerminalProgress


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("predict", help="Batch scoring, streaming and resumable.")(predict)


def predict(
    model: options.Model,
    data: options.Data,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="OUT.csv, OUT.parquet or OUT.jsonl.")
    ],
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Score a file."""
    from trainwright.flow.prediction import predict as predict_rows

    with TerminalProgress() as progress:
        result = predict_rows(model, data, output=output, workspace=workspace, progress=progress)
    if result.ignored:
        print_note(f"ignored columns that the model does not use: {', '.join(result.ignored)}")
    lines = [f"{result.rows} rows by {result.model} in {result.seconds:.1f} s: {result.output}"]
    print_result(result.to_json(), lines, as_json=as_json)
    return 0
