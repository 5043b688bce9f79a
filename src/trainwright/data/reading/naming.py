"""From `data.source` to what is read, in an order that does not depend on the machine.

An entry is a file, a glob, a folder, a database or objects of a store. What it is follows from its scheme or
its ending, and for a folder from what lies in it.
"""

from __future__ import annotations

import errno
import glob
import os
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from trainwright.core.artifacts import Split
from trainwright.core.durable import real_path, sha256_file
from trainwright.core.errors import DataError, RecipeError, shorten
from trainwright.data.images.files import folder_key, is_image_folder
from trainwright.data.reading.databases import Rows
from trainwright.data.reading.documents import (
    TEXT,
    Documents,
    find_documents,
    holds_only_documents,
    match_documents,
)
from trainwright.data.reading.endings import (
    ARROW_ENDINGS,
    DOCUMENT_ENDINGS,
    ENDINGS,
    EXCEL_ENDINGS,
    JSON_ENDINGS,
    PARQUET_ENDINGS,
    TEXT_ENDINGS,
    is_database,
)
from trainwright.data.reading.locations import Elsewhere
from trainwright.data.reading.postgres import open_postgres, parse_address
from trainwright.data.reading.sqlite import open_sqlite
from trainwright.data.reading.store import find_objects
from trainwright.recipe.data import DataSettings
from trainwright.recipe.sources import POSTGRES, SQLITE, STORE, VARIABLE, holds_password, value_of

Location = Path | Elsewhere
"""A file, a folder of images, or what is read in a way of its own."""


def named_files(settings: DataSettings, base: Path) -> list[tuple[Location, Split | None]]:
    """What `data` names, in the order of reading, each with the split that it is given to.

    Raises:
        DataError: there is none, or one is named twice.
    """
    sources = (settings.source,) if isinstance(settings.source, str) else settings.source
    parts = ((settings.validation, Split.VALIDATION), (settings.test, Split.TEST))
    given = any(source is not None for source, _ in parts)
    asked = [(source, Split.TRAIN if given else None) for source in sources]
    asked += [(source, part) for source, part in parts if source is not None]
    named = [
        (location, part)
        for source, part in asked
        for location in expand(source, base=base, settings=settings)
    ]
    if not named:
        raise DataError("no file is named", where="data.source", mend="data: {source: FILE}")
    seen: set[str] = set()
    for location, _ in named:
        name = os.path.realpath(location) if isinstance(location, Path) else location.name
        if name in seen:
            raise DataError(
                f"{relative_name(location, base)} is named twice",
                where="data.source",
                mend="name each file once",
            )
        seen.add(name)
    return named


def expand(source: str, *, base: Path, settings: DataSettings | None = None) -> list[Location]:
    """What one entry of `data.source` names.

    Args:
        source: A file, folder, glob, address, or `env:NAME` for what a variable holds.
        base: Relative paths start here.
        settings: How it is read; None where nothing is said.

    Raises:
        DataError: it names nothing, or is an address of another kind.
        RecipeError: an address holds a password, or is malformed.
        EnvironmentFault: a variable is not set.
    """
    if source.startswith(VARIABLE):
        variable, source = source, value_of(source)
        if not source.startswith((STORE, SQLITE, *POSTGRES)):
            raise RecipeError(
                f"{shorten(variable)} holds no address that is read",
                where="data.source",
                mend="it must begin with postgresql://, sqlite:/// or s3://",
            )
    elif holds_password(source):
        raise RecipeError(
            "the address holds a password in plain words",
            where="data.source",
            mend="name its variable: postgresql://USER:env:PGPASSWORD@HOST/DATABASE",
        )
    if source.startswith(STORE):
        return list(find_objects(source))
    if source.startswith((SQLITE, *POSTGRES)):
        return [_rows(source, base=base, settings=settings)]
    if "://" in source:
        raise DataError(
            f"{shorten(source)} is an address, not a file",
            where="data.source",
            mend="fetch the file first, and name it; addresses that are read: s3://, postgresql://, sqlite:///",
        )
    if not is_path(source):
        raise DataError(
            f"{shorten(source)} cannot be the path of a file",
            where="data.source",
            mend="data: {source: FILE}",
        )
    if is_database(source):
        return [_rows(source, base=base, settings=settings)]
    return _paths(source, base=base, settings=settings)


def relative_name(location: Location, base: Path) -> str:
    """A source's name in row ids and messages: of a file, its path relative to the recipe."""
    if not isinstance(location, Path):
        return location.name
    return Path(os.path.relpath(location, base)).as_posix()


def size_of(location: Location) -> int:
    """About how many bytes there are to read; 0 where nobody knows."""
    if isinstance(location, Path):
        return location.stat().st_size if location.exists() else 0
    return location.num_bytes


