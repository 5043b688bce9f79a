"""Plain-text corpora: each file is a row, with its text, its path and its sub-folder's name as label.

Files are taken in the order of their paths and read one at a time; a document is UTF-8 (or what the recipe
says), and kept as it is, newlines too. A link that leads out of the folder is refused, as for images.
"""

from __future__ import annotations

import codecs
import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.durable import (
    canonical_json,
    open_regular,
    path_text,
    real_path,
    sha256_bytes,
)
from trainwright.core.errors import DataError, Fault, RecipeError, TrustError
from trainwright.data.reading.beside import beside
from trainwright.data.reading.endings import DOCUMENT_ENDINGS
from trainwright.data.reading.formats import How
from trainwright.data.reading.giants import LIMIT_DOCUMENT_BYTES
from trainwright.data.reading.tables import RawBlock, Reader

TEXT, PATH, LABEL = "text", "path", "label"
_BLOCK_ROWS = 4096
_BLOCK_BYTES = 32 << 20
_MEANT = (".pdf", ".doc", ".docx", ".odt", ".rtf", ".html", ".htm", ".epub", ".rst", ".tex")
_MARK = codecs.BOM_UTF8


@dataclass(frozen=True, slots=True)
class Documents:
    """The text files below a folder, or those that a pattern matches.

    Attributes:
        root: Where paths start; no file may lie outside.
        name: The source's, for row ids and messages.
        files: Paths relative to the root, in order, as the system has them.
        is_whole: They are all that the folder holds; what stands beside them is told.
    """

    root: Path
    name: str
    files: tuple[str, ...]
    is_whole: bool = False

    @property
    def entries(self) -> tuple[str, ...]:
        """The path of each, as text."""
        return tuple(map(path_text, self.files))

    @property
    def num_bytes(self) -> int:
        return sum(real_path(self.root / entry).lstat().st_size for entry in self.files)

    def key(self) -> str | None:
        try:
            return _key([(path_text(one), sha256_bytes(self.read(one))) for one in self.files])
        except DataError:
            return None  # told when they are read

    def read(self, entry: str) -> bytes:
        """The bytes of a document, one of `files`.

        Raises:
            DataError: it is no plain file below the root, or too large.
        """
        where = f"{self.name}/{path_text(entry)}"
        real = real_path(self.root / entry)
        try:
            if not real.is_relative_to(self.root.resolve()):
                raise TrustError("the path leads out of the folder")  # noqa: TRY301
            with open_regular(real) as handle:
                size = os.fstat(handle).st_size
                if size > LIMIT_DOCUMENT_BYTES:
                    raise DataError(
                        f"{size} bytes, more than the {LIMIT_DOCUMENT_BYTES >> 20} MiB of a document",
                        where=where,
                        mend="cut it into parts, a file each",
                    )
                return b"".join(iter(lambda: os.read(handle, 1 << 20), b""))
        except TrustError as error:
            raise DataError(
                error.what, where=where, mend="put a plain file in its place"
            ) from error
        except OSError as error:
            told = error.strerror or str(error)
            raise DataError(told, where=where, mend="make the file readable") from error

    def beside(self) -> list[Finding]:
        """What the folder holds beside documents."""
        if not self.is_whole:
            return []
        return beside(
            self.root,
            self.name,
            is_row=lambda one: Path(one).suffix.lower() in DOCUMENT_ENDINGS,
            what="document",
            meant=_MEANT,
            remedy="save their text as .txt or .md",
        )

    @contextmanager
    def open(self, how: How) -> Iterator[Reader]:
        yield DocumentReader(self, how.encoding)


