"""`trainwright prepare RECIPE`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import finding_line, print_result
from trainwright.cli.progress import TerminalProgress
from trainwright.core.errors import CommandError, counted


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("prepare", help="Stage 1 alone: snapshot and data report.")(prepare)


def prepare(
    recipe: Annotated[
        Path | None, typer.Argument(metavar="RECIPE", help="The recipe's YAML file.")
    ] = None,
    settings: options.Set = None,
    contract_out: Annotated[
        Path | None,
        typer.Option(
            "--contract-out", metavar="FILE", help="Write what the data keep to, to be edited."
        ),
    ] = None,
    difference: Annotated[
        tuple[str, str] | None,
        typer.Option("--diff", metavar="A B", help="How snapshot B differs from A; no RECIPE."),
    ] = None,
    collect: Annotated[
        bool,
        typer.Option("--collect", help="Remove snapshots that no run and no package needs."),
    ] = False,
    rows_shown: Annotated[
        int | None,
        typer.Option("--show", metavar="N", min=1, help="Print N train rows token by token."),
    ] = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Prepare a snapshot and print what was found; or compare two, or remove old ones."""
    asked = (recipe is not None) + (difference is not None) + collect
    if asked != 1:
        mends = {"--diff": difference is not None, "--collect": collect}
        several = "prepare takes one of these at a time: a RECIPE, --diff A B, --collect"
        verb = next((option for option, is_said in mends.items() if is_said), "RECIPE")
        raise CommandError(
            several if asked else "prepare needs a RECIPE, or --diff A B, or --collect",
            where="trainwright prepare",
            mend=f"trainwright prepare {verb}{' A B' if verb == '--diff' else ''}",
        )
    if rows_shown is not None and recipe is not None:
        return _show(recipe, rows_shown, workspace, settings or (), as_json=as_json)
    if difference is not None:
        return _print_difference(difference, workspace, as_json=as_json)
    if recipe is None:
        return _collect(workspace, as_json=as_json)
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


def _show(
    recipe: Path, rows: int, workspace: Path | None, overrides: Sequence[str], *, as_json: bool
) -> int:
    from trainwright.cli.shown import print_shown
    from trainwright.flow.session import Session
    from trainwright.flow.showing import show

    with TerminalProgress() as progress:
        session = Session.open(recipe, workspace=workspace, overrides=overrides, progress=progress)
        found = show(session, session.prepare(), rows=rows)
    print_shown(found, as_json=as_json)
    return 0


def _print_difference(named: tuple[str, str], workspace: Path | None, *, as_json: bool) -> int:
    from trainwright.flow.snapshots import diff

    found = diff(*named, workspace=workspace)
    rows, schema, far_labels = found["rows"], found["schema"], found["labels"]["distance"]
    far = sorted(found["distributions"].items(), key=lambda pair: (-pair[1], pair[0]))
    lines = [
        f"{found['first'][:16]} -> {found['second'][:16]}",
        f"rows: {rows['first']} -> {rows['second']}: {rows['added']} added, {rows['removed']} removed,"
        f" {rows['kept']} kept, {rows['moved']} of them in another split",
        f"labels: {counted(found['labels']['changed'], 'rows')} of equal inputs with another target"
        + (f"; their distribution: {far_labels:.3f}" if far_labels is not None else "")
        if found["labels"]["changed"] is not None
        else f"target: {' -> '.join(schema['target'])}: labels are not compared",
        *[f"column added: {name}" for name in schema["added"]],
        *[f"column removed: {name}" for name in schema["removed"]],
        *[f"column {c['column']}: {c['from']} -> {c['to']}" for c in schema["changed"]],
        *[f"distribution of {name}: {distance:.3f}" for name, distance in far[:10]],
    ]
    print_result(found, lines, as_json=as_json)
    return 0


def _collect(workspace: Path | None, *, as_json: bool) -> int:
    from trainwright.flow.snapshots import collect

    found = collect(workspace=workspace)
    lines = [
        f"{len(found['removed'])} snapshots removed, {len(found['kept'])} kept,"
        f" {found['bytes'] / 1e6:,.1f} MB freed"
    ]
    print_result(found, lines, as_json=as_json)
    return 0
