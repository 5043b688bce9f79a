"""Token ids of a large corpus in files: written as they come, mapped where they are read, made once.

A shard is a folder that is named by what it was made from: tokenizer, settings and texts. It is written
aside and takes its name when it is whole; a second run, or the next process of the same one, maps it. What
is mapped was hashed first, and no id is beyond the vocabulary. The folder holds 16 GiB at most, what was
not used for longest going first; `trainwright prepare --collect` empties it.
Cost: 5 bytes a token on disk, and hashing at every opening (about 1 GB/s).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import (
    make_folder,
    read_json,
    remove_folder,
    sha256_file,
    staged_folder,
    sweep,
    write_json,
)
from trainwright.core.errors import EnvironmentFault, TrustError
from trainwright.core.language import Passages, SpecialTokens
from trainwright.data.language.collecting import DTYPES, Store

KEPT_BYTES = 16 << 30
LEAST_BYTES = 1 << 20  # of text; less is sooner encoded again than looked after
FORMAT = 1
FOLDER = "tokens"  # beside the snapshots
_NOTE = "shard.json"
_ARRAYS: Mapping[str, Any] = {
    **DTYPES,
    "ends": np.int64,
    "rows": np.int64,
    "row_bytes": np.float64,
    "read_ends": np.int64,
    "lost": np.int64,
}


def kept_passages(
    folder: Path, key: str, make: Callable[[Store], Passages], *, limit_bytes: int = KEPT_BYTES
) -> Passages:
    """The passages of a key: mapped from where they were kept, or made and kept.

    Args:
        folder: Of all shards.
        key: SHA-256 of what they are made from.
        make: Makes them, and puts their tokens into a store.
        limit_bytes: Of all shards together.

    Raises:
        TrustError: the shard is damaged.
        EnvironmentFault: the disk refuses.
    """
    path = folder / key
    if not path.is_dir():
        make_folder(folder)
        sweep(folder)
        try:
            with staged_folder(path) as aside:
                _write(aside, make)
        except EnvironmentFault:
            if not path.is_dir():  # else another process was quicker
                raise
    found = open_shard(path)
    _make_room(folder, keep=key, limit_bytes=limit_bytes)
    return found


def open_shard(path: Path) -> Passages:
    """A shard's passages, mapped.

    Raises:
        TrustError: it is damaged: a hash, a length, or an id that is beyond the vocabulary.
    """
    try:
        note = read_json(path / _NOTE)
    except TrustError as error:
        raise _damaged(f"{_NOTE}: {error.what}", path) from error
    try:
        arrays = {
            name: _mapped(path / name, _ARRAYS[name], wanted)
            for name, wanted in note["sha256"].items()
        }
        found = Passages(
            **arrays,
            num_rows=int(note["rows"]),
            vocabulary=int(note["vocabulary"]),
            special=SpecialTokens.from_json(note["special"]),
        )
        _check(found, path)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(f"it is no shard: {error!r:.80}", path) from error
    os.utime(path / _NOTE)  # what was not used for longest goes first
    return found


def remove_shards(folder: Path) -> int:
    """Remove all shards; the bytes that were freed."""
    freed = 0
    for path in _shards(folder):
        freed += _size(path)
        remove_folder(path)
    return freed


class _Files:
    """Arrays as files, each flushed with its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handles: dict[str, IO[bytes]] = {}
        for name in DTYPES:
            self._handles[name] = (folder / name).open("wb")

    def append(self, name: str, values: NDArray[Any]) -> None:
        self._handles[name].write(np.ascontiguousarray(values).tobytes())

    def close(self) -> dict[str, NDArray[Any]]:
        for handle in self._handles.values():
            handle.close()
        return {name: _map(self._folder / name, dtype) for name, dtype in DTYPES.items()}


def _write(aside: Path, make: Callable[[Store], Passages]) -> None:
    found = make(_Files(aside))
    small = ("ends", "rows", "row_bytes", "read_ends", "lost")
    for name in small:
        values = getattr(found, name)
        if values is not None:
            (aside / name).write_bytes(np.ascontiguousarray(values).tobytes())
    if found.read_ids is None:
        (aside / "read_ids").unlink()
    note = {
        "format": FORMAT,
        "rows": found.num_rows,
        "vocabulary": found.vocabulary,
        "special": found.special.to_json(),
        "sha256": {path.name: sha256_file(path) for path in sorted(aside.iterdir())},
    }
    write_json(aside / _NOTE, note)


def _mapped(path: Path, dtype: Any, wanted: str) -> NDArray[Any]:  # noqa: ANN401 - a numpy type
    try:
        if sha256_file(path) != wanted:
            raise _damaged(f"{path.name} was changed since it was written", path.parent)
    except FileNotFoundError as error:
        raise _damaged(f"{path.name} is missing", path.parent) from error
    return _map(path, dtype)


def _map(path: Path, dtype: Any) -> NDArray[Any]:  # noqa: ANN401 - a numpy type
    if not path.stat().st_size:
        return np.empty(0, dtype)
    return np.memmap(path, dtype=dtype, mode="r")


def _check(found: Passages, path: Path) -> None:
    """The arrays fit each other, and no id is out of range."""
    for ids, ends in ((found.ids, found.ends), (found.read_ids, found.read_ends)):
        if ids is None or ends is None:
            continue
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < found.vocabulary:
            raise _damaged(f"a token id is beyond the {found.vocabulary} tokens", path)
        if (int(ends[-1]) if len(ends) else 0) != len(ids) or (np.diff(ends) < 0).any():
            raise _damaged("its passages do not end where its tokens do", path)
    same = len(found.taught) == len(found.ids) and len(found.rows) == len(found.ends)
    if not same or len(found.row_bytes) != found.num_rows:
        raise _damaged("its arrays are of different lengths", path)


def _damaged(what: str, path: Path) -> TrustError:
    return TrustError(
        f"a shard of token ids is damaged: {what}",
        where=str(path),
        mend="look after the disk; trainwright prepare --collect removes all shards, which are made anew",
    )


def _make_room(folder: Path, *, keep: str, limit_bytes: int) -> None:
    with suppress(OSError):  # another process may be making room too
        shards = sorted(_shards(folder), key=_used)
        total = sum(map(_size, shards))
        for path in shards:
            if total > limit_bytes and path.name != keep:
                total -= _size(path)
                remove_folder(path)


def _shards(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]


def _used(path: Path) -> int:
    """When it was last; one without its note, which nobody can use, never."""
    note = path / _NOTE
    return note.stat().st_mtime_ns if note.is_file() else 0


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir())
