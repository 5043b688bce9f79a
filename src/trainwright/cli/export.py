"""`trainwright export MODEL --to FORMAT -o OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import check_line, print_result
from trainwright.cli.progress import TerminalProgress


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("export", help="A network in a format of others; refused unless parity holds.")(
        export
    )


def export(
    model: options.Model,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="safetensors, gguf or onnx.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file of gguf, the folder of the others.")
    ],
    quantize: Annotated[
        str | None,
        typer.Option("--quantize", metavar="KIND", help="f16, int8, int4, q8_0 or q4_0."),
    ] = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Export and print each check; 1 where one says no, and nothing is left."""
    from trainwright.flow.export import export as export_model

    with TerminalProgress() as progress:
        made = export_model(
            model,
            to=to,
            output=output,
            quantize=quantize,
            workspace=workspace,
            progress=progress,
        )
    verdict = f"{made.bytes} bytes: {made.output}" if made.passed else "refused; nothing is left"
    lines = [check_line(check) for check in made.checks]
    print_result(
        made.to_json(), [*lines, f"{made.model} to {made.format}: {verdict}"], as_json=as_json
    )
    return 0 if made.passed else 1
