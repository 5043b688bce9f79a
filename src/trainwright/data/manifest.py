"""What a snapshot's manifest says, what its hash covers, and whether its files are those that were written.

The hash is over values and types (cells, columns, target, split, row ledger), not over file bytes, so that
another version of the Parquet writer changes nothing. The files' own SHA-256 stand beside it and are verified
before any parser sees a byte; a seal covers the manifest itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from trainwright.core.artifacts import Check, Finding, Snapshot
from trainwright.core.columns import Column, Target
from trainwright.core.durable import canonical_json, read_json, sha256_bytes, sha256_file
from trainwright.core.errors import TrustError

FORMAT = 4
MANIFEST_FILE = "manifest.json"


class Described(Protocol):
    """What is known of a snapshot beside its cells, before it is written and after."""

    @property
    def target(self) -> Target: ...

    @property
    def inputs(self) -> tuple[Column, ...]: ...

    @property
    def left_out(self) -> Mapping[str, str]: ...

    @property
    def split(self) -> Mapping[str, Any]: ...

    @property
    def source_key(self) -> str: ...

    @property
    def card(self) -> Mapping[str, Any]: ...


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a snapshot's folder, as JSON values.

    Raises:
        TrustError: it is gone, was changed, is of another format, or the folder has another name.
    """
    manifest = read_json(folder / MANIFEST_FILE)
    where = str(folder / MANIFEST_FILE)
    if not isinstance(manifest, dict) or manifest.get("seal") != seal_of(manifest):
        raise TrustError(
            "the snapshot's manifest was changed",
            where=where,
            mend=mend_of(folder),
        )
    if manifest["format"] != FORMAT:
        raise TrustError(
            f"the snapshot is of format {manifest['format']}, not {FORMAT}",
            where=where,
            mend=mend_of(folder),
        )
    if manifest["hash"] != folder.name:
        raise TrustError(
            "the folder's name is not the snapshot's hash",
            where=str(folder),
            mend=f"call the folder {manifest['hash']}",
        )
    return manifest


def check_files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Check]:
    """Whether each file has the hash that the manifest says; nothing is parsed."""
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


def snapshot_of(folder: Path, manifest: Mapping[str, Any]) -> Snapshot:
    """The snapshot that a manifest describes."""
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


def said_of(content: Described) -> dict[str, Any]:
    """What is not in the cells and yet belongs to the content, as JSON values."""
    return {
        "format": FORMAT,
        "target": content.target.to_json(),
        "inputs": [column.to_json() for column in content.inputs],
        "left_out": dict(content.left_out),
        "split": dict(content.split),
        "source_key": content.source_key,
        **({"card": dict(content.card)} if content.card else {}),
    }


def joined(said: Mapping[str, Any], digests: Sequence[str]) -> str:
    """The hash that names a snapshot."""
    return sha256_bytes(canonical_json(said) + "\x1e".join(["", *digests]).encode())


def seal_of(manifest: Mapping[str, Any]) -> str:
    """So that a changed byte in the manifest itself shows."""
    return sha256_bytes(canonical_json({k: v for k, v in manifest.items() if k != "seal"}))


def mend_of(folder: Path) -> str:
    """What to do about a damaged snapshot."""
    return f"rm -r {shlex.quote(str(folder))}, then: trainwright prepare RECIPE"
