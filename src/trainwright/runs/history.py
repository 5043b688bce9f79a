"""How training went: `history.jsonl` of a run, one line a record, written while it goes on.

It is for eyes, not evidence: curves are drawn from it and nothing is decided by it. So lines are kept back
for a second and written together, and only the end is flushed to the disk; a crash costs the last
second. JSON has no NaN and no infinity: they are written as the words "NaN", "Infinity" and
"-Infinity", so that a loss that burst is seen to have burst.

A fit that is resumed tells steps again. Where a candidate's step goes back, what was told from there on
belongs to an attempt that is no more, and the reader drops it; records of one step are one.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from trainwright.core.durable import FILE_MODE, disk_fault
from trainwright.core.errors import EnvironmentFault

FLUSH_SECONDS = 1.0
Values = Mapping[str, float]
Point = tuple[int, float]


class History:
    """The history of a run; one process writes, any may read at any time.

    Args:
        path: The file; made with the first record.
        now: The clock, in seconds.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._now = now
        self._written = now()
        self._waiting: list[str] = []
        self._handle: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close it, so that what was told last is kept however the work ended."""
        if kind is None:
            self.close()
            return
        with suppress(EnvironmentFault):  # what went wrong first is what is told
            self.close()

    def append(self, candidate: str, record: Values) -> None:
        """Add a record; it reaches the file within a second of work, or with `close`.

        Args:
            candidate: Whose it is.
            record: `step`, `epoch` and any other numbers.

        Raises:
            EnvironmentFault: the disk refuses.
        """
        entry = {"candidate": candidate, **to_json(record)}
        self._waiting.append(json.dumps(entry, ensure_ascii=False, allow_nan=False))
        if self._now() - self._written >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what waits, for others to read."""
        self._written = self._now()
        if not self._waiting:
            return
        data = "".join(f"{line}\n" for line in self._waiting).encode()
        self._waiting.clear()
        try:
            if self._handle is None:
                self._handle = _open(self.path)
            _write_all(self._handle, data)
        except OSError as error:
            raise disk_fault(error, self.path) from error

    def close(self) -> None:
        """Write what waits, durably. Appending later opens the file again."""
        self.flush()
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        try:
            os.fsync(handle)
        except OSError as error:
            raise disk_fault(error, self.path) from error
        finally:
            os.close(handle)

    def read(self) -> dict[str, list[dict[str, float]]]:
        """The records of each candidate, by rising step; of a run without a history none.

        A line that cannot be read, such as the last one of a run that is being written, is passed over.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise disk_fault(error, self.path) from error
        found: dict[str, list[dict[str, float]]] = {}
        for line in text.split(b"\n")[:-1]:  # what follows the last line break is torn
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                candidate, record = _parsed(line)
                _enter(found.setdefault(candidate, []), record)
        return found


def to_json(record: Values) -> dict[str, float | str]:
    """A record as JSON takes it: what is no number of JSON is a word."""
    return {name: _written(value) for name, value in record.items()}


def from_json(entry: Mapping[str, float | str]) -> dict[str, float]:
    """Inverse of `to_json`.

    Raises:
        ValueError: a word that is no number.
    """
    return {k: float(v) if isinstance(v, str) else v for k, v in entry.items()}


def series(records: Sequence[Values], name: str) -> list[Point]:
    """Step and value of each record that has the value."""
    return [(int(record["step"]), record[name]) for record in records if name in record]


def names(records: Iterable[Values]) -> list[str]:
    """What is recorded, in the order in which it first was; step and epoch are not among it."""
    seen = dict.fromkeys(name for record in records for name in record)
    return [name for name in seen if name not in ("step", "epoch")]


def thinned(points: Sequence[Point], limit: int, *, keep: Iterable[int] = ()) -> list[Point]:
    """Some of the points, evenly: at most `limit`, the first, the last and the steps `keep` among them."""
    if len(points) <= limit:
        return list(points)
    kept = set(keep)
    fixed = {place for place, (step, _) in enumerate(points) if step in kept}
    room = max(2, limit - len(fixed))
    spread = {round(place * (len(points) - 1) / (room - 1)) for place in range(room)}
    return [points[place] for place in sorted(spread | fixed)]


def _enter(records: list[dict[str, float]], record: dict[str, float]) -> None:
    """Add a record; one of a step that has been is its continuation, or a new beginning from there."""
    step = record["step"]
    if records and records[-1]["step"] == step:
        records[-1] |= record
        return
    while records and records[-1]["step"] >= step:
        records.pop()
    records.append(record)


def _written(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _parsed(line: bytes) -> tuple[str, dict[str, float]]:
    entry: dict[str, Any] = json.loads(line)
    candidate = entry.pop("candidate")
    record = from_json(entry)
    record["step"] = int(record["step"])
    return str(candidate), record


def _open(path: Path) -> int:
    """The file, to be appended to; a line that a crash tore is cut off."""
    handle = os.open(
        path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE
    )
    try:
        _cut_torn_line(handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _cut_torn_line(handle: int) -> None:
    end = os.fstat(handle).st_size
    while end:
        start = max(0, end - 4096)
        place = os.pread(handle, end - start, start).rfind(b"\n")
        if place >= 0:
            os.ftruncate(handle, start + place + 1)
            return
        end = start
    os.ftruncate(handle, 0)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
