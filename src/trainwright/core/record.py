"""An append-only record: JSON lines chained by hash, so that a changed, lost or cut line shows.

Each line is `{"body": ..., "hash": H, "n": N}` with H = SHA-256 over the hash before it and the
body. A last line
that was torn by a crash is ignored when read and cut off at the next append; damage anywhere else
is a TrustError. A cut tail
cannot be seen in the file alone: keep `head()` elsewhere and compare it with `check_head`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.core.durable import (
    FILE_MODE,
    canonical_json,
    disk_fault,
    flush_folder,
    lock,
    make_folder,
    parse_json,
    sha256_bytes,
)
from trainwright.core.errors import TrustError

_START = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """How long a record is and the hash of its last line: enough to notice a cut tail."""

    length: int
    hash: str


class Record:
    """One append-only file of JSON objects. Safe for several processes.

    Appends hold a lock beside the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tail: tuple[tuple[int, int, int], Head] | None = None  # as we left the file

    def append(self, body: dict[str, Any]) -> Head:
        """Add one object durably and return the new head.

        Raises:
            TrustError: the file is damaged before its last line.
            EnvironmentFault: the disk refuses.
        """
        make_folder(self.path.parent)
        with lock(self.path.with_name(f".{self.path.name}.lock")):
            return self._append_locked(body)

    @property
    def left(self) -> tuple[tuple[int, int, int], Head] | None:
        """Inode, size and time of the file as our last append left it, and its head then."""
        return self._tail

    def read(self) -> list[dict[str, Any]]:
        """All objects, oldest first; an absent file is an empty record."""
        return [body for body, _ in self._lines()[0]]

    def head(self) -> Head:
        """Length and hash of the record as it is now."""
        lines, _ = self._lines()
        return Head(len(lines), lines[-1][1] if lines else _START)

    def check_head(self, known: Head) -> None:
        """Refuse (TrustError) a record that no longer holds the `known` line.

        Its tail was cut or rewritten.
        """
        lines, _ = self._lines()
        seen = lines[known.length - 1][1] if 0 < known.length <= len(lines) else _START
        if len(lines) < known.length or (known.length and seen != known.hash):
            raise TrustError(
                f"the record has {len(lines)} entries and is not the one that had {known.length}"
                " when it was noted",
                where=str(self.path),
                mend="restore the file from a backup; entries were removed or changed",
            )

    def _append_locked(self, body: dict[str, Any]) -> Head:
        before, sound_bytes = self._end()
        digest = chain_hash(before.hash, body)
        line = canonical_json({"n": before.length, "body": body, "hash": digest}) + b"\n"
        try:
            is_new = not self.path.exists()
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            try:
                os.ftruncate(handle, sound_bytes)
                os.lseek(handle, 0, os.SEEK_END)
                _write_all(handle, line)
                os.fsync(handle)
                seen = _stamp(os.fstat(handle))
            finally:
                os.close(handle)
            if is_new:
                flush_folder(self.path.parent)
        except OSError as error:
            raise disk_fault(error, self.path) from error
        head = Head(before.length + 1, digest)
        self._tail = (seen, head)
        return head

    def _end(self) -> tuple[Head, int]:
        """Head and sound bytes; the file is read only when others wrote since our last append."""
        if self._tail is not None and self.path.exists():
            (inode, size, changed), head = self._tail
            if _stamp(self.path.stat()) == (inode, size, changed):
                return head, size
        lines, sound_bytes = self._lines()
        return Head(len(lines), lines[-1][1] if lines else _START), sound_bytes

    def _lines(self) -> tuple[list[tuple[dict[str, Any], str]], int]:
        """(body, hash) of each sound line, and the bytes that they take."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return [], 0
        except OSError as error:
            raise disk_fault(error, self.path) from error
        sound = data.rfind(b"\n") + 1  # whatever follows the last newline was torn by a crash
        lines: list[tuple[dict[str, Any], str]] = []
        before = _START
        for number, raw in enumerate(data[:sound].splitlines()):
            where = f"{self.path}:{number + 1}"
            entry = parse_json(raw, where=where)
            if not _follows(entry, number=number, before=before):
                raise TrustError(
                    "a line of the record was changed",
                    where=where,
                    mend="restore the file from a backup",
                )
            before = entry["hash"]
            lines.append((entry["body"], before))
        return lines, sound


def chain_hash(before: str, body: Any) -> str:  # noqa: ANN401 - any JSON value
    """The hash of a line, given the hash before it."""
    return sha256_bytes(before.encode() + canonical_json(body))


def _follows(entry: Any, *, number: int, before: str) -> bool:  # noqa: ANN401 - any JSON value
    """Is `entry` the line `number` of the chain that has come to the hash `before`?"""
    if not isinstance(entry, dict) or not isinstance(entry.get("body"), dict):
        return False
    try:
        expected = chain_hash(before, entry["body"])
    except (ValueError, RecursionError):  # a lone surrogate: nothing that we wrote
        return False
    return entry.get("n") == number and entry.get("hash") == expected


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
