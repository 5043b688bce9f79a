"""What a GGUF file says of its model: the names and values at its beginning.

Read by hand, since the package gguf maps each of 100,000 texts on its own (7 s where this takes 0.4 s).
Lengths come from outside, so none is believed beyond the file's end.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any

from trainwright.core.durable import open_regular
from trainwright.core.errors import TrustError

_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
            12: "<d"}  # fmt: skip
_TEXT, _LIST = 8, 9


def read_header(file: Path, *, prefix: str = "") -> dict[str, Any]:
    """The values whose names begin with `prefix`.

    Raises:
        TrustError: it is no GGUF file of version 2 or 3, or its beginning is damaged.
    """
    try:
        with (
            open_regular(file.resolve()) as handle,  # the Hub's cache holds links
            mmap.mmap(handle, 0, access=mmap.ACCESS_READ) as data,
        ):
            found = _Reader(data).values()
        return {name: value for name, value in found if name.startswith(prefix)}
    except (struct.error, ValueError, LookupError, OverflowError, MemoryError) as error:
        raise TrustError(
            f"no GGUF file, or its beginning is damaged: {error!r:.80}",
            where=file.name,
            mend="fetch the file again",
        ) from error


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def values(self) -> list[tuple[str, Any]]:
        magic, version = self._data[:4], self._number("<I", at=4)
        if magic != b"GGUF" or version not in (2, 3):
            raise KeyError(magic)
        self._at = 16  # after the number of tensors
        count = self._number("<Q")
        found = []
        for _ in range(count):
            name = self._text()
            found.append((name, self._value(self._number("<I"))))
        return found

    def _value(self, kind: int) -> Any:  # noqa: ANN401 - of the file
        if kind == _TEXT:
            return self._text()
        if kind != _LIST:
            return self._number(_NUMBERS[kind])
        inner, count = self._number("<I"), self._number("<Q")
        if count > len(self._data):
            raise IndexError(count)
        if inner == _TEXT:
            return [self._text() for _ in range(count)]
        size = struct.calcsize(_NUMBERS[inner])
        form = f"<{count}{_NUMBERS[inner][1]}"
        found = list(struct.unpack_from(form, self._data, self._at))
        self._at += count * size
        return found

    def _text(self) -> str:
        size = self._number("<Q")
        text = self._data[self._at : self._at + size]
        if len(text) != size:
            raise IndexError(size)
        self._at += size
        return text.decode()

    def _number(self, form: str, *, at: int | None = None) -> Any:  # noqa: ANN401 - of the form
        place = self._at if at is None else at
        (number,) = struct.unpack_from(form, self._data, place)
        self._at = place + struct.calcsize(form)
        return number
