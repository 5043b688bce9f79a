"""`trainwright prepare`: stage 1 alone, with its data report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainwright.core.artifacts import Snapshot
from trainwright.core.durable import write_text
from trainwright.core.protocols import Progress
from trainwright.data.contract import contract_of, to_yaml
from trainwright.data.snapshot import load_profile
from trainwright.flow.data_facts import data_facts
from trainwright.flow.reporting import snapshot_facts
from trainwright.flow.session import Session
from trainwright.reports.data_report import data_report


def prepare(
    recipe: Path,
    *,
    workspace: Path | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
    contract_out: Path | None = None,
) -> tuple[Snapshot, Path]:
    """Prepare the snapshot of a recipe.

    Args:
        recipe: The recipe's file.
        workspace: The workspace's folder.
        overrides: `key=value`, over what the recipe says.
        progress: Shows how far the work is.
        contract_out: Where to write a contract file that the data keep to.

    Returns:
        The snapshot, and its data report's file (beside the snapshot: the snapshot is immutable).

    Raises:
        RecipeError, DataError, EnvironmentFault: as their names say.
    """
    session = Session.open(recipe, workspace=workspace, overrides=overrides, progress=progress)
    snapshot = session.prepare()
    if contract_out is not None:
        write_text(contract_out, to_yaml(contract_of(snapshot)))
    report = snapshot.folder.with_name(f"{snapshot.hash}.html")
    profile = load_profile(snapshot)
    page = data_report(
        snapshot=snapshot_facts(snapshot),
        profile=profile.to_json(),
        facts=data_facts(snapshot, profile),
        findings=[finding.to_json() for finding in snapshot.findings],
    )
    write_text(report, page)
    return snapshot, report
