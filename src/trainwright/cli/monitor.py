"""`trainwright monitor MODEL DATA`."""

from __future__ import annotations

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result, table

OTHERS = 10  # columns shown beside those that alarm


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("monitor", help="Drift and quality of live data; exit 1 is an alarm.")(monitor)


def monitor(
    model: options.Model,
    data: options.Data,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Compare live rows with the package's reference."""
    from trainwright.flow.monitoring import monitor as monitor_model

    watched = monitor_model(model, data, workspace=workspace)
    result = watched.result
    alarms = [column for column in result.columns if column.alarm]
    others = [column for column in result.columns if not column.alarm]
    rows = [
        [
            ("! " if column.alarm else "  ") + column.column,
            column.statistic,
            f"{column.value:.3f}",
            f"{column.threshold:.3f}",
            f"{column.p_value:.2g}",
        ]
        for column in (*alarms, *others[:OTHERS])
    ]
    lines = [
        *table(rows, header=("  column", "statistic", "value", "threshold", "p")),
        *([f"  and {len(others) - OTHERS} that moved less"] if len(others) > OTHERS else []),
        result.verdict,
        f"report: {watched.report}",
    ]
    print_result(watched.to_json(), lines, as_json=as_json)
    return 1 if result.alarm else 0
