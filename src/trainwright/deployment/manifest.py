"""The manifest: which files a package holds and what their bytes are. Nothing else is ever opened.

A package is a closed list of formats, none of which can carry code. Names are judged before any byte is
read, sizes before any hash, hashes before any content, and the first bytes of each file before any parser.
The cost is that a package is read twice when it is loaded: once to hash it, once to parse it.

Source: OpenSSF model signing (a manifest with the SHA-256 of each file). Pickle is refused, never scanned.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.core.durable import disk_fault, open_regular, parse_json, sha256_bytes, sha256_file
from trainwright.core.errors import Fault, TrustError, shorten

NAME = "manifest.json"
FORMAT = 1
MAX_FILES = 1_000
MAX_FILE_BYTES = 8 << 30
MAX_MANIFEST_BYTES = 4 << 20

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def _is_safetensors(head: bytes, size: int) -> bool:
    """Eight bytes of header length, then the header, a JSON object."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8


# Suffix -> can a file of this size begin with these bytes? None of the beginnings can start a pickle.
FORMATS: dict[str, Callable[[bytes, int], bool]] = {
    ".json": lambda head, _: head[:1] in (b"{", b"[") or head[:4] == b"null",
    ".md": lambda head, _: head[:2] == b"# ",
    ".txt": lambda head, _: head[:5] == b"tree\n",  # LightGBM's text format
    ".safetensors": _is_safetensors,
    ".onnx": lambda head, _: head[:1] == b"\x08",  # first field of a ModelProto: ir_version
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands in manifest.json.

    Attributes:
        kind: The saved kind of the model (`core.parts.SAVED`).
        files: Path below the package, with "/", to its SHA-256 and size in bytes.
        hash: SHA-256 of manifest.json itself: the package's name for ever.
    """

    kind: str
    files: Mapping[str, tuple[str, int]]
    hash: str


def manifest_of(folder: Path, *, kind: str) -> dict[str, Any]:
    """The manifest of the files that are in `folder`, as JSON values.

    Raises:
        TrustError: a file is of a format that no package may hold.
    """
    names = list_files(folder)
    check_formats(folder, names)
    files = {
        name: {"sha256": sha256_file(folder / name), "bytes": size} for name, size in names.items()
    }
    return {"format": FORMAT, "kind": kind, "files": files}


def read_manifest(folder: Path) -> Manifest:
    """Read and check manifest.json by itself.

    Raises:
        TrustError: it is missing, damaged, or of a newer format.
    """
    path = folder / NAME
    data = _read(path, MAX_MANIFEST_BYTES)
    document = parse_json(data, where=str(path))
    version = document.get("format") if isinstance(document, dict) else None
    if type(version) is int and version > FORMAT:
        raise TrustError(
            f"the package is of format {version}, and this trainwright reads up to format {FORMAT}",
            where=str(path),
            mend="pip install -U trainwright",
        )
    try:
        if type(version) is not int or version != FORMAT:
            raise ValueError(f"format {version!r}")  # noqa: TRY301 - one refusal for all that is odd
        files = {
            _plain(name): (_digest(entry["sha256"]), _size(entry["bytes"]))
            for name, entry in document["files"].items()
        }
        kind = str(document["kind"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(f"the manifest is not one of ours: {shorten(error)}", path) from error
    return Manifest(kind, files, sha256_bytes(data))


def list_files(folder: Path) -> dict[str, int]:
    """Path to size of every file below `folder` but the manifest, sorted.

    Raises:
        TrustError: there is no such folder; a link, a device, an odd name, or too many files.
    """
    if not folder.is_dir():
        refuse_format(folder)
        raise TrustError(
            "there is no package here", where=str(folder), mend="name a package's folder"
        )
    found = dict(sorted(_walk(folder, "")))
    found.pop(NAME, None)
    return found


def check_formats(folder: Path, names: Mapping[str, int]) -> None:
    """Refuse files whose suffix is not on the closed list; all of them at once.

    Raises:
        TrustError: "format not allowed".
    """
    faults = [fault for name in names if (fault := _format_fault(folder / name))]
    if faults:
        raise TrustError.of(faults)


def refuse_format(path: Path) -> None:
    """Refuse a file offered as a model.

    Raises:
        TrustError: it is a file: no single file is a package.
    """
    if path.is_file():
        fault = _format_fault(path) or Fault(
            "one file is not a package", str(path), "name the folder that holds manifest.json"
        )
        raise TrustError.of([fault])


def check_list(folder: Path, manifest: Manifest, names: Mapping[str, int]) -> None:
    """Refuse a list of files that is not the manifest's, name for name and size for size.

    Raises:
        TrustError: all that is extra, missing, a case twin, or of another size.
    """
    twins = [name for name in names if sum(name.lower() == other.lower() for other in names) > 1]
    faults = [Fault("two names differ by case only", str(folder / name)) for name in twins]
    faults += [
        Fault("this file is not in the manifest", str(folder / name), "remove it")
        for name in names
        if name not in manifest.files
    ]
    for name, (_, size) in manifest.files.items():
        if name not in names:
            faults.append(Fault("a file of the manifest is missing", str(folder / name), _RESTORE))
        elif names[name] != size:
            what = f"the file has {names[name]} bytes, and its manifest says {size}"
            faults.append(Fault(what, str(folder / name), _RESTORE))
    if faults:
        raise TrustError.of(faults)


def check_hashes(folder: Path, manifest: Manifest) -> None:
    """Refuse files whose bytes are not those of the manifest.

    Raises:
        TrustError: names every one.
    """
    faults = [
        Fault(
            "the file was changed: its SHA-256 is not the manifest's", str(folder / name), _RESTORE
        )
        for name, (digest, _) in manifest.files.items()
        if sha256_file(folder / name) != digest
    ]
    if faults:
        raise TrustError.of(faults)


def check_heads(folder: Path, manifest: Manifest) -> None:
    """Refuse files that do not begin as their suffix says: a pickle by another name.

    Raises:
        TrustError: "format not allowed".
    """
    faults = []
    for name, (_, size) in manifest.files.items():
        path = folder / name
        head = _read(path, 16)
        if not FORMATS[path.suffix](head, size):
            what = f"format not allowed: the content is not {path.suffix}, it begins with {shorten(head)}"
            faults.append(Fault(what, str(path), _RESTORE))
    if faults:
        raise TrustError.of(faults)


_RESTORE = "take the package from where it was made, or run its recipe again"


def _read(path: Path, limit_bytes: int) -> bytes:
    try:
        with open_regular(path) as handle:
            return os.read(handle, limit_bytes)
    except FileNotFoundError as error:
        raise _damaged("a file is missing", path) from error
    except OSError as error:
        raise disk_fault(error, path) from error


def _walk(folder: Path, below: str) -> Iterator[tuple[str, int]]:
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            count += 1
            if count > MAX_FILES or below.count("/") > 8:
                raise TrustError(f"more than {MAX_FILES} files, or too deep", where=str(folder))
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder / entry.name, f"{below}{entry.name}/")
                continue
            if not entry.is_file(follow_symlinks=False):
                raise TrustError(
                    "neither a file nor a folder", where=shorten(entry.path, 300), mend=_RESTORE
                )
            size = entry.stat(follow_symlinks=False).st_size
            if size > MAX_FILE_BYTES:
                raise TrustError(f"{size} bytes, more than {MAX_FILE_BYTES}", where=entry.path)
            yield below + entry.name, size


def _format_fault(path: Path) -> Fault | None:
    if path.suffix in FORMATS and _PLAIN_NAME.fullmatch(path.name):
        return None
    known = ", ".join(FORMATS)
    what = f"format not allowed: {shorten(path.name)}; a package holds {known} and nothing else"
    mend = "export the model to ONNX or safetensors, or to its library's own text format"
    return Fault(what, str(path.parent), mend)


def _plain(name: str) -> str:
    """A path of plain names, each below the one before."""
    if not all(_PLAIN_NAME.fullmatch(part) for part in name.split("/")):
        raise ValueError(f"file name {name!r}")
    if Path(name).suffix not in FORMATS:
        raise ValueError(f"format not allowed: {name!r}")
    return name


def _digest(value: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError("a SHA-256 has 64 hex digits")
    return value


def _size(value: int) -> int:
    if type(value) is not int or not 0 <= value <= MAX_FILE_BYTES:
        raise ValueError("a size is a whole number")
    return value


def _damaged(what: str, path: Path) -> TrustError:
    return TrustError(what, where=str(path), mend=_RESTORE)