@dataclass(slots=True)
class DocumentReader:
    """Documents as a table of the columns `text`, `path` and, where sub-folders are there, `label`."""

    documents: Documents
    encoding: str | None = None
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    left_out: list[tuple[int, str]] = field(default_factory=list)
    sha256: str = ""
    bytes_read: int = 0

    def blocks(self) -> Iterator[RawBlock]:
        """The documents, in the order of their paths (see `Reader`)."""
        entries = self.documents.entries
        labels = labels_of(entries)
        labelled = any(label is not None for label in labels)
        self.names = (TEXT, PATH, LABEL) if labelled else (TEXT, PATH)
        hashes: list[tuple[str, str]] = []
        texts: list[str] = []
        start = held = 0
        faults: list[Fault] = []
        self.findings += self.documents.beside()
        for at, (entry, file) in enumerate(zip(entries, self.documents.files, strict=True)):
            data = self.documents.read(file)
            hashes.append((entry, sha256_bytes(data)))
            self.bytes_read += len(data)
            held += len(data)
            text = _decoded(data, self.encoding, f"{self.documents.name}/{entry}")
            if isinstance(text, Fault):
                faults.append(text)
                if len(faults) == 10:
                    break
                continue
            texts.append(text)
            if not faults and (held > _BLOCK_BYTES or len(texts) == _BLOCK_ROWS):
                yield self._block(texts, start, labels)
                texts, start, held = [], at + 1, 0
        if faults:
            raise DataError.of(faults)
        if texts:
            yield self._block(texts, start, labels)
        self.sha256 = _key(hashes)

    def _block(self, texts: list[str], start: int, labels: Sequence[str | None]) -> RawBlock:
        end = start + len(texts)
        columns = [texts, [path_text(one) for one in self.documents.files[start:end]]]
        series = [pl.Series(str(i), values, dtype=pl.String) for i, values in enumerate(columns)]
        if LABEL in self.names:
            series.append(pl.Series("2", labels[start:end], dtype=pl.String))
        return RawBlock(pl.DataFrame(series))


def find_documents(folder: Path, *, name: str) -> Documents | None:
    """The documents below a folder, or None where there are none; what begins with . or _ is passed over."""
    entries = sorted(
        path.relative_to(folder).as_posix()
        for path in _walk(folder)
        if path.suffix.lower() in DOCUMENT_ENDINGS
    )
    return Documents(folder, name, tuple(entries), is_whole=True) if entries else None


def match_documents(pattern: str, *, base: Path) -> Documents | None:
    """The documents that a glob matches; paths start at the part of it that is no pattern."""
    fixed: list[str] = []
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        fixed.append(part)
    root = base.joinpath(*fixed)
    found = (Path(match) for match in glob.glob(str(base / pattern), recursive=True))  # noqa: PTH207 - it may be absolute
    entries = sorted(
        path.relative_to(root).as_posix()
        for path in found
        if path.is_file() and path.suffix.lower() in DOCUMENT_ENDINGS
    )
    name = Path(os.path.relpath(root, base)).as_posix()
    return Documents(root, name, tuple(entries)) if entries else None


def holds_only_documents(folder: Path) -> bool:
    """Are text documents all that is below a folder?"""
    found = False
    for path in _walk(folder):
        if path.suffix.lower() not in DOCUMENT_ENDINGS:
            return False
        found = True
    return found


def holds_labelled_documents(folder: Path) -> bool:
    """Are text documents in sub-folders all that a folder holds?"""
    return holds_only_documents(folder) and all(path.parent != folder for path in _walk(folder))


def labels_of(entries: Sequence[str]) -> list[str | None]:
    """The sub-folder that each document stands in; None for those beside the sub-folders."""
    parts = [entry.partition("/") for entry in entries]
    return [first if slash else None for first, slash, _ in parts]


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder but for those that begin with . or _."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        yield from (Path(root) / name for name in sorted(names) if not name.startswith((".", "_")))


def _decoded(data: bytes, encoding: str | None, where: str) -> str | Fault:
    """The text of a document, or the byte that is none."""
    if encoding is None and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        return data.removeprefix(_MARK).decode(encoding or "utf-8")
    except LookupError as error:
        raise RecipeError(
            f"no encoding is called {encoding!r}",
            where="data.encoding",
            mend="data: {encoding: latin-1}",
        ) from error
    except UnicodeDecodeError as error:
        if encoding is None:
            odd = data.removeprefix(_MARK)[error.start]
            guess = "cp1252" if 0x80 <= odd < 0xA0 else "latin-1"
            told = f"byte {error.start} of the file, 0x{odd:02X}, is not UTF-8"
            return Fault(told, where, f"data: {{encoding: {guess}}}, or save the file as UTF-8")
        told = f"byte {error.start} of the file is not {encoding}"
        return Fault(told, where, "set the right encoding, e.g. data: {encoding: latin-1}")


def _key(hashes: Sequence[tuple[str, str]]) -> str:
    return sha256_bytes(canonical_json([list(pair) for pair in hashes]))
