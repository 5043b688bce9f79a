"""The bytes of a text file as UTF-8, block by block, with their hash.

UTF-8 with or without a byte order mark and UTF-16 with one are read without a question; every
other encoding is asked for by name, because a guess would change values silently. Cost: other
encodings go through one decode and one encode, about 300 MB/s.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from trainwright.core.errors import DataError, Fault, RecipeError

BLOCK_BYTES = 8 << 20
_HEAD_BYTES = 1 << 16  # that stay
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Utf8Blocks:
    """Iterates over a file's text as UTF-8 bytes; `sha256` and `bytes_read` are of the raw bytes.

    Args:
        stream: The file, at its start.
        name: For messages.
        encoding: As the recipe says, or None to look for a byte order mark.
        block_bytes: Raw bytes a block.
    """

    def __init__(
        self, stream: BinaryIO, *, name: str, encoding: str | None, block_bytes: int = BLOCK_BYTES
    ) -> None:
        self._stream = stream
        self._name = name
        self._block_bytes = block_bytes
        self._digest = hashlib.sha256()
        self.bytes_read = 0
        self.head = self._read()
        self.mark, self.encoding = _encoding_of(self.head, encoding)

    @property
    def sha256(self) -> str:
        """Of what was read so far."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        """UTF-8 bytes; not yet checked where the file itself is UTF-8."""
        block, self.head = self.head[len(self.mark) :], self.head[:_HEAD_BYTES]
        if codecs.lookup(self.encoding).name == "utf-8":
            while block:
                yield block
                del block  # before the next is read
                block = self._read()
            return
        decoder = codecs.getincrementaldecoder(self.encoding)()
        while block:
            yield self._decoded(decoder, block)
            block = self._read()
        yield self._decoded(decoder, b"", final=True)

    def _decoded(
        self, decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False
    ) -> bytes:
        try:
            return decoder.decode(block, final).encode()
        except UnicodeError as error:
            at = self.bytes_read - len(block) + getattr(error, "start", 0)
            raise DataError(
                f"byte {at} of the file is not {self.encoding}",
                where=self._name,
                mend="set the right encoding, e.g. data: {encoding: latin-1}",
            ) from error

    def _read(self) -> bytes:
        pieces, missing = [], self._block_bytes
        while missing and (piece := self._stream.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        block = b"".join(pieces)
        self._digest.update(block)
        self.bytes_read += len(block)
        return block


def invalid_utf8(block: bytes, *, name: str, first_line: int) -> Fault | None:
    """The first byte of `block` that is no UTF-8, with its line and the likely encoding."""
    if block.isascii():
        return None
    try:
        block.decode()
        return None
    except UnicodeDecodeError as error:
        at = error.start
    line = first_line + block.count(b"\n", 0, at)
    column = at - block.rfind(b"\n", 0, at)
    windows = any(0x80 <= byte < 0xA0 for byte in block[at : at + 1])
    guess = "cp1252" if windows else "latin-1"
    try:
        start, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
        sample = block[start : end if end >= 0 else len(block)].decode(guess)[:60]
    except UnicodeDecodeError:
        guess, sample = "latin-1", ""
    reading = f"; as {guess} the line reads {sample!r}" if sample else ""
    return Fault(
        f"byte 0x{block[at]:02X} is not UTF-8{reading}",
        f"{name}:{line}:{column}",
        f"data: {{encoding: {guess}}}",
    )


def _encoding_of(head: bytes, encoding: str | None) -> tuple[bytes, str]:
    """The byte order mark to skip, and the encoding."""
    mark, marked = next(((m, e) for m, e in _MARKS if head.startswith(m)), (b"", "utf-8"))
    if encoding is None:
        return mark, marked
    try:
        known = codecs.lookup(encoding).name
        bytes(4).decode(known)  # a LookupError for codecs that are none of text, such as hex
        codecs.getincrementaldecoder(known)
    except (LookupError, ValueError) as error:  # ValueError: NUL in the name, or no sound codec
        raise RecipeError(
            f"no encoding is called {encoding!r}",
            where="data.encoding",
            mend="data: {encoding: latin-1}",
        ) from error
    if known in ("utf-16", "utf-8-sig") or (mark and known.startswith(marked[:5])):
        return mark, marked if mark else {"utf-8-sig": "utf-8"}.get(known, "utf-16-le")
    return b"", known
