"""`trainwright prove RECIPE`."""

from __future__ import annotations

from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import check_line, print_result
from trainwright.cli.progress import TerminalProgress


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("prove", help="Check the run's own mathematics before spending anything.")(prove)


def prove(
    recipe: options.RecipeFile,
    kills: Annotated[
        int,
        typer.Option("--kills", min=0, metavar="N", help="Kill a tiny run N times and compare."),
    ] = 0,
    settings: options.Set = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Prove a recipe and print each check; 1 where one says no."""
    from trainwright.flow.proving.prove import prove as prove_recipe

    with TerminalProgress() as progress:
        proof = prove_recipe(
            recipe,
            kills=kills,
            workspace=workspace,
            overrides=settings or (),
            progress=progress,
        )
    lines = [check_line(check) for check in proof.checks]
    verdict = "proven" if proof.passed else "not proven"
    print_result(proof.to_json(), [*lines, f"{proof.recipe}: {verdict}"], as_json=as_json)
    return 0 if proof.passed else 1
