"""`trainwright reproduce RUN`."""

from __future__ import annotations

import typer

from trainwright.cli import options
from trainwright.cli.output import check_line, print_note, print_result
from trainwright.cli.progress import TerminalProgress


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("reproduce", help="Run again from the record; equal, or what differs.")(reproduce)


def reproduce(
    run: options.Run,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Reproduce a run and print what is equal."""
    from trainwright.flow.reproduction import reproduce as reproduce_run

    with TerminalProgress() as progress:
        result = reproduce_run(run, workspace=workspace, progress=progress)
    for note in result.notes:
        print_note(f"  note: {note}")
    verdict = "equal, byte by byte" if result.equal else "it differs"
    lines = [*[check_line(check) for check in result.checks], f"{result.run}: {verdict}"]
    print_result(result.to_json(), lines, as_json=as_json)
    return 0 if result.equal else 1
