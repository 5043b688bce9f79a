"""`trainwright evaluate RUN [--split test]`."""

from __future__ import annotations

from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result, table
from trainwright.core.artifacts import Split


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command(
        "evaluate", help="Validation metrics; --split test opens the lockbox, and is recorded."
    )(evaluate)


def evaluate(
    run: options.Run,
    split: Annotated[str, typer.Option("--split", help="validation or test.")] = "validation",
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Print the metrics of a run on one split."""
    from trainwright.flow.evaluation import as_split
    from trainwright.flow.evaluation import evaluate as evaluate_run

    result = evaluate_run(run, split=as_split(split), workspace=workspace)
    rows = [
        [name, f"{v.value:.4f}", f"{v.low:.4f} to {v.high:.4f}"]
        + ([f"{p.low:.4f} to {p.high:.4f}"] if (p := result.plain.get(name)) else [])
        for name, v in result.metrics.items()
    ]
    header = [result.split.value, "value", f"{100 * result.confidence:.4g} % interval"]
    if result.split is Split.TEST:
        header.append("plain 95 %")
    lines = [
        *table(rows, header=header),
        f"lockbox: opened {result.opened} times; {result.statement}",
    ]
    print_result(result.to_json(), lines, as_json=as_json)
    return 0
