"""The run's report, made from what its folder holds.

It is written again after every look and every audit. Nothing is handed over from what went on in
memory, so a later report shows no less than an earlier one: what was once written down stays on it. A run
that failed has one too: why, and the curves up to there.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from trainwright.core.artifacts import Snapshot
from trainwright.core.durable import write_text
from trainwright.core.errors import TrainwrightError
from trainwright.recipe import load_recipe
from trainwright.reports.failure_report import failure_report
from trainwright.reports.run_report import run_report
from trainwright.runs.folder import RunFolder
from trainwright.runs.history import History
from trainwright.runs.redaction import redact_json


def write_run_report(folder: RunFolder, snapshot: Snapshot) -> None:
    """Write report.html of a run that is through.

    Raises:
        TrustError: a file of the run is missing or damaged.
    """
    run = folder.read_json("run.json")
    page = run_report(
        run=_run_facts(folder, run),
        snapshot=snapshot_facts(snapshot),
        evaluation=folder.read_json("evaluation.json"),
        candidates=run["candidates"],
        findings=[finding.to_json() for finding in snapshot.findings],
        checks=_last_audit(folder),
        lockbox=_last_look(folder),
        history=History(folder.history).read(),
    )
    write_text(folder.report, page)


def write_failure_report(folder: RunFolder, snapshot: Snapshot, error: TrainwrightError) -> None:
    """Write report.html of a run that ended with an error.

    Raises:
        EnvironmentFault: the disk refuses.
        TrustError: a file of the run is damaged.
    """
    page = failure_report(
        run={
            "run": folder.id,
            "name": load_recipe(folder.recipe).name,
            "recipe": folder.recipe.read_text(encoding="utf-8"),
            "provenance": folder.read_json("provenance.json"),
        },
        faults=[redact_json(asdict(fault)) for fault in error.faults],
        snapshot=snapshot_facts(snapshot),
        findings=[finding.to_json() for finding in snapshot.findings],
        candidates=[event["detail"] for event in folder.events() if event["kind"] == "candidate"],
        history=History(folder.history).read(),
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
        "card": dict(snapshot.card),
    }


def _run_facts(folder: RunFolder, run: dict[str, Any]) -> dict[str, Any]:
    """The run's record with its budget, its resolved recipe and its provenance.

    The time shown is that which the budget bounds: stage 1 stands outside it.
    """
    recipe = load_recipe(folder.recipe)
    return {
        **run,
        "seconds": run["budget_used"],
        "budget": recipe.training.budget,
        "metric": recipe.evaluation.metric,
        "recipe": folder.recipe.read_text(encoding="utf-8"),
        "provenance": folder.read_json("provenance.json"),
    }


def _last_audit(folder: RunFolder) -> list[dict[str, Any]]:
    """Checks of the last audit; none before the first."""
    if not (folder.path / "audit.json").exists():
        return []
    checks: list[dict[str, Any]] = folder.read_json("audit.json")
    return checks


def _last_look(folder: RunFolder) -> dict[str, Any] | None:
    """The last look of this run into the lockbox, as the report wants it; None before the first."""
    numbers = [int(path.stem.partition("-")[2]) for path in folder.path.glob("lockbox-*.json")]
    if not numbers:
        return None
    look = folder.read_json(f"lockbox-{max(numbers)}.json")
    return {**look, **look["lockbox"], "plain": look["plain_95"]}
