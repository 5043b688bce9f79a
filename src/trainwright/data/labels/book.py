"""What people say of rows: an append-only record that no crash takes a label out of.

An answer is a line of the record (`core.record`), flushed to the disk before it is acknowledged; to
undo is another line. What stands at the end is the last answer of each annotator to each row. An
answer remembers the hash of what was shown: where the row's content changed since, it counts no more.
What was read is kept until somebody else writes, so that an answer costs the same after 10,000 others.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.core.errors import TrustError
from trainwright.core.record import Record, chain_hash

SCHEMA = {"row": pl.String, "label": pl.String, "annotator": pl.String}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one annotator said of one row.

    Attributes:
        row: Its id, "mails.csv:17".
        annotator: Who.
        label: The class; None: skipped.
        shown: Hash of what was shown.
    """

    row: str
    annotator: str
    label: str | None
    shown: str


class LabelBook:
    """The answers to the rows of one source. Safe for several processes.

    Args:
        path: The record's file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._record = Record(path)
        self._lock = threading.Lock()
        self._known: _Known | None = None

    @property
    def path(self) -> Path:
        """The record's file."""
        return self._record.path

    def answer(self, answer: Answer) -> None:
        """Write one down, durably; it replaces what the annotator said of the row before.

        Raises:
            TrustError: the record is damaged.
            EnvironmentFault: the disk refuses; nothing was written.
        """
        said = {"row": answer.row, "by": answer.annotator, "shown": answer.shown}
        self._append({**said, "label": answer.label})

    def undo(self, annotator: str, row: str | None = None) -> Answer | None:
        """Take the annotator's last standing answer back, or that to a row; None where there is none."""
        standing = [
            answer
            for answer in self.standing()
            if answer.annotator == annotator and row in (None, answer.row)
        ]
        if not standing:
            return None
        last = standing[-1]
        self._append({"undo": last.row, "by": annotator})
        return last

    def standing(self) -> list[Answer]:
        """Every answer that stands, in the order in which they were given.

        Raises:
            TrustError: the record is damaged.
        """
        with self._lock:
            if self._known is None or self._known.stamp != self._stamp():
                self._known = self._read()
            return list(self._known.answers.values())

    def labels(self, shown: Mapping[str, str]) -> pl.DataFrame:
        """Columns row, label, annotator: what stands and was said of what the rows hold now.

        Args:
            shown: Hash of what each row shows now, by its id.
        """
        lines: list[dict[str, Any]] = [
            {"row": answer.row, "label": answer.label, "annotator": answer.annotator}
            for answer in self.standing()
            if answer.label is not None and shown.get(answer.row) == answer.shown
        ]
        return pl.DataFrame(lines, schema=SCHEMA)

    def _append(self, body: dict[str, Any]) -> None:
        with self._lock:
            head = self._record.append(body)
            known, left = self._known, self._record.left
            if (
                known is None
                or left is None
                or left[1] != head
                or chain_hash(known.head, body) != head.hash
            ):
                self._known = None  # somebody else wrote in between
                return
            self._take(known.answers, body, number=head.length - 1)
            self._known = _Known(left[0], head.hash, known.answers)

    def _read(self) -> _Known:
        stamp = self._stamp()  # before the rest: what is written meanwhile is read again
        head = self._record.head().hash
        answers: dict[tuple[str, str], Answer] = {}
        for number, body in enumerate(self._record.read()):
            self._take(answers, body, number=number)
        return _Known(stamp, head, answers)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _take(
        self, found: dict[tuple[str, str], Answer], body: dict[str, Any], *, number: int
    ) -> None:
        """Let a line of the record count."""
        try:
            row = str(body["undo"] if "undo" in body else body["row"])
            found.pop((row, body["by"]), None)  # an answer given again stands last
            if "undo" not in body:
                found[row, body["by"]] = Answer(row, body["by"], body["label"], body["shown"])
        except KeyError as error:
            raise TrustError(
                "the record of labels has a line that is none of ours",
                where=f"{self.path}:{number + 1}",
                mend="restore the file from a backup",
            ) from error


@dataclass(frozen=True, slots=True)
class _Known:
    """What the record held when its file had this stamp and its last line this hash."""

    stamp: tuple[int, int, int] | None
    head: str
    answers: dict[tuple[str, str], Answer]
