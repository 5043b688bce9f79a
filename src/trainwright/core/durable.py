"""The one way in which files are written: aside, flushed, renamed. A reader sees a file whole or not at all.

Cost: one fsync a file, one a folder and one a change of name. Files are made 0600 and folders 0700
whatever the umask. Proof against power loss: tests/unit/training/test_power_loss.py.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from trainwright.core.errors import EnvironmentFault, TrustError

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_ASIDE = ".tmp-"  # name part of what is still being written; without a live writer it is litter


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """The one byte form of a JSON value: sorted keys, no spaces, UTF-8, shortest float.

    NaN and infinity refused.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256_bytes(data: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a regular file as 64 hex digits; links are not followed."""
    digest = hashlib.sha256()
    with open_regular(path) as handle:
        while block := os.read(handle, 1 << 20):
            digest.update(block)
    return digest.hexdigest()


def real_path(path: Path) -> Path:
    """Where links lead; of links that lead round in a circle a path that is a link still, and is refused."""
    return Path(os.path.realpath(path))


def path_text(path: str) -> str:
    """A path as text that can be written: bytes that are no UTF-8 stand as their hexadecimal digits."""
    return os.fsencode(path).decode(errors="backslashreplace")


@contextmanager
def open_regular(path: Path) -> Iterator[int]:
    """A read-only descriptor of a regular file.

    A link, a pipe or a device is refused (TrustError).
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise TrustError(
                "a symbolic link stands where a file must be", where=str(path)
            ) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise TrustError("not a regular file", where=str(path))
        yield handle
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a crash.

    Raises:
        EnvironmentFault: the disk is full, read-only, or the folder is missing.
    """
    write_with(path, lambda aside: aside.write_bytes(data))


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of UTF-8 text."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any, *, pretty: bool = True) -> None:  # noqa: ANN401
    """Write a JSON value; keys sorted, so that equal values are equal bytes."""
    if pretty:
        text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
        write_text(path, text + "\n")
    else:
        write_bytes(path, canonical_json(value))


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path` (there already, empty), then put it in place durably.

    On failure nothing is left.
    """
    try:
        with _aside(path, make=lambda aside: aside.touch(FILE_MODE, exist_ok=False)) as aside:
            write(aside)
            aside.chmod(FILE_MODE)
            flush_file(aside)
            aside.replace(path)
            flush_folder(path.parent)
    except EnvironmentFault:
        raise
    except OSError as error:
        raise disk_fault(error, path) from error


@contextmanager
def staged_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; it takes the name `path` only when the block ends well, and is removed otherwise.

    Raises:
        EnvironmentFault: `path` exists already, or the disk refuses.
    """
    try:
        make_folder(path.parent)
        with _aside(path, make=lambda aside: aside.mkdir(FOLDER_MODE)) as aside:
            yield aside
            flush_tree(aside)
            aside.rename(path)
            flush_folder(path.parent)
    except EnvironmentFault:
        raise
    except OSError as error:
        raise disk_fault(error, path) from error


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder to work in below `parent`, gone when the block ends; after a kill it is litter for `sweep`.

    Raises:
        EnvironmentFault: the disk refuses.
    """
    try:
        make_folder(parent)
        with _aside(parent / name, make=lambda aside: aside.mkdir(FOLDER_MODE)) as aside:
            yield aside
    except EnvironmentFault:
        raise
    except OSError as error:
        raise disk_fault(error, parent) from error


def place_folder(aside: Path, path: Path) -> None:
    """Give a filled folder the name `path`, durably; both are on one disk.

    Raises:
        EnvironmentFault: `path` exists already, or the disk refuses.
    """
    try:
        flush_tree(aside)
        aside.rename(path)
        flush_folder(path.parent)
    except OSError as error:
        raise disk_fault(error, path) from error


@contextmanager
def _aside(path: Path, *, make: Callable[[Path], object]) -> Iterator[Path]:
    """A new entry beside `path`, locked while its writer lives (see `sweep`); gone when the block ends."""
    aside, handle = _claim(path, make)
    try:
        yield aside
    finally:
        _remove(aside)
        os.close(handle)


def _claim(path: Path, make: Callable[[Path], object]) -> tuple[Path, int]:
    """Make an entry and lock it; again under another name when a janitor was quicker."""
    while True:
        aside = path.with_name(f".{path.name[:100]}{_ASIDE}{uuid.uuid4().hex}")
        make(aside)
        try:
            handle = os.open(aside, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError:
            _remove(aside)
            raise
        with suppress(OSError):  # a file system without locks is written to all the same
            fcntl.flock(handle, fcntl.LOCK_SH)
        if aside.exists():
            return aside, handle
        os.close(handle)


def _remove(aside: Path) -> None:
    with suppress(OSError):  # what cannot be removed now is litter for the next start
        shutil.rmtree(aside) if aside.is_dir() else aside.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder: renamed first, so that what a crash leaves of it is litter for `sweep`.

    The new name is flushed before anything goes: else a power loss could leave the old one half-empty.
    """
    aside = path.with_name(f".{path.name[:100]}{_ASIDE}{uuid.uuid4().hex}")
    try:
        path.rename(aside)
        flush_folder(path.parent)
    except OSError as error:
        raise disk_fault(error, path) from error
    shutil.rmtree(aside, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it (0700 for what is new); they survive a power loss.

    Nothing is put into one before its name is flushed, so that only an empty one may still be lost.
    """
    try:
        if path.is_dir():
            with suppress(PermissionError), os.scandir(path) as entries:
                if next(entries, None) is None:  # its maker may have been killed before the flush
                    flush_folder(path.parent)
            return
        make_folder(path.parent)
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)
        flush_folder(path.parent)
    except OSError as error:
        if isinstance(error, EnvironmentFault):
            raise
        raise disk_fault(error, path) from error


def flush_file(path: Path) -> None:
    """Fsync one file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_folder(path: Path) -> None:
    """Fsync a folder, so that names in it survive a power loss."""
    flush_file(path)


def flush_tree(folder: Path) -> None:
    """Fsync every file and folder below `folder`, and set their modes."""
    for root, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(root) / name
            path.chmod(FILE_MODE)
            flush_file(path)
        flush_folder(Path(root))


def sweep(folder: Path) -> int:
    """Remove what killed processes left half-written in `folder`; a live writer's lock keeps its own.

    Returns:
        How many entries were removed.
    """
    removed = 0
    try:
        litter = list(folder.glob(f".*{_ASIDE}*"))
        if litter:  # a killed `remove_folder` may not have come to it
            flush_folder(folder)
    except OSError:  # then it stays for a better day
        return 0
    for entry in litter:
        with suppress(OSError), _unowned(entry):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
            removed += 1
    return removed


@contextmanager
def _unowned(entry: Path) -> Iterator[None]:
    """Raises OSError when a live process writes to `entry`; a link belongs to nobody."""
    if entry.is_symlink():
        yield
        return
    handle = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


@contextmanager
def lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive kernel lock on `path` (made if missing); it goes with its process, however that ends.

    Raises:
        EnvironmentFault: `wait` is False and another process holds it; names its pid.
    """
    make_folder(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    except OSError as error:
        raise disk_fault(error, path) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            owner = os.pread(handle, 64, 0).decode(errors="replace").strip() or "unknown"
            raise EnvironmentFault(
                f"another process (pid {owner}) is at work here",
                where=str(path),
                mend="wait for it to end, or stop it",
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def read_json(path: Path, *, limit_bytes: int = 64 << 20) -> Any:  # noqa: ANN401
    """Read one of our own JSON files.

    Raises:
        TrustError: it is missing, too large, no JSON, or holds a duplicate key, NaN or infinity.
    """
    try:
        with open_regular(path) as handle:
            size = os.fstat(handle).st_size
            if size > limit_bytes:
                raise TrustError(
                    f"{size} bytes, more than the limit of {limit_bytes}", where=str(path)
                )
            data = _read_all(handle)
    except FileNotFoundError as error:
        raise TrustError("a file is missing", where=str(path)) from error
    except OSError as error:
        raise disk_fault(error, path) from error
    return parse_json(data, where=str(path))


def parse_json(data: bytes | str, *, where: str) -> Any:  # noqa: ANN401
    """Strict JSON: no duplicate keys, no NaN, no infinity (TrustError otherwise)."""
    try:
        return json.loads(data, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise TrustError(f"not valid JSON: {str(error)[:120]}", where=where) from error


def _unique_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number that JSON has")


def _read_all(handle: int) -> bytes:
    blocks = []
    while block := os.read(handle, 1 << 20):
        blocks.append(block)
    return b"".join(blocks)


def disk_fault(error: OSError, path: Path) -> EnvironmentFault:
    """An operating-system error as ours.

    Names the path and, when the disk is full, the bytes free.
    """
    mend = "look after the disk, or name another folder with --workspace DIR"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = shutil.disk_usage(_existing(path)).free
        mend = f"make room: {free / 1e6:.0f} MB are free there; or name another folder with --workspace"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        mend = "choose a folder that you may write to with --workspace DIR"
    elif error.errno == errno.ENAMETOOLONG:
        mend = "shorten the name"
    elif error.errno == errno.ENOENT:
        mend = "make the folder first, or name another one"
    elif error.errno in (errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY):
        mend = "move away what stands there, or name another folder with --workspace DIR"
    return EnvironmentFault(error.strerror or str(error), where=str(path), mend=mend)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
