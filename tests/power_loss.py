"""Every state in which a power loss can leave a folder, from a record of what was done to it.

    with Recorder(folder) as recorder:
        write()
        recorder.told(1)              # from here on it must be there
    for state in crash_states(recorder.operations):
        state.build(other_folder)

The disk is taken to keep no more than POSIX promises. What was done to a folder's names lasts once
that folder was flushed, what was written to a file once that file was. Of the rest any part may be
there and any missing, whatever the order: each folder keeps some of its changes, each file what was
flushed last, or nothing, or whole sectors of what was written, or all of it. A rename is kept or
lost, not torn. Journaling file systems lose less.

After: Pillai et al. 2014 (OSDI), "All File Systems Are Not Created Equal", which finds such states
from a trace of system calls.
"""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

SECTOR = 512
ROOT = 0  # the recorded folder itself


@dataclass(frozen=True, slots=True)
class Operation:
    """What was done to one inode.

    `link`, `move` and `unlink` change the names of a folder; `write` makes `data` the content of a
    file; `flush` makes both last. `told` is no operation: a promise to the outside.
    """

    kind: str
    inode: int = -1
    name: str = ""
    target: int = -1  # of link and move: the inode that has the name from here on
    old_name: str = ""
    is_folder: bool = False
    data: bytes = b""
    value: Any = None


@dataclass(frozen=True, slots=True)
class State:
    """What is there after the power comes back.

    Args:
        files: Content by path; None for a folder.
        told: What had been promised by then, in order.
    """

    files: Mapping[str, bytes | None]
    told: tuple[Any, ...]

    def build(self, folder: Path) -> None:
        """Make it in a folder that is not there yet."""
        folder.mkdir()
        for name, data in self.files.items():  # a folder comes before what is in it
            if data is None:
                (folder / name).mkdir()
            else:
                (folder / name).write_bytes(data)


