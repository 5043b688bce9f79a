"""Rows of files that were read before: of a source to which a file was added that file alone is read.

Kept below `snapshots/staged/`, addressed by the file's bytes and by how it is read: what a list, a glob or a
folder named, up to 4 GiB, the oldest going first; a lone file is not kept, for nothing is added to it. A
preparation takes what it uses out of there and puts it back at its end, so that no two meet. What was
kept is hashed before it is believed. Cost: the disk; what is kept is about twice as large as its CSV.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Finding
from trainwright.core.durable import (
    canonical_json,
    make_folder,
    place_folder,
    read_json,
    remove_folder,
    sha256_bytes,
    sha256_file,
    write_json,
)
from trainwright.core.errors import EnvironmentFault, TrustError
from trainwright.data.reading.naming import FileHashes
from trainwright.data.reading.tables import SourceFile
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import BlockStore, open_store
from trainwright.data.staging.lines import open_lines
from trainwright.data.staging.staged import LINES_FILE, ROWS_FILE, StagedFile

KEPT_BYTES = 4 << 30
NOTE_FILE = "staged.json"
FORMAT = 3


@dataclass(frozen=True, slots=True)
class Keeper:
    """What is kept of the files of one preparation.

    Attributes:
        folder: `snapshots/staged`.
        limit_bytes: Of all that is kept.
        hashes: Of the files named.
    """

    folder: Path
    limit_bytes: int = KEPT_BYTES
    hashes: FileHashes = field(default_factory=FileHashes, repr=False, compare=False)

    def key(self, name: str, sha256: str, how: Mapping[str, Any]) -> str:
        """Of a file's rows: its name (messages have it), its bytes, and how they are read."""
        code = [FORMAT, *(metadata.version(one) for one in ("trainwright", "polars", "pyarrow"))]
        return sha256_bytes(canonical_json([code, name, sha256, how]))

    def take(
        self, location: Path, name: str, how: Mapping[str, Any], into: Path, arrays: Arrays
    ) -> StagedFile | None:
        """The rows of a file that was read before, moved to `into`; None where they are not there."""
        if not self.folder.is_dir() or not any(self.folder.iterdir()):
            return None  # saves hashing the file
        if not location.is_file():
            return None  # opening it says what is wrong
        sha256 = self.hashes.of(location)
        kept = self.folder / self.key(name, sha256, how)
        try:
            kept.rename(into)
        except OSError:
            return None
        try:
            return _opened(into, location, name, arrays)
        except (TrustError, EnvironmentFault, OSError, KeyError, TypeError, ValueError):
            remove_folder(into)  # damaged: the file is read anew
            return None

    def put(self, one: StagedFile) -> None:
        """Keep a file's rows where they may be; what is beyond the limit goes, the oldest first."""
        if one.how is None or not isinstance(one.store, BlockStore):
            return
        folder = one.store.path.parent
        note = {
            "bytes": one.file.bytes,
            "sha256": one.file.sha256,
            "rows": one.file.num_rows,
            "findings": [finding.to_json() for finding in one.findings],
            "semicolons": one.semicolons,
            "store": one.store.to_json(),
            "lines": one.lines,
            "left_out": [list(line) for line in one.file.left_out],
            "files": {
                path.name: sha256_file(path)
                for path in sorted(folder.iterdir())
                if path.name in (ROWS_FILE, LINES_FILE)
            },
        }
        make_folder(self.folder)
        write_json(folder / NOTE_FILE, note, pretty=False)
        path = self.folder / self.key(one.file.name, one.file.sha256, one.how)
        if not path.exists():
            try:
                place_folder(folder, path)
            except EnvironmentFault:
                if not path.exists():  # another preparation put it there meanwhile
                    raise
        self._make_room()

    def _make_room(self) -> None:
        entries = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        total = 0
        for _, num_bytes, path in sorted(filter(None, map(_age_and_size, entries)), reverse=True):
            total += num_bytes
            if total > self.limit_bytes:
                remove_folder(path)


def _age_and_size(path: Path) -> tuple[int, int, Path] | None:
    """When something was kept, and its bytes; None where another preparation took it meanwhile."""
    try:
        written = (path / NOTE_FILE).stat().st_mtime_ns
        return written, sum(file.stat().st_size for file in path.iterdir()), path
    except FileNotFoundError:
        return None


def _opened(folder: Path, location: Path, name: str, arrays: Arrays) -> StagedFile:
    note = read_json(folder / NOTE_FILE)
    for file, wanted in note["files"].items():
        if sha256_file(folder / file) != wanted:
            raise TrustError(f"{file} was changed since it was written", where=str(folder))
    lines = note["lines"]
    file = SourceFile(
        name, location, note["sha256"], note["bytes"], 0, note["rows"],
        lines=open_lines(lines, folder / LINES_FILE, arrays),
        left_out=tuple((line, what) for line, what in note["left_out"]),
    )  # fmt: skip
    return StagedFile(
        open_store(folder / ROWS_FILE, note["store"]),
        file,
        tuple(Finding.from_json(finding) for finding in note["findings"]),
        note["semicolons"],
        lines,
    )
