"""What becomes of a package: it stays in its run, or is a version, and champion where every gate held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trainwright.core.artifacts import Check, Snapshot
from trainwright.deployment.package import Package
from trainwright.evaluation.canaries import check_memory
from trainwright.evaluation.gate import check_gate
from trainwright.flow.session import JUDGED, Session
from trainwright.flow.training import Trained
from trainwright.runs.folder import RunFolder
from trainwright.runs.registry import Version


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of a package: its version, whether it is champion, and what had to hold."""

    version: str = ""
    champion: bool = False
    gates: tuple[Check, ...] = ()


End = Callable[[Session, Snapshot, RunFolder, Trained, Package], Ending]


def keep(
    session: Session,  # noqa: ARG001 - an ending
    snapshot: Snapshot,  # noqa: ARG001
    folder: RunFolder,  # noqa: ARG001
    trained: Trained,  # noqa: ARG001
    loaded: Package,  # noqa: ARG001
) -> Ending:
    """The package stays in its run."""
    return Ending()


def register(
    session: Session, snapshot: Snapshot, folder: RunFolder, trained: Trained, loaded: Package
) -> Ending:
    """The package becomes a version, and champion where every gate held."""
    recipe, workspace = session.recipe, session.workspace
    with session.reads.by(*JUDGED):
        gates = _gates(session, trained)
    gates = (*gates, _every_key_read(session))
    version = workspace.registry.register(
        recipe.name,
        run=folder.id,
        package_hash=loaded.hash,
        package=str(folder.package.relative_to(workspace.root)),
        metrics={name: value.to_json() for name, value in trained.evaluation.metrics.items()},
        facts={"snapshot": snapshot.hash, "family": trained.selection.winner.family.family},
    )
    champion = _promoted(session, version, gates, verdict=trained.selection.choice.verdict)
    return Ending(f"{recipe.name}/{version.number}", champion, gates)


def _promoted(session: Session, version: Version, gates: Sequence[Check], *, verdict: str) -> bool:
    """Make the version champion where every gate held; "no signal" does not replace a champion."""
    registry = session.workspace.registry
    others = registry.models().get(version.name, [])
    is_first = not any("champion" in other.aliases for other in others)
    if not all(gate.passed for gate in gates) or (verdict == "no signal" and not is_first):
        return False
    registry.set_alias(version.name, "champion", version.number, reason="every gate held")
    return True


def _gates(session: Session, trained: Trained) -> tuple[Check, ...]:
    """What must hold before the package may be champion."""
    recipe = session.recipe
    checks = check_gate(trained.evaluation, recipe.deployment.gate)
    verdict = trained.selection.choice.verdict
    if recipe.evaluation.must_beat_baseline:
        checks = [
            *checks,
            Check("beats the baseline", verdict == "signal", trained.selection.choice.reason),
        ]
    accepted = "memory" in recipe.deployment.accept
    if (found := trained.evaluation.plots.get("canaries")) is not None:
        checks = [*checks, check_memory(found, accepted=accepted)]
    return tuple(checks)


def _every_key_read(session: Session) -> Check:
    unread = session.reads.unread(("data", *JUDGED))
    return Check(
        "every recipe key was read",
        not unread,
        f"set, but nothing read: {', '.join(unread)}" if unread else "all keys had an effect",
    )
