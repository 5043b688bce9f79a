"""Snapshots: immutable folders named by the hash of what is in them.

The hash is over values and types (cells, columns, target, split, row ledger), not over file bytes, so that
another version of the Parquet writer changes nothing. The files' own SHA-256 stand in manifest.json and are
verified before any parser sees a byte. Cost: reading a snapshot hashes its files, about 1 GB/s.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from trainwright.core.artifacts import ROW, Check, Column, Finding, Snapshot, Split, Target
from trainwright.core.durable import (
    canonical_json,
    read_json,
    sha256_bytes,
    sha256_file,
    staged_folder,
    write_json,
)
from trainwright.core.errors import EnvironmentFault, TrainwrightError, TrustError
from trainwright.data.ledger import reconcile
from trainwright.summaries.profile import Profile

FORMAT = 1
LEDGER_FILE = "rows.parquet"
IMAGES_FILE = (
    "{}.images.arrow"  # of a split: bytes of images, uncompressed, so that they can be mapped
)
PROFILE_FILE = "profile.json"
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a snapshot; see `Snapshot` for the fields that share its names.

    Attributes:
        frames: Rows of each split, in row order.
        ledger: The row ledger.
        profile: Of the train rows.
        sources: Name, hash, bytes and rows of each source file.
        before_split: What was decided before the split.
        preparation_key: Of the input that gave it (see `data.prepare`).
    """

    frames: Mapping[Split, pl.DataFrame]
    ledger: pl.DataFrame
    profile: Profile
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


def write_snapshot(content: Content, *, snapshots: Path) -> Snapshot:
    """Write a snapshot below `snapshots`; one with equal content is kept as it is.

    Raises:
        EnvironmentFault: the disk refuses; nothing is left.
    """
    digest = _content_hash(
        content.frames, content.ledger, _said(content.target, content.inputs, content)
    )
    folder = snapshots / digest
    if not folder.exists():
        try:
            with staged_folder(folder) as aside:
                _fill(aside, content, digest)
        except EnvironmentFault:
            if not folder.exists():  # another process wrote the same content meanwhile
                raise
    known = load_snapshot(folder)
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


def read_ledger(snapshot: Snapshot) -> pl.DataFrame:
    """The row ledger: row, source, position, bucket, step, reason."""
    return _read(snapshot.folder / LEDGER_FILE, None)


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
    }


def _fill(folder: Path, content: Content, digest: str) -> None:
    for split, frame in content.frames.items():
        images = [name for name, kind in frame.schema.items() if kind == pl.Binary]
        if images:
            frame.select(images).write_ipc(folder / IMAGES_FILE.format(split.value))
        frame.drop(images).write_parquet(
            folder / f"{split.value}.parquet", compression="zstd", statistics=False
        )
    content.ledger.write_parquet(folder / LEDGER_FILE, compression="zstd", statistics=False)
    write_json(folder / PROFILE_FILE, content.profile.to_json(), pretty=False)
    findings = [_with_rows(finding, content.ledger, folder) for finding in content.findings]
    files = {path.name: sha256_file(path) for path in sorted(folder.iterdir())}
    buckets = content.ledger["bucket"]
    rows = {split.value: int((buckets == split.value).sum()) for split in content.frames}
    manifest = {
        **_said(content.target, content.inputs, content),
        "hash": digest,
        "files": files,
        "rows": {
            "input": content.ledger.height,
            **rows,
            "dropped": content.ledger.height - sum(rows.values()),
        },
        "findings": [finding.to_json() for finding in findings],
        "reads": list(content.reads),
        "sources": [dict(source) for source in content.sources],
        "before_split": list(content.before_split),
        "preparation_key": content.preparation_key,
        "libraries": {"polars": pl.__version__},
    }
    write_json(folder / MANIFEST_FILE, {**manifest, "seal": _seal(manifest)})


def _with_rows(finding: Finding, ledger: pl.DataFrame, folder: Path) -> Finding:
    """The finding with the file of all its rows written."""
    path = _rows_path(finding)
    if path is None:
        return finding
    rows = pl.DataFrame({"row": finding.all_rows}, schema={"row": pl.Int64})
    named = rows.join(ledger.select("row", "source", "position"), on="row", how="left")
    named.sort("row").write_parquet(folder / path, compression="zstd", statistics=False)
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
    frames = {split: read_split(snapshot, split) for split in Split}
    ledger = read_ledger(snapshot)
    digest = _content_hash(frames, ledger, _said(snapshot.target, snapshot.inputs, snapshot))
    same = digest == snapshot.hash
    yield Check(
        "snapshot: content",
        same,
        "values and types have the hash that names it"
        if same
        else f"values and types hash to {digest[:12]}, not to {snapshot.hash[:12]}",
    )
    rows = {split: frame[ROW].to_numpy() for split, frame in frames.items()}
    yield from reconcile(
        ledger,
        rows,
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
    try:
        images = pl.read_ipc(beside)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TrustError(
            f"a file of the snapshot cannot be read: {error}", where=str(beside)
        ) from error
    if columns is None:
        return _read(path, None).hstack(images)
    plain = _read(path, [name for name in columns if name not in images.columns] or [ROW])
    return plain.hstack(images).select(columns)


def _content_hash(
    frames: Mapping[Split, pl.DataFrame], ledger: pl.DataFrame, said: Mapping[str, Any]
) -> str:
    digest = hashlib.sha256(canonical_json(said))
    parts = [*((split.value, frames[split]) for split in Split), ("rows", ledger)]
    for part, frame in parts:
        digest.update(f"\x1e{part}\x1f{frame.height}".encode())
        for values in frame.iter_columns():
            digest.update(f"\x1e{values.name}\x1f{values.dtype}\x1f".encode())
            for block in _canonical_bytes(values):
                digest.update(block)
    return digest.hexdigest()


def _canonical_bytes(values: pl.Series) -> Iterator[bytes | memoryview]:
    """A column's cells as bytes that do not depend on chunks, offsets or what lies under a null."""
    yield values.is_null().to_numpy().tobytes()
    if values.dtype == pl.Binary:
        for data in values:
            yield len(data or b"").to_bytes(8, "little") + (data or b"")
    elif values.dtype == pl.String:
        filled = values.fill_null("")
        yield filled.str.len_bytes().cast(pl.Int64).to_numpy().tobytes()
        for chunk in filled.get_chunks():
            words = pa.array(chunk.to_arrow(compat_level=pl.CompatLevel.oldest()))
            _, ends, data = words.buffers()
            reach = np.frombuffer(ends, np.int64)[[words.offset, words.offset + len(words)]]
            yield b"" if data is None else memoryview(data)[reach[0] : reach[1]]
    elif isinstance(values.dtype, pl.List):
        lengths = values.list.len().fill_null(0).cast(pl.Int64)
        yield lengths.to_numpy().tobytes()
        yield from _canonical_bytes(values.filter(lengths > 0).explode())
    elif values.dtype.is_temporal():
        yield values.to_physical().cast(pl.Int64).fill_null(0).to_numpy().tobytes()
    elif values.dtype == pl.Boolean:
        yield values.fill_null(value=False).to_numpy().tobytes()
    elif values.dtype.is_float():
        yield (values.fill_null(0.0).fill_nan(0.0).to_numpy() + 0.0).tobytes()
        yield values.is_nan().fill_null(value=False).to_numpy().tobytes()
    else:
        yield values.cast(pl.Int64).fill_null(0).to_numpy().tobytes()
