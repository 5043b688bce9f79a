"""`trainwright compare RUN RUN...`."""

from __future__ import annotations

from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result, table


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("compare", help="Runs side by side, with a paired significance test.")(compare)


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Two runs or more.")],
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Compare runs; each is tested against the first."""
    from trainwright.flow.comparison import compare as compare_runs

    result = compare_runs(runs, workspace=workspace)
    metrics = list(dict.fromkeys(m for row in result.runs for m in row["validation"]))
    rows = [
        [row["run"], row["model"]["family"]]
        + [f"{v['value']:.4f}" if (v := row["validation"].get(m)) else "-" for m in metrics]
        for row in result.runs
    ]
    lines = table(rows, header=["run", "family", *metrics])
    for pair in result.pairs:
        lines.append(f"{pair['runs'][0]} against {pair['runs'][1]}: {pair['verdict']}")
        if pair["paired"]:
            loss = "1 - chrF2 of the texts" if "loss" in pair else "the loss"
            lines.append(
                f"  difference of {loss} {pair['difference']:+.5f}"
                f" (95 %: {pair['low']:+.5f} to {pair['high']:+.5f}),"
                f" p = {pair['p_value']:.3g}, {pair['rows']} rows"
            )
        if pair.get("roc_auc"):
            auc = pair["roc_auc"]
            lines.append(
                f"  difference of the ROC AUC {auc['difference']:+.5f}"
                f" (95 %: {auc['low']:+.5f} to {auc['high']:+.5f}), p = {auc['p_value']:.3g}"
            )
    print_result(result.to_json(), lines, as_json=as_json)
    return 0
