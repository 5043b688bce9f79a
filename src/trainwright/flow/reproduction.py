"""`trainwright reproduce`: run again from the record, the clock replayed.

Equal byte by byte, or what differs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Check, Snapshot
from trainwright.core.clock import Replay
from trainwright.core.durable import sha256_file
from trainwright.core.errors import DataError, EnvironmentFault
from trainwright.core.protocols import Progress, Silent
from trainwright.data.prepare import prepare
from trainwright.flow.checkpoints import NoCheckpoints
from trainwright.flow.classifying import PackagedClassifiers
from trainwright.flow.embedding import TextEmbedder
from trainwright.flow.naming import PersonTaggers
from trainwright.flow.out_of_fold import out_of_fold
from trainwright.flow.packaging import Decisions
from trainwright.flow.resolving import base_of, require_package, snapshot_of
from trainwright.flow.teaching import find_teacher
from trainwright.flow.training import package, train
from trainwright.models.tables.probe import probe
from trainwright.recipe import Recipe, load_recipe
from trainwright.runs.folder import RunFolder
from trainwright.runs.provenance import library_versions
from trainwright.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Attributes.

    run: Which was run again.
    equal: True when every byte of the package is the same.
    checks: Snapshot, then each file of the package.
    notes: What may explain a difference: library versions, a source that is gone.
    """

    run: str
    equal: bool
    checks: tuple[Check, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "run": self.run,
            "equal": self.equal,
            "passed": self.equal,
            "checks": [check.to_json() for check in self.checks],
            "notes": list(self.notes),
        }


def reproduce(
    run: str, *, workspace: Path | None = None, progress: Progress | None = None
) -> Reproduction:
    """Prepare and train once more, with what the clock decided, and compare.

    Args:
        run: Id, prefix, name or `latest`.
        workspace: The workspace's folder.
        progress: Shows how far the work is.

    Raises:
        CommandError: no such run, or it has no package.
        EnvironmentFault: a family that it tried is not installed here.
    """
    store = Workspace.open(workspace)
    folder = store.find_run(run)
    require_package(folder)
    recipe = load_recipe(folder.recipe)
    known = snapshot_of(folder, store)
    progress = progress or Silent()
    with tempfile.TemporaryDirectory(prefix="trainwright-reproduce-") as scratch:
        notes = list(_other_versions(folder))
        snapshot, check, note = _prepare_again(
            folder, recipe, known, Path(scratch), workspace=store, progress=progress
        )
        notes += [note] if note else []
        with rebuilt_package(folder, recipe, snapshot, workspace=store, progress=progress) as again:
            checks = (check, *compare_files(folder.package, again))
    return Reproduction(folder.id, all(c.passed for c in checks), checks, tuple(notes))


@contextmanager
def rebuilt_package(
    folder: RunFolder,
    recipe: Recipe,
    snapshot: Snapshot,
    *,
    workspace: Workspace,
    progress: Progress,
) -> Iterator[Path]:
    """Train again from a snapshot with the recorded decisions.

    The package lives while the block lasts.
    """
    decisions = Decisions.from_json(folder.read_json("decisions.json"))
    with tempfile.TemporaryDirectory(prefix="trainwright-package-") as scratch:
        again = Path(scratch) / "package"
        trained = train(
            recipe,
            snapshot,
            base=base_of(folder),
            teacher=find_teacher(recipe, snapshot, run=folder, workspace=workspace),
            pacer=Replay(decisions.points),
            progress=progress,
            checkpoints=NoCheckpoints(folder.answers),
            tell=lambda _: None,
        )
        package(again, trained, snapshot=snapshot, recipe=recipe, decisions=decisions)
        yield again


def compare_files(one: Path, other: Path) -> tuple[Check, ...]:
    """A check for each file of two folders: there in both, and equal."""
    names = sorted({*_files(one), *_files(other)})
    return tuple(_compare(name, one / name, other / name) for name in names)


def _compare(name: str, one: Path, other: Path) -> Check:
    if not (one.is_file() and other.is_file()):
        return Check(f"package/{name}", False, "it is in one of the two packages only")
    same = sha256_file(one) == sha256_file(other)
    return Check(f"package/{name}", same, "equal, byte by byte" if same else "its bytes differ")


def _files(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _prepare_again(
    folder: RunFolder,
    recipe: Recipe,
    known: Snapshot,
    scratch: Path,
    *,
    workspace: Workspace,
    progress: Progress,
) -> tuple[Snapshot, Check, str]:
    """Stage 1 from the source where it is still there; otherwise the snapshot that was kept."""
    progress.stage("prepare")
    try:
        snapshot = prepare(
            recipe,
            base=base_of(folder),
            snapshots=scratch,
            probe=probe,
            out_of_fold=out_of_fold,
            embedder=TextEmbedder(base_of(folder)),
            classifier=PackagedClassifiers(base_of(folder), workspace),
            name_taggers=PersonTaggers(base_of(folder), workspace),
            progress=progress,
        )
    except (DataError, EnvironmentFault, OSError) as error:
        reason = " ".join(str(error).split())
        detail = f"the source cannot be prepared again ({reason}); the kept snapshot was used"
        return known, Check("snapshot", True, "the kept snapshot, verified by its hash"), detail
    same = snapshot.hash == known.hash
    detail = "equal" if same else f"it is {snapshot.hash[:12]} now and was {known.hash[:12]}"
    return snapshot, Check("snapshot", same, detail), ""


def _other_versions(folder: RunFolder) -> Iterator[str]:
    """Libraries that are not as they were."""
    before = folder.read_json("provenance.json")["libraries"]
    now = library_versions()
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"{name} was {before.get(name)} and is {now.get(name)}"