class FileHashes:
    """SHA-256 of files, by their bytes once while nothing writes to them; for one preparation."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, tuple[int, ...]], str] = {}

    def of(self, path: Path) -> str:
        """As 64 hex digits.

        Raises:
            OSError, TrustError: it cannot be read, or is no plain file.
        """
        real = real_path(path)
        as_it_is = real, stamp_of(real)
        if as_it_is not in self._known:
            self._known[as_it_is] = sha256_file(real)
        return self._known[as_it_is]


def named_hashes(
    settings: DataSettings, base: Path, hashes: FileHashes | None = None
) -> list[tuple[str, str]] | None:
    """Name and SHA-256 of everything that `data` names, in the order of reading.

    None where something must be read to know it: a database, a store.
    """
    hashes = hashes or FileHashes()
    found = []
    for location, _ in named_files(settings, base):
        if isinstance(location, Path):
            whole = location.is_dir()
            key = folder_key(location) if whole else hashes.of(location)
        else:
            said = location.key()
            if said is None:
                return None
            key = said
        found.append((relative_name(location, base), key))
    return found


def rows_of_file(path: Path, *, table: str | None) -> Rows:
    """The rows of a table of a SQLite file; of the only one where None."""
    return Rows(path.name, partial(open_sqlite, path, name=path.name), table)


def _rows(source: str, *, base: Path, settings: DataSettings | None) -> Rows:
    """A table or a query of a database."""
    table = settings.table if settings else None
    query = settings.query if settings else None
    what = f"#{table}" if table else "#query" if query else ""
    if source.startswith(POSTGRES):
        address = parse_address(source)
        return Rows(address.name + what, partial(open_postgres, address), table, query)
    path = base / unquote(source.removeprefix(SQLITE))
    name = relative_name(path, base)
    return Rows(name + what, partial(open_sqlite, path, name=name), table, query)


def _paths(source: str, *, base: Path, settings: DataSettings | None) -> list[Location]:
    """A file, the files of a folder, or those that a pattern matches.

    A folder of images, and documents, are one source each.
    """
    path = base / source
    asked = settings is not None and settings.read == "documents"
    likely = settings is not None and settings.inputs is not None and settings.inputs.text == TEXT
    if path.is_dir():
        if asked or (likely and holds_only_documents(path)):
            documents = find_documents(path, name=relative_name(path, base))
            if documents is None:
                raise _nothing(source, f"put files there that end in {', '.join(DOCUMENT_ENDINGS)}")
            return [documents]
        found = sorted(entry for entry in path.iterdir() if _is_data(entry))
        beside_images = settings is None or settings.inputs is None  # a text file there is a note
        notes = [entry for entry in found if entry.name.lower().endswith(DOCUMENT_ENDINGS)]
        if found == (notes if beside_images else []) and is_image_folder(path):
            return [path]
        known = (*TEXT_ENDINGS, *JSON_ENDINGS, *PARQUET_ENDINGS, *ARROW_ENDINGS, *EXCEL_ENDINGS)
        mend = f"put files there that end in {', '.join(known)}"
        if not found and holds_only_documents(path):
            mend = "data: {read: documents} reads each text file as a row"
        elif not found and (below := next(filter(_is_data, path.rglob("*")), None)) is not None:
            mend = f'data: {{source: "{source.rstrip("/")}/**/*{below.suffix}"}} reads its sub-folders too'
    elif glob.has_magic(source) and not path.exists():
        if asked:
            documents = match_documents(source, base=base)
            if documents is None:
                raise _nothing(source, "mend the pattern in data.source")
            return [documents]
        found = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207 - it may be absolute
        found = [match for match in found if not match.is_dir()]
        mend = "mend the pattern in data.source"
    elif asked:
        return [Documents(path.parent, relative_name(path.parent, base), (path.name,))]
    else:
        return [path]
    if not found:
        raise _nothing(source, mend)
    return list(found)


def _nothing(source: str, mend: str) -> DataError:
    return DataError(f"{shorten(source)} matches no data file", where="data.source", mend=mend)


def is_path(text: str) -> bool:
    """Can the system be asked about it? Not with NUL, a lone surrogate, or a name that is too long."""
    try:
        os.stat(text)  # noqa: PTH116 - only asked whether it can be asked
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    except ValueError:
        return False
    return True


def _is_data(path: Path) -> bool:
    return path.name.lower().endswith(ENDINGS) and not path.name.startswith((".", "_"))


def stamp_of(location: Location) -> tuple[int, ...]:
    """What shows that a file was written to or replaced; nothing of what is no file of this machine."""
    if not isinstance(location, Path):
        return ()
    try:
        found = location.stat()
    except OSError:
        return ()  # opening it says what is wrong
    return found.st_ino, found.st_size, found.st_mtime_ns


def check_unchanged(location: Location, before: tuple[int, ...], *, name: str) -> None:
    """Refuse (DataError) a file that is not as it was when reading it began, by `stamp_of`."""
    if stamp_of(location) != before:
        raise DataError(
            "the file changed while it was read",
            where=name,
            mend="run again when nothing writes to it, or read a copy",
        )
