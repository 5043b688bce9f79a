"""Objects of an S3-compatible store, read as streams by pyarrow's own client: nothing is copied to disk.

`s3://BUCKET/KEY` is an object, `s3://BUCKET/PREFIX/` all tables right below it; `*`, `?`, `[` make a pattern.
The AWS_* variables and ~/.aws say who asks and where, AWS_ENDPOINT_URL names another store than Amazon's; a
recipe holds none of it. ETag and size are compared when an object was read: what changed is refused.

Cost: text is fetched once; Parquet, Arrow, workbooks and archives twice, since their hash is of all bytes and
their pages are read in another order.
"""

from __future__ import annotations

import fnmatch
import glob
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urlsplit

from trainwright.core.errors import DataError, EnvironmentFault, RecipeError
from trainwright.data.reading.endings import ENDINGS
from trainwright.data.reading.formats import How, reader_for
from trainwright.data.reading.tables import Reader
from trainwright.recipe.sources import STORE
from trainwright.runs.redaction import redact

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

_ATTEMPTS = 3
_CONNECT_SECONDS = 5
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REQUEST_SECONDS = 30


@dataclass(frozen=True, slots=True)
class StoreObject:
    """One object of a store.

    Attributes:
        bucket: Its bucket.
        path: Its key.
        size: Bytes when it was found.
    """

    bucket: str
    path: str
    size: int

    @property
    def name(self) -> str:
        return f"{STORE}{self.bucket}/{self.path}"

    @property
    def num_bytes(self) -> int:
        return self.size

    @property
    def entries(self) -> tuple[str, ...]:
        return ()

    def key(self) -> str | None:
        return None  # an ETag is no hash of the bytes: the object is read anew

    @contextmanager
    def open(self, how: How) -> Iterator[Reader]:
        with _faults_of_the_store(self.name), _opened(self) as (stream, version):
            yield reader_for(stream, self.name, how)
        with _faults_of_the_store(self.name), _opened(self) as (_, after):
            if after != version:
                raise DataError(
                    f"the object was changed while it was read (ETag {version[0]}, then {after[0]})",
                    where=self.name,
                    mend="run again when nothing writes it",
                )


class _ObjectStream(io.RawIOBase):
    """An object's bytes, fetched as they are asked for; faults of the network are faults of the environment.

    Args:
        file: Opened by pyarrow.
        name: The object, for messages.
    """

    def __init__(self, file: Any, name: str) -> None:  # noqa: ANN401 - pyarrow is not typed
        super().__init__()
        self._file, self._name = file, name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        with _faults_of_the_store(self._name):
            return bytes(self._file.read(None if size is None or size < 0 else size))

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())


def find_objects(source: str) -> list[StoreObject]:
    """The objects that an entry of `data.source` names, in the order of their keys.

    Raises:
        RecipeError: it names no bucket or no key.
        DataError: there are none.
        EnvironmentFault: the store cannot be reached, or refuses.
    """
    from pyarrow.fs import FileSelector, FileType

    bucket, _, key = source.removeprefix(STORE).partition("/")
    if not bucket or "@" in bucket or glob.has_magic(bucket):
        raise RecipeError(
            "the address of the object is malformed; credentials have no place in it",
            where="data.source",
            mend="data: {source: s3://BUCKET/KEY}, and AWS_ACCESS_KEY_ID and its like in the environment",
        )
    files = _file_system()
    with _faults_of_the_store(source):
        if key and not key.endswith("/") and not glob.has_magic(key):
            info = files.get_file_info(f"{bucket}/{key}")
            if info.type is FileType.File:
                return [StoreObject(bucket, key, info.size)]
            key += "/"
        if glob.has_magic(key):
            fixed = key[: next(i for i, letter in enumerate(key) if letter in "*?[")]
            folder = fixed.rpartition("/")[0]
        else:
            folder = key.rstrip("/")
        where = f"{bucket}/{folder}".rstrip("/")
        selector = FileSelector(where, allow_not_found=True, recursive=glob.has_magic(key))
        found = [info for info in files.get_file_info(selector) if info.type is FileType.File]
    objects = sorted((info.path.partition("/")[2], info.size) for info in found)
    if glob.has_magic(key):
        kept = [one for one in objects if _matches(one[0], key)]
    else:
        kept = [one for one in objects if _is_table(one[0])]
    if not kept:
        raise DataError(
            f"{source} names no object that is a table",
            where="data.source",
            mend="mend bucket, key or pattern in data.source",
        )
    return [StoreObject(bucket, path, size) for path, size in kept]


def _matches(path: str, pattern: str) -> bool:
    """As in a folder: `*` stays within one, `**` goes through any."""
    parts, wanted = path.split("/"), pattern.split("/")
    if "**" not in wanted:
        return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))
    at = wanted.index("**")
    head, tail = wanted[:at], "/".join(wanted[at + 1 :])
    if len(parts) < at or not all(map(fnmatch.fnmatchcase, parts, head)):
        return False
    return any(_matches("/".join(parts[start:]), tail) for start in range(at, len(parts)))


def _is_table(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.lower().endswith(ENDINGS) and not name.startswith((".", "_"))


def _file_system() -> S3FileSystem:
    """A client as the environment says; made anew, since variables may have changed.

    Raises:
        EnvironmentFault: the variable of the endpoint holds no address.
    """
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    variable = next((name for name in _ENDPOINTS if os.environ.get(name)), None)
    parts = urlsplit(os.environ[variable]) if variable else None
    if parts is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise EnvironmentFault(
            f"{variable} is no address of a store: it begins with neither http:// nor https://",
            where=f"environment variable {variable}",
            mend=f"export {variable}=https://HOST:PORT",
        )
    return S3FileSystem(
        endpoint_override=parts.netloc if parts else None,
        scheme=parts.scheme if parts else None,
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


@contextmanager
def _opened(one: StoreObject) -> Iterator[tuple[BinaryIO, tuple[str, int]]]:
    """The object's bytes, with its ETag and size."""
    with _file_system().open_input_file(f"{one.bucket}/{one.path}") as file:
        said = {str(key).lower(): str(value) for key, value in (file.metadata() or {}).items()}
        etag = said.get("etag", "")
        yield cast("BinaryIO", _ObjectStream(file, one.name)), (etag, int(file.size()))


@contextmanager
def _faults_of_the_store(name: str) -> Iterator[None]:
    """What the client says, without secrets, and with a mend."""
    try:
        yield
    except EnvironmentFault:
        raise
    except FileNotFoundError as error:
        raise DataError(
            "there is no such object", where=name, mend="mend the path (in a recipe: data.source)"
        ) from error
    except OSError as error:
        text = redact(" ".join(str(error).split()))[:240]
        if "ACCESS_DENIED" in text or "403" in text or "SIGNATURE" in text.upper():
            mend = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of a user who may read it"
        elif "NO_SUCH_BUCKET" in text or "404" in text:
            mend = "mend the bucket in data.source"
        else:
            mend = "is the store reachable? Mend AWS_ENDPOINT_URL, AWS_REGION or the network"
        raise EnvironmentFault(
            f"the store refused or cannot be reached: {text}", where=name, mend=mend
        ) from error
