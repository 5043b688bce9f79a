"""A stream that is hashed while it is read: the hash is of the bytes that were used, not of a second look."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

from trainwright.core.errors import DataError

_PIECE = 1 << 20


class Hashed(io.RawIOBase):
    """Hands bytes on; `sha256` and `bytes_read` are of all that went through.

    Args:
        stream: The bytes, at their start.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._digest = hashlib.sha256()
        self.bytes_read = 0

    @property
    def sha256(self) -> str:
        """Of what was read so far."""
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        block = self._stream.read(_PIECE if size is None or size < 0 else size)
        self._digest.update(block)
        self.bytes_read += len(block)
        return block

    def drain(self) -> None:
        """Read what is left, so that the hash is of the whole file."""
        while self.read(_PIECE):
            pass


def hash_whole(stream: BinaryIO, *, name: str) -> tuple[str, int]:
    """SHA-256 and number of a file's bytes, for formats that are then read in parts; back at its start.

    Raises:
        DataError: there are none.
    """
    hashed = Hashed(stream)
    hashed.drain()
    if not hashed.bytes_read:
        raise DataError("the file is empty", where=name, mend="name a file that has rows")
    stream.seek(0)
    return hashed.sha256, hashed.bytes_read