class Recorder:
    """Writes down what this process does to the files below a folder, while the block runs.

    Args:
        root: There already.
        before: What was done to it earlier, by a process that was killed; `root` is as it left it.
    """

    def __init__(self, root: Path, *, before: Sequence[Operation] = ()) -> None:
        self.operations = list(before)
        self._root = root
        self._numbers = itertools.count(1 + max((one.target for one in before), default=ROOT))
        self._inodes = {_key(root): ROOT}
        for name, inode in replay(before).items():
            self._inodes[_key(root / name)] = inode
        self._real = {name: getattr(os, name) for name in _CALLS}
        self._real_open = io.open
        self._patches = [mock.patch.object(os, name, getattr(self, f"_{name}")) for name in _CALLS]
        self._patches.append(mock.patch.object(io, "open", self._io_open))

    def __enter__(self) -> Recorder:
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        for patch in self._patches:
            patch.stop()

    def told(self, value: object) -> None:
        """A promise: after a later power loss, what `value` stands for must be there."""
        self.operations.append(Operation("told", value=value))

    def _open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        makes = bool(flags & os.O_CREAT) and not os.path.lexists(path)
        handle = self._real["open"](path, flags, mode, dir_fd=dir_fd)
        if makes:
            self._link(path, _key(handle), is_folder=False)
        elif flags & os.O_TRUNC:
            self._written(_key(handle), b"")
        return handle

    def _io_open(self, file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if not set(mode) & set("wax+"):
            return self._real_open(file, mode, *arguments, **options)
        assert mode == "wb", f"open(..., {mode!r}) is not recorded"
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        return _Written(handle, self)

    def closed(self, handle: int) -> None:
        """The file of this descriptor has all of its content."""
        with self._real_open(f"/proc/self/fd/{handle}", "rb") as file:
            self._written(_key(handle), file.read())

    def _pwrite(self, handle: int, data: bytes, offset: int) -> int:
        count = self._real["pwrite"](handle, data, offset)
        self.closed(handle)
        return count

    def _ftruncate(self, handle: int, length: int) -> None:
        self._real["ftruncate"](handle, length)
        self.closed(handle)

    def _mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        self._real["mkdir"](path, mode, dir_fd=dir_fd)
        self._link(path, _key(path), is_folder=True)

    def _rename(self, old: Any, new: Any) -> None:
        target = self._inodes.get(_key(old), -1)
        self._real["rename"](old, new)
        old, new = Path(old), Path(new)
        if target >= 0:
            assert old.parent == new.parent, "a move between folders is not recorded"
            inode = self._inodes[_key(new.parent)]
            self.operations.append(Operation("move", inode, new.name, target, old.name))

    def _replace(self, old: Any, new: Any) -> None:
        self._rename(old, new)

    def _unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._real["unlink"](path, dir_fd=dir_fd)
        self._unlinked(path, dir_fd)

    def _rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._real["rmdir"](path, dir_fd=dir_fd)
        self._unlinked(path, dir_fd)

    def _fsync(self, handle: int) -> None:  # the disk of the tests need not be waited for
        inode = self._inodes.get(_key(handle))
        if inode is not None:
            self.operations.append(Operation("flush", inode))

    def _link(self, path: Any, key: tuple[int, int], *, is_folder: bool) -> None:
        parent = self._inodes.get(_key(Path(path).parent))
        if parent is not None:
            number = self._inodes[key] = next(self._numbers)  # the system uses numbers again
            name = Path(path).name
            self.operations.append(Operation("link", parent, name, number, is_folder=is_folder))

    def _unlinked(self, path: Any, dir_fd: int | None) -> None:
        parent = self._inodes.get(_key(Path(path).parent if dir_fd is None else dir_fd))
        if parent is not None:
            self.operations.append(Operation("unlink", parent, Path(path).name))

    def _written(self, key: tuple[int, int], data: bytes) -> None:
        inode = self._inodes.get(key)
        if inode is not None:
            self.operations.append(Operation("write", inode, data=data))


_CALLS = ("open", "pwrite", "ftruncate", "mkdir", "rename", "replace", "unlink", "rmdir", "fsync")


class _Written(io.BufferedWriter):
    """A file whose content is written down when it is closed; until then it counts as empty."""

    def __init__(self, handle: int, recorder: Recorder) -> None:
        super().__init__(io.FileIO(handle, "wb"))
        self._recorder = recorder

    def close(self) -> None:
        if not self.closed:
            self.flush()
            self._recorder.closed(self.fileno())
        super().close()


def _key(file: Any) -> tuple[int, int]:
    found = os.stat(file)  # noqa: PTH116 - or a descriptor
    return found.st_dev, found.st_ino


def replay(operations: Sequence[Operation]) -> dict[str, int]:
    """The inode of each path when nothing is lost; a folder before what is in it."""
    names: dict[int, dict[str, int]] = {ROOT: {}}
    for one in operations:
        if one.kind == "link" and one.is_folder:
            names[one.target] = {}
        _rename_in(names.get(one.inode, {}), one)
    return dict(_walk(ROOT, "", names))


def whole(operations: Sequence[Operation]) -> State:
    """The state when nothing is lost."""
    data: dict[int, bytes | None] = {}
    for one in operations:
        if one.kind == "link":
            data[one.target] = None if one.is_folder else b""
        elif one.kind == "write":
            data[one.inode] = one.data
    files = {name: data[inode] for name, inode in replay(operations).items()}
    return State(files, tuple(one.value for one in operations if one.kind == "told"))


def _walk(inode: int, above: str, names: Mapping[int, Mapping[str, int]]) -> Iterator[Any]:
    for name, target in sorted(names[inode].items()):
        yield above + name, target
        if target in names:
            yield from _walk(target, f"{above}{name}/", names)


def _rename_in(names: dict[str, int], one: Operation) -> None:
    if one.kind in ("unlink", "move"):
        names.pop(one.name if one.kind == "unlink" else one.old_name, None)
    if one.kind in ("link", "move"):
        names[one.name] = one.target


def crash_states(
    operations: Sequence[Operation], *, start: int = 0, thorough: bool = False
) -> Iterator[State]:
    """Each state once, for a power loss after each operation from number `start` on.

    Args:
        operations: In the order in which they were made.
        start: Operations that are sure to have been made, though not to have lasted.
        thorough: Every part of a folder's changes, and every choice for every file, together.
            Otherwise a folder's changes to a point or all but one of them, and the files of a
            folder whole but for one, or all alike.
    """
    seen = set()
    for end in range(start, len(operations) + 1):
        told = tuple(one.value for one in operations[:end] if one.kind == "told")
        for files in _crashed(operations[:end], thorough=thorough):
            key = (files, told)
            if key not in seen:
                seen.add(key)
                yield State(dict(files), told)


def _crashed(operations: Sequence[Operation], *, thorough: bool) -> Iterator[Any]:
    """The trees that may be found, as pairs of a path and its content."""
    flushed: dict[int, list[Operation]] = {ROOT: []}
    pending: dict[int, list[Operation]] = {ROOT: []}
    folders = {ROOT}
    for one in operations:
        if one.kind == "link":
            flushed[one.target], pending[one.target] = [], []
            if one.is_folder:
                folders.add(one.target)
        if one.kind == "flush":
            flushed[one.inode] += pending[one.inode]
            pending[one.inode] = []
        elif one.kind != "told":
            pending[one.inode].append(one)

    @cache
    def folder(inode: int) -> list[tuple[Any, ...]]:
        found = {}
        for kept in _kept(pending[inode], thorough=thorough):
            names: dict[str, int] = {}
            for one in (*flushed[inode], *kept):
                _rename_in(names, one)
            below = [name for name in sorted(names) if names[name] in folders]
            files = [name for name in sorted(names) if names[name] not in folders]
            choices = [content(names[name]) for name in files]
            for trees in itertools.product(*(folder(names[name]) for name in below)):
                inner = [
                    (f"{name}{path and '/'}{path}", data)
                    for name, tree in zip(below, trees, strict=True)
                    for path, data in (("", None), *tree)
                ]
                for contents in _together(choices, thorough=thorough):
                    found[(*inner, *zip(files, contents, strict=True))] = None
        return list(found)

    @cache
    def content(inode: int) -> list[bytes]:
        """What a file may hold, the whole first."""
        last = flushed[inode][-1].data if flushed[inode] else b""
        if not pending[inode]:
            return [last]
        data = pending[inode][-1].data
        zeros = bytes(len(data))
        cut = data[:SECTOR] if len(data) > SECTOR else b""
        torn = [zeros, cut, cut + zeros[len(cut) :], zeros[: len(cut)] + data[len(cut) :]]
        older = [one.data for one in pending[inode][-2::-1]]
        return list(dict.fromkeys([data, last, b"", *torn[: 2 if thorough else 4], *older]))

    yield from folder(ROOT)


def _kept(changes: Sequence[Operation], *, thorough: bool) -> Iterator[Sequence[Operation]]:
    if thorough:
        for size in range(len(changes) + 1):
            yield from itertools.combinations(changes, size)
        return
    for end in range(len(changes) + 1):
        yield changes[:end]
    for lost in range(len(changes) - 1):
        yield [*changes[:lost], *changes[lost + 1 :]]


def _together(choices: Sequence[Sequence[bytes]], *, thorough: bool) -> Iterator[Sequence[bytes]]:
    if thorough:
        yield from itertools.product(*choices)
        return
    plain = [one[0] for one in choices]
    yield plain
    for place, one in enumerate(choices):
        for data in one[1:]:
            yield [*plain[:place], data, *plain[place + 1 :]]
    for number in range(1, max((len(one) for one in choices), default=0)):
        yield [one[min(number, len(one) - 1)] for one in choices]
