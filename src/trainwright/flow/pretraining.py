"""Has the pre-trained base seen today's test rows? Where it is a package of ours, that can be told.

A base that learnt from this very snapshot has not: the split is the same. One that learnt from another
snapshot is compared with it, where that is in this workspace: texts and images of its train and
validation rows with those of today's test rows. Elsewhere it cannot be told, and the run says so.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import ColumnType
from trainwright.core.durable import read_json
from trainwright.core.errors import RecipeError, TrustError
from trainwright.core.pretrained import locate
from trainwright.data.duplicates import ALLOWED_FRACTION
from trainwright.data.hashing import Hashes, hash_cells
from trainwright.data.snapshot import load_snapshot, read_split
from trainwright.deployment import manifest as manifests
from trainwright.models.networks.family import NetworkFamily
from trainwright.recipe import Recipe

_READ = (ColumnType.TEXT, ColumnType.WORDS, ColumnType.IMAGE, ColumnType.MESSAGES)
_ESTIMATOR = Path("model", "estimator")  # of a package: what `locate` finds in it


def unseen(recipe: Recipe, snapshot: Snapshot, *, base: Path, snapshots: Path) -> tuple[str, ...]:
    """Refuse a base that learnt from today's test rows.

    Args:
        recipe: `model.pretrained` is read.
        snapshot: Today's.
        base: The recipe's folder.
        snapshots: Those of this workspace.

    Returns:
        What the user should know: that it cannot be told.

    Raises:
        RecipeError: more than 1 % of today's test rows taught it.
        TrustError: the package is damaged.
    """
    part = recipe.model
    name = part.base_name if isinstance(part, NetworkFamily) else None
    package = None if name is None else _package_of(locate(name, base=base).folder)
    if name is None or package is None:
        return ()
    taught_by = _taught_by(package)
    if taught_by == snapshot.hash:
        return ()
    if not (snapshots / taught_by).is_dir():
        return (
            f"the base {name!r} was taught by snapshot {taught_by[:12]}, which is not in this workspace:"
            " whether it has seen today's test rows cannot be told",
        )
    known = _seen(load_snapshot(snapshots / taught_by), Split.TRAIN, Split.VALIDATION)
    today = _seen(snapshot, Split.TEST)
    shared = int(np.isin(today, known).sum())
    if shared > ALLOWED_FRACTION * len(today):
        raise RecipeError(
            f"the base {name!r} has learnt from {shared} of the {len(today)} test rows",
            where="model.pretrained",
            mend="train it on this very snapshot (the same data section), or on other rows",
        )
    return ()


def _package_of(folder: Path) -> Path | None:
    """The package that a base's folder is part of; None where it is of none."""
    above = folder.parent.parent
    inside = folder == above / _ESTIMATOR and (above / manifests.NAME).is_file()
    return above if inside else None


def _taught_by(package: Path) -> str:
    """The snapshot of a package, whose files are as its manifest says."""
    manifest = manifests.read_manifest(package)
    manifests.check_list(package, manifest, manifests.list_files(package))
    manifests.check_hashes(package, manifest)
    facts = read_json(package / "facts.json")
    taught_by = facts.get("snapshot") if isinstance(facts, dict) else None
    if not isinstance(taught_by, str) or not taught_by.isalnum():
        raise TrustError("the package does not say what taught it", where=str(package))
    return taught_by


def _seen(snapshot: Snapshot, *splits: Split) -> Hashes:
    """What a network read of these rows: a hash of each text or image."""
    names = [column.name for column in snapshot.inputs if column.type in _READ]
    found = [
        hash_cells(read_split(snapshot, split, columns=[name])[name].drop_nulls())
        for split in splits
        for name in names
    ]
    return np.concatenate(found) if found else np.empty(0, np.uint64)
