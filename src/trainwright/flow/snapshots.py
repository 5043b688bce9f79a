"""How two snapshots differ, and which old ones nobody needs any more.

A row is the same in both where its inputs are: rows are compared by the hash of the columns that both have,
so that neither their order nor the split matters. What test rows hold is not told, only how many of
them came and went. A snapshot is kept as long as a run or a registered package names it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import disk_fault, read_json, remove_folder
from trainwright.core.errors import CommandError
from trainwright.data.hashing import RowHasher, hash_cells
from trainwright.data.language.shards import FOLDER as SHARDS
from trainwright.data.language.shards import remove_shards
from trainwright.data.snapshot import load_profile, load_snapshot, read_blocks
from trainwright.runs.names import propose
from trainwright.runs.workspace import Workspace
from trainwright.summaries.columns import ColumnProfile
from trainwright.summaries.distances import population_stability_index

_PARTS = tuple(Split)


def diff(first: str, second: str, *, workspace: Path | None = None) -> dict[str, Any]:
    """How the second snapshot differs from the first.

    Args:
        first: A snapshot's hash or a prefix of it, or a run.
        second: The same.
        workspace: The workspace's folder.

    Returns:
        `first`, `second` (hashes), `schema` (`added`, `removed`, `changed`), `rows` (`added`, `removed`,
        `kept`, `moved` from one split to another), `labels` (`changed`: rows of equal inputs with
        another target; `distance`: of the target's distribution, None where the targets differ),
        `distributions` (the stability index of each column, train against train).

    Raises:
        CommandError: there is no such snapshot, or several.
        TrustError: a snapshot is damaged.
    """
    store = Workspace.open(workspace)
    one, other = find_snapshot(first, store), find_snapshot(second, store)
    before = {column.name: column for column in one.inputs}
    after = {column.name: column for column in other.inputs}
    common = [name for name in before if name in after]
    targets = [one.target.column] if one.target.name == other.target.name else []
    compared = _rows(one, other, common)
    compared["labels"]["distance"] = dict(_distances(one, other, targets)).get(one.target.name)
    return {
        "first": one.hash,
        "second": other.hash,
        "schema": {
            "added": [name for name in after if name not in before],
            "removed": [name for name in before if name not in after],
            "changed": [
                {"column": name, "from": before[name].type.value, "to": after[name].type.value}
                for name in common
                if before[name].type is not after[name].type
            ],
            "target": [one.target.name, other.target.name],
        },
        **compared,
        "distributions": dict(_distances(one, other, [before[name] for name in common])),
    }


def find_snapshot(text: str, workspace: Workspace) -> Snapshot:
    """The snapshot meant by a hash, a unique prefix of one, or a run.

    Raises:
        CommandError: there is none, or several.
        TrustError: it is damaged.
    """
    known = [folder.name for folder in _folders(workspace)]
    begins = [name for name in known if name.startswith(text)] if text else []
    if not begins:
        named = {run.id: run for run in workspace.list_runs()}
        names = {run.name for run in named.values()}
        if text in names or text == "latest" or any(one.startswith(text) for one in named):
            said = workspace.find_run(text).read_json("run.json")["snapshot"]
            begins = [name for name in known if name == said]
    if len(begins) != 1:
        what = f"{len(begins)} snapshots begin with {text!r}" if begins else f"no snapshot {text!r}"
        raise CommandError(
            what, where=str(workspace.snapshots), mend=propose(text, begins or known)
        )
    return load_snapshot(workspace.snapshots / begins[0])


def collect(*, workspace: Path | None = None, keep: Sequence[str] = ()) -> dict[str, Any]:
    """Remove the snapshots that no run, no package and nothing of `keep` refers to, and all token shards.

    Args:
        workspace: The workspace's folder.
        keep: Hashes of further snapshots to keep.

    Returns:
        `removed` and `kept` (hashes), `bytes` that were freed.

    Raises:
        EnvironmentFault: the disk refuses.
    """
    store = Workspace.open(workspace)
    needed = {*keep, *_referred(store)}
    removed, kept, freed = [], [], 0
    for folder in _folders(store):
        if folder.name in needed:
            kept.append(folder.name)
            continue
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        remove_folder(folder)
        folder.with_name(f"{folder.name}.html").unlink(missing_ok=True)
        removed.append(folder.name)
    freed += _forget(store, kept=kept)
    freed += remove_shards(store.snapshots / SHARDS)
    return {"removed": removed, "kept": kept, "bytes": freed}


def _folders(workspace: Workspace) -> list[Path]:
    """The snapshots' folders: those called by a hash."""
    if not workspace.snapshots.is_dir():
        return []
    found = (path for path in workspace.snapshots.iterdir() if len(path.name) == 64)
    return sorted(path for path in found if path.is_dir())


def _referred(workspace: Workspace) -> Iterator[str]:
    """The snapshots that runs began with, and those of registered packages."""
    for run in workspace.list_runs():
        yield from (event["snapshot"] for event in run.events() if event["kind"] == "started")
    for versions in workspace.registry.models().values():
        for version in versions:
            facts = workspace.registry.package_folder(version) / "facts.json"
            if facts.is_file():
                yield read_json(facts)["snapshot"]


def _forget(workspace: Workspace, *, kept: Sequence[str]) -> int:
    """Remove notes of preparations that gave a snapshot which is gone, and rows that wait for reuse."""
    notes = workspace.snapshots / "prepared"
    for note in notes.glob("*.json") if notes.is_dir() else ():
        if read_json(note)["snapshot"] not in kept:
            note.unlink()
    staged = workspace.snapshots / "staged"
    if not staged.is_dir():
        return 0
    freed = sum(path.stat().st_size for path in staged.rglob("*") if path.is_file())
    try:
        shutil.rmtree(staged)
    except OSError as error:
        raise disk_fault(error, staged) from error
    return freed


@dataclass(frozen=True, slots=True)
class _Hashed:
    """Rows of a snapshot, each by the hash of its inputs, its part and the hash of its target."""

    inputs: NDArray[np.uint64]
    parts: NDArray[np.int8]
    labels: NDArray[np.uint64]

    def keys(self, level: int) -> tuple[NDArray[Any], ...]:
        """What is to be equal: all of it first, then all but the part, at last the inputs alone."""
        return (self.inputs, self.labels, self.parts)[: 3 - level]

    def select(self, rows: NDArray[np.bool_]) -> _Hashed:
        return _Hashed(self.inputs[rows], self.parts[rows], self.labels[rows])


def _rows(one: Snapshot, other: Snapshot, columns: Sequence[str]) -> dict[str, Any]:
    """Rows and labels that came, went, moved or changed.

    Rows are known by the inputs that both have: without any, none is kept. Among rows of equal inputs
    those are taken for the same whose label and part are, so that as little as can be is said to have
    changed. Labels of another target are not compared: None.
    """
    ours, theirs = _hashed(one, columns), _hashed(other, columns)
    first, second = len(ours.inputs), len(theirs.inputs)
    is_same = one.target.name == other.target.name
    kept = moved = changed = 0
    levels = (0, 1, 2) if is_same else (2,)
    for level in levels if columns else ():
        at, there = _matched(ours.keys(level), theirs.keys(level))
        kept += len(at)
        moved += int((ours.parts[at] != theirs.parts[there]).sum())
        changed += int((ours.labels[at] != theirs.labels[there]).sum())
        ours = ours.select(_others(len(ours.inputs), at))
        theirs = theirs.select(_others(len(theirs.inputs), there))
    return {
        "rows": {
            "first": first,
            "second": second,
            "kept": kept,
            "added": second - kept,
            "removed": first - kept,
            "moved": moved,
        },
        "labels": {"changed": changed if is_same else None},
    }


def _hashed(snapshot: Snapshot, columns: Sequence[str]) -> _Hashed:
    target = snapshot.target.frame_column
    inputs, parts, labels = [], [], []
    for part, split in enumerate(_PARTS):
        hasher = RowHasher(list(columns))
        for block in read_blocks(snapshot, split):
            inputs.append(hasher.hashes(block))
            labels.append(hash_cells(block[target]))
            parts.append(np.full(block.height, part, dtype=np.int8))
    return _Hashed(np.concatenate(inputs), np.concatenate(parts), np.concatenate(labels))


def _matched(
    ours: tuple[NDArray[Any], ...], theirs: tuple[NDArray[Any], ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of rows whose keys are equal, one for one."""
    frames = [
        pl.DataFrame({str(i): key for i, key in enumerate(keys)})
        .with_row_index("at")
        .with_columns(pl.int_range(pl.len()).over([str(i) for i in range(len(keys))]).alias("n"))
        for keys in (ours, theirs)
    ]
    names = [*(str(i) for i in range(len(ours))), "n"]
    pairs = frames[0].join(frames[1], on=names, suffix="_there")
    return pairs["at"].to_numpy().astype(np.intp), pairs["at_there"].to_numpy().astype(np.intp)


def _others(num_rows: int, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    found = np.ones(num_rows, dtype=np.bool_)
    found[rows] = False
    return found


def _distances(
    one: Snapshot, other: Snapshot, columns: Sequence[Column]
) -> Iterator[tuple[str, float]]:
    """How far the train rows of both are apart, column by column, in the bins of the first."""
    before, after = load_profile(one), load_profile(other)
    for column in columns:
        if column.name in before and column.name in after:
            counts = _counts(before[column.name], after[column.name])
            if counts is not None:
                yield column.name, round(population_stability_index(*counts), 4)


def _counts(
    before: ColumnProfile, after: ColumnProfile
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Rows of both in common bins: those of the first's quantiles, or the named values; and missing ones."""
    if before.type is not after.type:
        return None
    if before.type in (ColumnType.NUMBER, ColumnType.DATETIME):
        assert before.quantiles is not None
        assert after.quantiles is not None
        if not before.quantiles.count or not after.quantiles.count:
            return None
        one, other = (
            before.quantiles.beside(after.quantiles),
            after.quantiles.beside(before.quantiles),
        )
        edges = np.unique(one.quantile(np.linspace(0.1, 0.9, 9)))
        return (
            np.append(one.bin_counts(edges), before.nulls),
            np.append(other.bin_counts(edges), after.nulls),
        )
    if not before.top and not after.top:
        return None
    names = list(dict.fromkeys([*before.top, *after.top]))
    counts = [
        np.array([*(profile.top.get(name, 0) for name in names), profile.rest, profile.nulls])
        for profile in (before, after)
    ]
    return counts[0], counts[1]
