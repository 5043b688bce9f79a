"""Writing a snapshot: an immutable folder named by the hash of what is in it.

It is written aside, block by block, and takes its place whole; a snapshot of equal content is kept as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from trainwright.core.artifacts import Finding, Snapshot, Split
from trainwright.core.columns import Column, Target
from trainwright.core.durable import (
    place_folder,
    scratch_folder,
    sha256_bytes,
    sha256_file,
    write_json,
)
from trainwright.core.errors import EnvironmentFault
from trainwright.data.card import write_card
from trainwright.data.digests import FrameDigest
from trainwright.data.ledger import BLOCK_ROWS, SCHEMA
from trainwright.data.manifest import MANIFEST_FILE, joined, said_of, seal_of, snapshot_of
from trainwright.data.parquet import SplitFile, TableFile
from trainwright.data.repair.recording import REPAIRS_FILE, no_edits
from trainwright.data.snapshot import LEDGER_FILE, PROFILE_FILE, RECEIPTS_FILE, load_snapshot
from trainwright.summaries.profile import Profile


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
        known = snapshot_of(folder, manifest) if not aside.exists() else load_snapshot(folder)
    findings = tuple(
        replace(finding, rows_path=path if path and (folder / path).exists() else None)
        for finding, path in zip(content.findings, map(_rows_path, content.findings), strict=True)
    )
    return replace(known, findings=findings, reads=content.reads)


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
            for bucket, count in block["bucket"].value_counts().iter_rows():
                if bucket in rows:
                    rows[bucket] += count
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
    said = said_of(content)
    manifest = {
        **said,
        "hash": joined(said, digests),
        "files": {path.name: sha256_file(path) for path in sorted(folder.iterdir())},
        "rows": rows,
        "findings": [finding.to_json() for finding in findings],
        "reads": list(content.reads),
        "sources": [dict(source) for source in content.sources],
        "before_split": list(content.before_split),
        "preparation_key": content.preparation_key,
        "libraries": {"polars": pl.__version__, "pyarrow": pa.__version__},
    }
    manifest["seal"] = seal_of(manifest)
    write_json(folder / MANIFEST_FILE, manifest)
    return manifest


def _write_repairs(path: Path, repairs: Iterable[pl.DataFrame]) -> None:
    """The cells that were mended; no file where none was."""
    with ExitStack() as open_file:
        table: TableFile | None = None
        for edits in repairs:
            table = table or open_file.enter_context(TableFile(path, no_edits().schema))
            table.add(edits)


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
