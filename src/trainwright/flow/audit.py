"""`trainwright audit`: what the record says, proven.

Cheap checks come first: hashes, formats, ledgers. Then fit scope: preparation, calibrator and
threshold are fitted once more from
train and validation rows alone, and must come out byte by byte as packaged; so does the model
where its fit took under a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Check, Snapshot
from trainwright.core.errors import TrainwrightError
from trainwright.core.protocols import Progress, Silent
from trainwright.data.audit import check_snapshot
from trainwright.deployment.package import verify_package
from trainwright.flow.evaluation import check_lockbox
from trainwright.flow.reporting import write_run_report
from trainwright.flow.resolving import resolve_model, snapshot_of
from trainwright.flow.scope import check_fit_scope
from trainwright.models.tables.probe import probe
from trainwright.recipe import load_recipe
from trainwright.runs.folder import RunFolder
from trainwright.runs.workspace import Workspace

REFIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Audit:
    """Attributes.

    model: What was audited.
    checks: Each with what it saw.
    """

    model: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True when every check passed."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The contract of `audit --json`."""
        return {
            "model": self.model,
            "passed": self.passed,
            "checks": [check.to_json() for check in self.checks],
        }


def audit(
    model: str,
    *,
    workspace: Path | None = None,
    refit: bool = False,
    progress: Progress | None = None,
) -> Audit:
    """Prove what is recorded of a run or a model.

    Args:
        model: RUN or MODEL.
        workspace: The workspace's folder.
        refit: Fit the model again also where that took a minute or more.
        progress: Shows how far the work is.

    Raises:
        CommandError: no such run or model.
    """
    store = Workspace.open(workspace)
    named = resolve_model(model, store)
    progress = progress or Silent()
    progress.stage("hashes")
    checks = list(verify_package(named.folder))
    sound = all(check.passed for check in checks)
    run = named.run
    if run is None:
        checks.append(Check("record", True, "no run of it is here: the package alone was audited"))
        return Audit(named.name, tuple(checks))
    checks += _records(run, store)
    snapshot, snapshot_checks = _snapshot(run, store, progress)
    checks += snapshot_checks
    if sound and snapshot is not None:
        checks += _guarded(
            "fit scope",
            lambda: _refits(run, snapshot, store, refit_always=refit, progress=progress),
        )
    else:
        checks.append(Check("fit scope", False, "not proven: package or snapshot is damaged"))
    _report(run, snapshot, checks)
    return Audit(named.name, tuple(checks))


def _records(run: RunFolder, workspace: Workspace) -> Iterator[Check]:
    """The append-only records: events, lockbox, registry."""

    def events() -> str:
        return f"{len(run.events())} events, chained by hash"

    def lockbox() -> str:
        check_lockbox(run, workspace)
        return f"{workspace.lockbox.head().length} looks, all that the run noted are there"

    def registry() -> str:
        versions = [v for listed in workspace.registry.models().values() for v in listed]
        mine = [v for v in versions if v.run == run.id]
        return f"registered as {', '.join(v.label for v in mine) or 'nothing'}"

    yield from _said("run record", events)
    yield from _said("lockbox ledger", lockbox)
    yield from _said("registry", registry)
    record = run.read_json("run.json")
    for gate in record["gates"]:
        if gate["name"] == "every recipe key was read":
            yield Check("recipe", gate["passed"], gate["detail"])


def _snapshot(
    run: RunFolder, workspace: Workspace, progress: Progress
) -> tuple[Snapshot | None, list[Check]]:
    """The snapshot's files, its ledger, and leakage looked for once more."""
    progress.stage("snapshot")
    try:
        snapshot = snapshot_of(run, workspace)
    except TrainwrightError as error:
        return None, [Check("snapshot", False, _one_line(error))]
    accepted = load_recipe(run.recipe).data.accept
    return snapshot, list(check_snapshot(snapshot, accepted=accepted, probe=probe))


def _refits(
    run: RunFolder,
    snapshot: Snapshot,
    workspace: Workspace,
    *,
    refit_always: bool,
    progress: Progress,
) -> Iterator[Check]:
    progress.stage("refit")
    record = run.read_json("run.json")
    seconds = next(row["seconds"] for row in record["candidates"] if row["chosen"])
    yield from check_fit_scope(
        run, snapshot, workspace=workspace, refit_model=refit_always or seconds < REFIT_SECONDS
    )


def _said(name: str, look: Callable[[], str]) -> Iterator[Check]:
    """One check: what `look` says, or why it refuses."""
    try:
        yield Check(name, True, look())
    except TrainwrightError as error:
        yield Check(name, False, _one_line(error))


def _guarded(name: str, look: Callable[[], Iterator[Check]]) -> list[Check]:
    """Several checks, or one that says why they could not be made."""
    try:
        return list(look())
    except TrainwrightError as error:
        return [Check(name, False, _one_line(error))]


def _one_line(error: TrainwrightError) -> str:
    return f"{error.what} ({error.where})" if error.where else error.what


def _report(run: RunFolder, snapshot: Snapshot | None, checks: Sequence[Check]) -> None:
    """Keep the checks, red ones too, and show them in the run's report where it can be made."""
    with run.hold():
        run.write_json("audit.json", [check.to_json() for check in checks])
        if snapshot is not None:
            write_run_report(run, snapshot)
