"""Snapshots: immutable folders named by the hash of what is in them.

The hash is over values and types (cells, columns, target, split, row ledger), not over file bytes, so that
another version of the Parquet writer changes nothing. The files' own SHA-256 stand in manifest.json and are
verified before any parser sees a byte. Cost: reading a snapshot hashes its files, about 1 GB/s.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from trainwright.core.artifacts import Check, Finding, Snapshot, Split
from trainwright.core.columns import ROW, Column, Target
from trainwright.core.durable import (
    canonical_json,
    place_folder,
    read_json,
    scratch_folder,
    sha256_bytes,
    sha256_file,
    write_json,
)
from trainwright.core.errors import EnvironmentFault, TrainwrightError, TrustError
from trainwright.data.card import write_card
from trainwright.data.digests import FrameDigest
from trainwright.data.ledger import BLOCK_ROWS, SCHEMA, reconcile
from trainwright.data.parquet import IMAGES_FILE, SplitFile, TableFile, blocks_of_file
from trainwright.data.repair.recording import REPAIRS_FILE, no_edits
from trainwright.data.staging.source import IMAGE_ROWS
from trainwright.summaries.profile import Profile

FORMAT = 3
LEDGER_FILE = "rows.parquet"
RECEIPTS_FILE = "receipts.json"
LABELS_FILE = "labels.parquet"
PROFILE_FILE = "profile.json"
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a snapshot; see `Snapshot` for the fields that share its names.

    Attributes:
        schemas: Names and types of each split's columns.
        rows: Rows of the splits, block by block; those of one split in row order.
        ledger: The row ledger, block by block.
        profile: Of the train rows, once `rows` has come to its end.
        sources: Name, hash, bytes and rows of each source file.
        before_split: What was decided before the split.
        preparation_key: Of the input that gave it (see `data.prepare`).
        repairs: The cells that were mended, block by block (see `data.repair.recording`).
        card: Of `data.card.card_of`.
        receipts: What reading did to each column, and to how many cells.
        tables: What else is kept beside the splits, by name; no part of the hash.
    """

    schemas: Mapping[Split, Mapping[str, pl.DataType]]
    rows: Iterable[tuple[Split, pl.DataFrame]]
    ledger: Iterable[pl.DataFrame]
    profile: Callable[[], Profile]
    target: Target
    inputs: tuple[Column, ...]
    left_out: Mapping[str, str]
    split: Mapping[str, Any]
    findings: tuple[Finding, ...]
    source_key: str
    sources: tuple[Mapping[str, Any], ...]
    reads: tuple[str, ...]
    before_split: tuple[str, ...]
    preparation_key: str
    repairs: Iterable[pl.DataFrame] = ()
    card: Mapping[str, Any] = field(default_factory=dict)
    receipts: Sequence[Mapping[str, Any]] = ()
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)


def write_snapshot(content: Content, *, snapshots: Path) -> Snapshot:
    """Write a snapshot below `snapshots`; one with equal content is kept as it is.

    Raises:
        EnvironmentFault: the disk refuses; nothing is left.
    """
    with scratch_folder(snapshots, "snapshot") as scratch:
        aside = scratch / "snapshot"
        aside.mkdir()
        manifest = _fill(aside, content)
        folder = snapshots / manifest["hash"]
        if not folder.exists():
            try:
                place_folder(aside, folder)
            except EnvironmentFault:
                if not folder.exists():
                    raise
        known = _snapshot_of(folder, manifest) if not aside.exists() else load_snapshot(folder)
    findings = tuple(
        replace(finding, rows_path=path if path and (folder / path).exists() else None)
        for finding, path in zip(content.findings, map(_rows_path, content.findings), strict=True)
    )
    return replace(known, findings=findings, reads=content.reads)


