"""The run's report, made from what the run wrote down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.core.artifacts import Check, Snapshot
from trainwright.core.durable import write_text
from trainwright.reports.run_report import run_report
from trainwright.runs.folder import RunFolder


def write_run_report(
    folder: RunFolder,
    snapshot: Snapshot,
    *,
    checks: Sequence[Check] = (),
    lockbox: Mapping[str, Any] | None = None,
) -> None:
    """Write report.html of a run that is through.

    Later looks and checks are added by writing it again.
    """
    run = folder.read_json("run.json")
    page = run_report(
        run=run,
        snapshot=snapshot_facts(snapshot),
        evaluation=folder.read_json("evaluation.json"),
        candidates=run["candidates"],
        findings=[finding.to_json() for finding in snapshot.findings],
        checks=[check.to_json() for check in checks],
        lockbox=lockbox,
    )
    write_text(folder.report, page)


def snapshot_facts(snapshot: Snapshot) -> dict[str, Any]:
    """What a report tells of a snapshot."""
    return {
        "hash": snapshot.hash,
        "rows": dict(snapshot.rows),
        "split": dict(snapshot.split),
        "left_out": dict(snapshot.left_out),
        "target": snapshot.target.to_json(),
        "inputs": [column.to_json() for column in snapshot.inputs],
        "folder": str(snapshot.folder),
    }
