"""Open a data file of the user's and say what kind of file its first bytes are.

A link that the user named is followed; a pipe, a device or a folder in place of a file is refused
before anything is read, because reading from them may never end. Bytes that are plainly no text
table are named for what they are, with the way to mend it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trainwright.core.durable import disk_fault
from trainwright.core.errors import DataError

_MAGIC = (
    (
        b"\x1f\x8b",
        "gzip data (its first bytes are the gzip magic)",
        "name it FILE.gz, or: gunzip FILE",
    ),
    (b"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx)", "name it so, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "save it as CSV"),
    (b"BZh", "bzip2 data", "name it FILE.bz2, or: bunzip2 FILE"),
    (b"\xfd7zXZ", "xz data", "name it FILE.xz, or: unxz FILE"),
    (b"\x28\xb5\x2f\xfd", "zstd data", "name it FILE.zst, or: unzstd FILE"),
    (b"%PDF", "a PDF", "export the table as CSV"),
    (b"PAR1", "Parquet", "name it FILE.parquet"),
    (b"SQLite format 3", "a SQLite database", "name it FILE.db"),
    (b"ARROW1", "an Arrow file", "name it FILE.arrow"),
)
_JSON = re.compile(rb"\[\s*[\[{]|\{\s*\"[^\"]{0,200}\"\s*:")
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")


@contextmanager
def open_data(path: Path, *, name: str) -> Iterator[BinaryIO]:
    """A regular file, open for reading.

    Raises:
        DataError: there is none, or a folder, pipe or device has its name.
        EnvironmentFault: the system refuses to open it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(
            "there is no such file", where=name, mend="mend the path (in a recipe: data.source)"
        ) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DataError(
                "this is a link that leads round in a circle",
                where=name,
                mend="name the file itself",
            ) from error
        raise disk_fault(error, path) from error
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise DataError(
            f"this is {kind}, not a regular file",
            where=name,
            mend="name a file; copy what the pipe gives into one",
        )
    with os.fdopen(handle, "rb", buffering=0) as stream:
        yield stream


def check_text(head: bytes, *, name: str) -> None:
    """Refuse (DataError) a file whose first bytes show that it is no text table."""
    for magic, kind, mend in _MAGIC:
        if head.startswith(magic):
            raise DataError(f"this is {kind}, not a text table", where=name, mend=mend)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    if start.startswith(_MARKUP):
        raise DataError(
            "this looks like HTML or XML, not a table: perhaps an error page was saved",
            where=name,
            mend="fetch the file again and look at its first line",
        )


def check_no_json(head: bytes, *, name: str) -> None:
    """Refuse (DataError) JSON where delimited text is read."""
    if _JSON.match(head.removeprefix(b"\xef\xbb\xbf").lstrip()):
        raise DataError(
            "this looks like JSON, not a text table",
            where=name,
            mend="write one object a line, and name it FILE.jsonl (jq -c '.[]' FILE.json > FILE.jsonl)",
        )
