"""Compressed text: unpacked as a stream, never as a whole, and never without end.

A few kilobytes can unpack to terabytes, so what comes out is counted: beyond 10 MB it may be at most 100
times what went in, and 256 GB in all. A stream that is cut or changed is noticed by its own checksum, and
told with the line up to which it was sound; zstd has one only where it was written so, and may pass a changed
byte without it. An archive is read where it holds exactly one table; members
are never written anywhere, so their names matter to nobody.

Cost: gzip and zip unpack some 300 MB a second, zstd more, xz 100, bzip2 40. The hash is of the packed bytes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import pyarrow as pa

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, TrainwrightError, shorten
from trainwright.data.reading.endings import (
    ARROW_ENDINGS,
    EXCEL_ENDINGS,
    JSON_ENDINGS,
    PARQUET_ENDINGS,
    TEXT_ENDINGS,
)
from trainwright.data.reading.hashed import Hashed, hash_whole
from trainwright.data.reading.tables import RawBlock, Reader

LIMIT_RATIO = 100
LIMIT_BYTES = 256 << 30
_FREE_BYTES = 10 << 20  # up to here any ratio is taken
_LIMIT_MEMORY = 256 << 20  # of an xz stream's window
_LIMIT_MEMBERS = 10_000
_PIECE = 1 << 18
_BROKEN = (
    EOFError,
    OSError,
    ValueError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    struct.error,
)


class Unpacked(io.RawIOBase):
    """The bytes of a packed stream, counted.

    Args:
        source: Unpacks.
        packed_bytes: Tells how many packed bytes were read.
        name: The file, for messages.
        kind: How it is packed, for messages.
    """

    def __init__(
        self, source: BinaryIO, *, packed_bytes: Callable[[], int], name: str, kind: str
    ) -> None:
        super().__init__()
        self._source = source
        self._packed_bytes = packed_bytes
        self._name, self._kind = name, kind
        self.bytes_read = 0
        self._lines = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes, at most 256 KiB; empty at the end.

        Raises:
            DataError: the stream is cut, changed, or unpacks to more than the limits allow.
        """
        wanted = _PIECE if size is None or size < 0 else min(size, _PIECE)
        try:
            block = self._source.read(wanted)
        except TrainwrightError:
            raise
        except _BROKEN as error:
            raise DataError(
                f"the {self._kind} data are damaged or cut: {_reason(error)}",
                where=f"{self._name}:{self._lines + 1}",
                mend="pack or fetch the file again; everything before this line could be unpacked",
            ) from error
        self.bytes_read += len(block)
        self._lines += block.count(b"\n")
        self._check_size()
        return block

    def _check_size(self) -> None:
        if self.bytes_read <= _FREE_BYTES:
            return
        packed = max(self._packed_bytes(), 1)
        if self.bytes_read > LIMIT_BYTES or self.bytes_read > LIMIT_RATIO * packed:
            raise DataError(
                f"{packed} packed bytes gave {self.bytes_read} already, more than {LIMIT_RATIO} times"
                f" as many (or than {LIMIT_BYTES >> 30} GB): unpacking was stopped",
                where=f"{self._name}:{self._lines + 1}",
                mend="if you trust the file, unpack it yourself and name what comes out",
            )


