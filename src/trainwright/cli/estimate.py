"""`trainwright estimate RECIPE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result, table
from trainwright.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainwright.flow.probing import Probe
    from trainwright.summaries.reckoning import Reckoned


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("estimate", help="Time, memory, disk, cost; train or use an API.")(estimate)


def estimate(
    recipe: options.RecipeFile,
    settings: options.Set = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Estimate what a recipe will take and print it."""
    from trainwright.flow.estimate import estimate as estimate_recipe

    with TerminalProgress() as progress:
        found = estimate_recipe(
            recipe, workspace=workspace, overrides=settings or (), progress=progress
        )
    rows = [
        ["training, s", *_cells(found.train_seconds)],
        ["memory, MB", *_cells(found.memory_bytes.times(1e-6))],
        ["disk, MB", *_cells(found.disk_bytes.times(1e-6))],
        *([name.replace("_", " "), *_cells(cost)] for name, cost in found.costs.items() if cost),
    ]
    families = [
        [one.family, *_cells(one.seconds), f"{one.probes[-1].loss:.4g}", *_cells(one.loss)]
        for one in found.families
    ]
    lines = [
        *table(rows, header=["", "expected", "from", "to"]),
        "",
        *table(
            families,
            header=[
                "family",
                "seconds",
                "from",
                "to",
                "loss of the last probe",
                "loss",
                "from",
                "to",
            ],
        ),
        "",
        *(f"{one.family}, loss: {_curve(one.probes)}" for one in found.families),
        *(
            f"{one.family}: {one.counts.steps} updates of {one.counts.parameters:,} weights"
            for one in found.families
            if one.counts is not None
        ),
        *found.weighed.reasons,
        f"verdict: {found.weighed.verdict}",
    ]
    print_result(found.to_json(), lines, as_json=as_json)
    return 0


def _curve(probes: Sequence[Probe]) -> str:
    """The learning curve, with 95 % intervals."""
    return ", ".join(
        f"{one.loss:.4g} (± {1.96 * one.loss_error:.2g}) of {one.rows:,} rows" for one in probes
    )


def _cells(amount: Reckoned | None) -> list[str]:
    if amount is None:
        return ["-", "-", "-"]
    return [f"{part:.4g}" for part in (amount.value, amount.low, amount.high)]
