"""`trainwright prepare RECIPE`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import finding_line, print_result
from trainwright.cli.progress import TerminalProgress


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("prepare", help="Stage 1 alone: snapshot and data report.")(prepare)


def prepare(
    recipe: options.RecipeFile,
    settings: options.Set = None,
    contract_out: Annotated[
        Path | None,
        typer.Option(
            "--contract-out", metavar="FILE", help="Write what the data keep to, to be edited."
        ),
    ] = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Prepare a snapshot and print what was found."""
    from trainwright.data.snapshot import read_receipts
    from trainwright.flow.preparation import prepare as prepare_recipe

    started = time.monotonic()
    with TerminalProgress() as progress:
        snapshot, report = prepare_recipe(
            recipe,
            workspace=workspace,
            overrides=settings or (),
            progress=progress,
            contract_out=contract_out,
        )
    rows = snapshot.rows
    value = {
        "snapshot": snapshot.hash,
        "folder": str(snapshot.folder),
        "rows": dict(rows),
        "findings": snapshot.findings_to_json(),
        "receipts": read_receipts(snapshot),
        "report": str(report),
        "seconds": round(time.monotonic() - started, 3),
    }
    lines = [
        f"snapshot {snapshot.hash}",
        f"rows: {rows['input']} = {rows['train']} train + {rows['validation']} validation"
        f" + {rows['test']} test + {rows['dropped']} dropped",
        f"inputs: {', '.join(f'{c.name} ({c.type.value})' for c in snapshot.inputs)}",
        *[f"left out: {name}: {why}" for name, why in snapshot.left_out.items()],
        *[finding_line(finding) for finding in snapshot.findings],
        f"report: {report}",
    ]
    print_result(value, lines, as_json=as_json)
    return 0