def load_snapshot(folder: Path) -> Snapshot:
    """Load a snapshot; every file's hash is verified before anything is parsed.

    Raises:
        TrustError: it is gone, or a file is missing or was changed.
    """
    manifest = _read_manifest(folder)
    for check in _check_files(folder, manifest):
        if not check.passed:
            raise TrustError(check.detail, where=check.name, mend=_mend(folder))
    return _snapshot_of(folder, manifest)


def read_split(
    snapshot: Snapshot, split: Split, *, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """The rows of one split, in row order: ROW, UNIT, target, inputs and other kept columns."""
    beside = snapshot.folder / IMAGES_FILE.format(split.value)
    if not beside.exists():
        return _read(snapshot.path(split), columns)
    return _read_with_images(snapshot.path(split), beside, columns)


def read_blocks(snapshot: Snapshot, split: Split) -> Iterator[pl.DataFrame]:
    """The rows of one split, in row order, block by block, all columns as `read_split` gives them."""
    beside = snapshot.folder / IMAGES_FILE.format(split.value)
    plain = blocks_of_file(snapshot.path(split))
    if not beside.exists():
        yield from plain
        return
    start = 0
    images = _mapped(beside)
    for block in plain:
        for part in block.iter_slices(IMAGE_ROWS):
            yield part.hstack(images[start : start + part.height].rechunk())
            start += part.height


def read_ledger(snapshot: Snapshot) -> pl.DataFrame:
    """The row ledger: row, source, position, bucket, step, reason."""
    return _read(snapshot.folder / LEDGER_FILE, None)


def read_receipts(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What reading did to each column, and to how many cells; of series nothing is noted."""
    found: list[dict[str, Any]] = read_json(snapshot.folder / RECEIPTS_FILE)
    return found


def read_repairs(snapshot: Snapshot) -> pl.DataFrame:
    """The cells that were mended: row, column, step, before, after."""
    path = snapshot.folder / REPAIRS_FILE
    return _read(path, None) if path.exists() else no_edits()


def read_labels(snapshot: Snapshot) -> pl.DataFrame | None:
    """Train labels that were judged, the most suspect first; None where none were (see `labels.errors`)."""
    path = snapshot.folder / LABELS_FILE
    return _read(path, None) if path.exists() else None


def load_profile(snapshot: Snapshot) -> Profile:
    """The profile of the train rows."""
    return Profile.from_json(read_json(snapshot.folder / PROFILE_FILE))


def verify_snapshot(folder: Path) -> list[Check]:
    """Hashes of files, hash of the content, and the row ledger, each as a check."""
    try:
        manifest = _read_manifest(folder)
    except TrainwrightError as error:
        return [Check("snapshot: manifest", False, error.what)]
    checks = list(_check_files(folder, manifest))
    if all(check.passed for check in checks):
        checks.extend(_check_content(_snapshot_of(folder, manifest)))
    return checks


def _mend(folder: Path) -> str:
    return f"rm -r {shlex.quote(str(folder))}, then: trainwright prepare RECIPE"


def _said(target: Target, inputs: Sequence[Column], other: Content | Snapshot) -> dict[str, Any]:
    """What is not in the cells and yet belongs to the content."""
    return {
        "format": FORMAT,
        "target": target.to_json(),
        "inputs": [column.to_json() for column in inputs],
        "left_out": dict(other.left_out),
        "split": dict(other.split),
        "source_key": other.source_key,
        **({"card": dict(other.card)} if other.card else {}),
    }


def _fill(folder: Path, content: Content) -> dict[str, Any]:
    """Write everything; gives the manifest."""
    digests = []
    with ExitStack() as open_files:
        splits = {
            split: open_files.enter_context(SplitFile(folder, split, content.schemas[split]))
            for split in Split
        }
        for split, block in content.rows:
            splits[split].add(block)
    for split, file in splits.items():
        digests += [split.value, *file.digest.parts()]
    ledger = FrameDigest(SCHEMA)
    rows = dict.fromkeys(("input", *(split.value for split in Split)), 0)
    with TableFile(folder / LEDGER_FILE, SCHEMA) as table:
        for block in content.ledger:
            ledger.add(block)
            table.add(block)
            rows["input"] += block.height
            for split in Split:
                rows[split.value] += int((block["bucket"] == split.value).sum())
    rows["dropped"] = 2 * rows["input"] - sum(rows.values())
    digests += ["rows", *ledger.parts()]
    _write_repairs(folder / REPAIRS_FILE, content.repairs)
    for name, frame in content.tables.items():
        with TableFile(folder / f"{name}.parquet", frame.schema) as table:
            table.add(frame)
    write_json(folder / RECEIPTS_FILE, list(content.receipts), pretty=False)
    write_json(folder / PROFILE_FILE, content.profile().to_json(), pretty=False)
    findings = [_with_rows(finding, content.sources, folder) for finding in content.findings]
    write_card(
        folder,
        content.card,
        target=content.target,
        inputs=content.inputs,
        left_out=content.left_out,
        rows={name: count for name, count in rows.items() if name != "dropped"},
        sources=content.sources,
        findings=findings,
    )
    said = _said(content.target, content.inputs, content)
    manifest = {
        **said,
        "hash": _joined(said, digests),
        "files": {path.name: sha256_file(path) for path in sorted(folder.iterdir())},
        "rows": rows,
        "findings": [finding.to_json() for finding in findings],
        "reads": list(content.reads),
        "sources": [dict(source) for source in content.sources],
        "before_split": list(content.before_split),
        "preparation_key": content.preparation_key,
        "libraries": {"polars": pl.__version__, "pyarrow": pa.__version__},
    }
    manifest["seal"] = _seal(manifest)
    write_json(folder / MANIFEST_FILE, manifest)
    return manifest


def _write_repairs(path: Path, repairs: Iterable[pl.DataFrame]) -> None:
    """The cells that were mended; no file where none was."""
    with ExitStack() as open_file:
        table: TableFile | None = None
        for edits in repairs:
            table = table or open_file.enter_context(TableFile(path, no_edits().schema))
            table.add(edits)


def _joined(said: Mapping[str, Any], digests: Sequence[str]) -> str:
    """The hash that names a snapshot."""
    return sha256_bytes(canonical_json(said) + "\x1e".join(["", *digests]).encode())


def _with_rows(finding: Finding, sources: Sequence[Mapping[str, Any]], folder: Path) -> Finding:
    """The finding with the file of all its rows written."""
    path = _rows_path(finding)
    if path is None or finding.all_rows is None:
        return finding
    starts = np.cumsum([0, *(source["rows"] for source in sources)])
    names = pl.Series([source["name"] for source in sources], dtype=pl.String)
    schema = {name: SCHEMA[name] for name in ("row", "source", "position")}
    with TableFile(folder / path, schema) as table:
        for start in range(0, len(finding.all_rows), BLOCK_ROWS):
            rows = finding.all_rows[start : start + BLOCK_ROWS]
            source = np.searchsorted(starts, rows, side="right") - 1
            said = {"row": rows, "source": names.gather(source), "position": rows - starts[source]}
            table.add(pl.DataFrame(said, schema=schema))
    return replace(finding, rows_path=path)


def _rows_path(finding: Finding) -> str | None:
    """Named by the rows that are in it, so that an older file of equal name is the same."""
    if finding.all_rows is None:
        return None
    digest = sha256_bytes(finding.all_rows.astype("<i8").tobytes())
    return f"finding-{finding.kind}-{digest[:16]}.parquet"


def _seal(manifest: Mapping[str, Any]) -> str:
    """So that a changed byte in the manifest itself shows."""
    return sha256_bytes(canonical_json({k: v for k, v in manifest.items() if k != "seal"}))


def _read_manifest(folder: Path) -> dict[str, Any]:
    manifest = read_json(folder / MANIFEST_FILE)
    where = str(folder / MANIFEST_FILE)
    if not isinstance(manifest, dict) or manifest.get("seal") != _seal(manifest):
        raise TrustError(
            "the snapshot's manifest was changed",
            where=where,
            mend=_mend(folder),
        )
    if manifest["format"] != FORMAT:
        raise TrustError(
            f"the snapshot is of format {manifest['format']}, not {FORMAT}",
            where=where,
            mend=_mend(folder),
        )
    if manifest["hash"] != folder.name:
        raise TrustError(
            "the folder's name is not the snapshot's hash",
            where=str(folder),
            mend=f"call the folder {manifest['hash']}",
        )
    return manifest


def _check_files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Check]:
    for name, wanted in sorted(manifest["files"].items()):
        path = folder / name
        try:
            same = sha256_file(path) == wanted
            detail = (
                "its hash is as in the manifest"
                if same
                else f"{name} was changed since it was written"
            )
        except (OSError, TrustError) as error:
            same, detail = False, f"{name} cannot be read: {error}"
        yield Check(f"snapshot: {name}", same, detail)


def _check_content(snapshot: Snapshot) -> Iterator[Check]:
    digests = []
    for split in Split:
        digest: FrameDigest | None = None
        for frame in read_blocks(snapshot, split):
            digest = digest or FrameDigest(frame.schema)
            digest.add(frame)
        assert digest is not None
        digests += [split.value, *digest.parts()]
    ledger = FrameDigest(SCHEMA)
    for block in blocks_of_file(snapshot.folder / LEDGER_FILE):
        ledger.add(block)
    digests += ["rows", *ledger.parts()]
    digest_of_all = _joined(_said(snapshot.target, snapshot.inputs, snapshot), digests)
    same = digest_of_all == snapshot.hash
    yield Check(
        "snapshot: content",
        same,
        "values and types have the hash that names it"
        if same
        else f"values and types hash to {digest_of_all[:12]}, not to {snapshot.hash[:12]}",
    )
    yield from reconcile(
        blocks_of_file(snapshot.folder / LEDGER_FILE),
        {
            split: (block[ROW].to_numpy() for block in blocks_of_file(snapshot.path(split), [ROW]))
            for split in Split
        },
        num_rows=snapshot.rows["input"],
        rows_are="rows" if snapshot.target.time is None else "series",
    )


def _snapshot_of(folder: Path, manifest: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        folder=folder,
        hash=manifest["hash"],
        target=Target.from_json(manifest["target"]),
        inputs=tuple(Column.from_json(column) for column in manifest["inputs"]),
        left_out=manifest["left_out"],
        rows=manifest["rows"],
        split=manifest["split"],
        findings=tuple(Finding.from_json(finding) for finding in manifest["findings"]),
        source_key=manifest["source_key"],
        reads=tuple(manifest["reads"]),
        card=manifest.get("card", {}),
    )


def _read(path: Path, columns: Sequence[str] | None) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, columns=None if columns is None else list(columns), glob=False)
    except FileNotFoundError as error:
        raise TrustError("a file of the snapshot is missing", where=str(path)) from error
    except pl.exceptions.PolarsError as error:
        raise TrustError(
            f"a file of the snapshot cannot be read: {error}", where=str(path)
        ) from error


def _read_with_images(path: Path, beside: Path, columns: Sequence[str] | None) -> pl.DataFrame:
    """The split with its images, whose bytes are mapped from the disk and not read."""
    images = _mapped(beside)
    if columns is None:
        return _read(path, None).hstack(images)
    plain = _read(path, [name for name in columns if name not in images.columns] or [ROW])
    return plain.hstack(images).select(columns)


def _mapped(path: Path) -> pl.DataFrame:
    try:
        return pl.read_ipc(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TrustError(
            f"a file of the snapshot cannot be read: {error}", where=str(path)
        ) from error