@dataclass(slots=True)
class Packed:
    """A compressed table: what its own reader gives, with the hash of the packed bytes.

    Attributes:
        stream: The packed bytes, at their start; of an archive one that can seek.
        name: The file; of an archive with its member behind `!` once it was opened.
        member: The name of what is packed, whose ending tells what it is.
        unpacked: Its bytes.
        inner: Reads those; set by whoever knows the readers.
    """

    stream: BinaryIO
    name: str
    member: str = ""
    unpacked: Unpacked = field(init=False)
    inner: Reader = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    left_out: list[tuple[int, str]] = field(default_factory=list)
    sha256: str = ""
    bytes_read: int = 0
    _hashed: Hashed | None = None

    def __post_init__(self) -> None:
        ending = PurePosixPath(self.name).suffix.lower()
        if ending == ".zip":
            self._open_archive()
            return
        self.member = self.name[: -len(ending)]
        if PurePosixPath(self.member).suffix.lower() in (
            *PARQUET_ENDINGS,
            *ARROW_ENDINGS,
            *EXCEL_ENDINGS,
        ):
            raise DataError(
                f"a {PurePosixPath(self.member).suffix} file is packed already",
                where=self.name,
                mend="unpack it, and name what comes out",
            )
        hashed = self._hashed = Hashed(self.stream)
        kind, unpack = _UNPACKERS[ending]
        self.unpacked = Unpacked(
            unpack(cast("BinaryIO", hashed)),
            packed_bytes=lambda: hashed.bytes_read,
            name=self.name,
            kind=kind,
        )

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order (see `Reader`)."""
        self.findings, self.left_out = self.inner.findings, self.inner.left_out
        for block in self.inner.blocks():
            self.names, self.semicolons = self.inner.names, self.inner.semicolons
            yield block
        self.names, self.semicolons = self.inner.names, self.inner.semicolons
        if self._hashed is not None:
            self._hashed.drain()
            self.sha256, self.bytes_read = self._hashed.sha256, self._hashed.bytes_read

    def _open_archive(self) -> None:
        self.sha256, self.bytes_read = hash_whole(self.stream, name=self.name)
        try:
            archive = zipfile.ZipFile(self.stream)
            member = _only_table(archive, name=self.name)
            source = archive.open(member)
        except TrainwrightError:
            raise
        except _BROKEN as error:
            raise DataError(
                f"the zip archive is damaged or cut: {_reason(error)}",
                where=self.name,
                mend="pack or fetch it again",
            ) from error
        self.member = member.filename
        self.name = f"{self.name}!{self.member}"
        packed = member.compress_size
        self.unpacked = Unpacked(
            cast("BinaryIO", source), packed_bytes=lambda: packed, name=self.name, kind="zip"
        )


class _Stream(io.RawIOBase):
    """What bz2's and lzma's decompressors have in common: streams one after the other, bounded output."""

    def __init__(
        self, packed: BinaryIO, make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]
    ) -> None:
        super().__init__()
        self._packed, self._make = packed, make
        self._machine = make()
        self._held = b""  # behind the end of a stream
        self._begun = False

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = _PIECE if size is None or size < 0 else size
        while wanted:
            if self._machine.eof:
                self._held = self._machine.unused_data
                self._machine, self._begun = self._make(), False
            data = b""
            if self._machine.needs_input:
                data = self._held or self._packed.read(_PIECE)
                self._held = b""
                if not data:
                    if self._begun:
                        raise EOFError("the stream ends before its end mark")
                    return b""
                self._begun = True
            if block := self._machine.decompress(data, wanted):
                return block
        return b""


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=_LIMIT_MEMORY)


def _zstd(packed: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd"))


_UNPACKERS: dict[str, tuple[str, Callable[[BinaryIO], BinaryIO]]] = {
    ".gz": ("gzip", lambda packed: cast("BinaryIO", gzip.GzipFile(fileobj=packed, mode="rb"))),
    ".bz2": ("bzip2", lambda packed: cast("BinaryIO", _Stream(packed, bz2.BZ2Decompressor))),
    ".xz": ("xz", lambda packed: cast("BinaryIO", _Stream(packed, _xz))),
    ".zst": ("zstd", _zstd),
}


def _only_table(archive: zipfile.ZipFile, *, name: str) -> zipfile.ZipInfo:
    """The one member that is a table.

    Raises:
        DataError: there is none, or several; or it is encrypted, or packed in an unusual way.
    """
    members = [
        member
        for member in archive.infolist()[:_LIMIT_MEMBERS]
        if not member.is_dir()
        and not member.filename.startswith("__MACOSX/")
        and PurePosixPath(member.filename).suffix.lower() in (*TEXT_ENDINGS, *JSON_ENDINGS)
    ]
    if len(members) != 1:
        held = ", ".join(shorten(member.filename, 40) for member in members[:5])
        raise DataError(
            f"the archive holds {len(members)} tables of text{': ' + held if held else ''}, expected 1",
            where=name,
            mend="unpack it, and name the file or the folder: data: {source: FOLDER}",
        )
    member = members[0]
    if member.flag_bits & 1 or member.compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        odd = "encrypted" if member.flag_bits & 1 else f"packed by method {member.compress_type}"
        raise DataError(
            f"the member {shorten(member.filename, 40)} is {odd}",
            where=name,
            mend="unpack it, and name the file",
        )
    return member


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120] or type(error).__name__
