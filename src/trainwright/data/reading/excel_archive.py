"""A workbook as what it is outside: a zip archive of XML, which is looked at before it is unpacked.

It is refused when it would unpack to more than the limits, or when its XML declares entities.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from trainwright.core.errors import DataError, TrainwrightError, shorten

LIMIT_RATIO = 200
LIMIT_BYTES = 4 << 30  # of all parts, unpacked; a sheet is read in parts
LIMIT_TEXTS_BYTES = 512 << 20  # of the table of shared texts, which is kept
_FREE_BYTES = 10 << 20


@contextmanager
def faults_of_the_file(name: str) -> Iterator[None]:
    """Whatever the parsers raise on a damaged workbook is a fault of the data."""
    try:
        yield
    except (TrainwrightError, MemoryError):
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:120] or type(error).__name__
        raise DataError(
            f"the workbook is damaged or cut, or no .xlsx: {reason}",
            where=name,
            mend="open it in a spreadsheet and save it again as .xlsx, or as CSV",
        ) from error


def check_archive(stream: BinaryIO, *, name: str) -> None:
    """Refuse (DataError) what would unpack without end, and XML that declares a document type.

    The sizes are those that the archive declares: Python's zipfile gives no byte beyond them.
    """
    archive = zipfile.ZipFile(stream)
    parts = archive.infolist()
    total = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts) or 1
    texts = sum(part.file_size for part in parts if part.filename.endswith("sharedStrings.xml"))
    if (
        total > LIMIT_BYTES
        or texts > LIMIT_TEXTS_BYTES
        or (total > _FREE_BYTES and total > LIMIT_RATIO * packed)
    ):
        raise DataError(
            f"{packed} packed bytes would unpack to {total}, of which {texts} are texts",
            where=name,
            mend="save the sheet as CSV, if you trust the file",
        )
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as opened:
                head = opened.read(2048).replace(b"\0", b"").lower()  # UTF-16 too
            if b"<!doctype" in head or b"<!entity" in head:
                raise DataError(
                    f"the part {shorten(part.filename, 60)} declares a document type",
                    where=name,
                    mend="open it in a spreadsheet and save it again",
                )
    stream.seek(0)
