"""`trainwright train RECIPE`."""

from __future__ import annotations

from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result
from trainwright.cli.progress import TerminalProgress
from trainwright.cli.run import lines_of, print_remarks


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("train", help="Fit, choose and package on the snapshot; register nothing.")(train)


def train(
    recipe: options.RecipeFile,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Go on with a stopped run.")
    ] = None,
    settings: options.Set = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Train a recipe and print what came of it."""
    from trainwright.flow.run import train as train_recipe

    with TerminalProgress() as progress:
        result = train_recipe(
            recipe,
            resume=resume,
            workspace=workspace,
            overrides=settings or (),
            progress=progress,
        )
    print_remarks(result)
    print_result(result.to_json(), lines_of(result), as_json=as_json)
    return 0
