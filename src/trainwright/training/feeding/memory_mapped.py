"""Columns on disk that are larger than memory, and a source that maps them.

A folder holds one raw little-endian file a column, and `columns.json` with their types, shapes and
hashes. The writer takes blocks of rows, so that it never holds all of them; the kernel brings in the
pages that a batch touches, and drops them again when memory is short.

Cost: a page fault (some 100 microseconds from a disk) for each row that is not in memory yet.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import read_json, sha256_file, staged_folder, write_json
from trainwright.core.errors import DataError, TrustError, shorten
from trainwright.training.feeding.sources import ArraySource

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors

_INDEX = "columns.json"
_TYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


def write_columns(folder: Path, blocks: Iterable[Mapping[str, NDArray[Any]]]) -> None:
    """Write blocks of rows, one after the other, to a new folder; it is there whole or not at all.

    Args:
        folder: Must not exist.
        blocks: Each with the same columns, of the same types and, but for the rows, the same shapes.

    Raises:
        DataError: a block does not fit the first one, a type cannot be written, or there is no block.
        EnvironmentFault: `folder` exists, or the disk is full.
    """
    with staged_folder(folder) as staged, ExitStack() as files:
        columns: list[_Writer] = []
        for number, block in enumerate(blocks):
            if not columns:
                for name, values in block.items():
                    path = staged / f"{len(columns)}.bin"
                    columns.append(_Writer(name, files.enter_context(path.open("wb")), values))
            _check_block(block, columns, number)
            for column in columns:
                column.add(block[column.name])
        if not columns:
            raise DataError("there are no rows to write", mend="give one block of rows at least")
        write_json(staged / _INDEX, {"columns": [column.to_json() for column in columns]})


def map_columns(folder: Path, *, check_hashes: bool = False) -> Mapping[str, NDArray[Any]]:
    """The columns of a folder by name, mapped into memory: for `RaggedSource`, or a source of one's own.

    Args:
        folder: As `write_columns` wrote it.
        check_hashes: Read each file once and compare it with its hash; sizes are compared always.

    Raises:
        TrustError: a file is missing, or is not what was written.
    """
    return {
        entry["name"]: _mapped(folder / f"{position}.bin", entry, check_hash=check_hashes)
        for position, entry in enumerate(_entries(folder / _INDEX))
    }


class MemoryMappedSource:
    """The columns of a folder that `write_columns` wrote, mapped into memory.

    Args:
        folder: As written.
        check_hashes: See `map_columns`.

    Raises:
        TrustError: a file is missing, or is not what was written.
    """

    def __init__(self, folder: Path, *, check_hashes: bool = False) -> None:
        columns = map_columns(folder, check_hashes=check_hashes)
        self._files = [folder / f"{position}.bin" for position in range(len(columns))]
        self._stamps = [_stamp(file) for file in self._files]
        self._rows = ArraySource(**columns)

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """Rows as `ArraySource` gives them.

        Raises:
            DataError: a file was changed or removed since the source was opened.
        """
        for file, stamp in zip(self._files, self._stamps, strict=True):
            if _stamp(file) != stamp:
                raise DataError(
                    "a file was changed or removed while it was read",
                    where=str(file),
                    mend="write the columns anew, and start again",
                )
        return self._rows.batch(rows, epoch=epoch, training=training)


class _Writer:
    """One column on its way to disk."""

    def __init__(self, name: str, file: IO[bytes], first: NDArray[Any]) -> None:
        if first.dtype.name not in _TYPES:
            raise DataError(
                f"no type for {shorten(first.dtype)}",
                where=name,
                mend=f"write one of {', '.join(_TYPES)}",
            )
        self.name = name
        self.dtype = first.dtype.newbyteorder("<")
        self.shape = first.shape[1:]
        self._file = file
        self._hash = hashlib.sha256()
        self._num_rows = 0

    def add(self, values: NDArray[Any]) -> None:
        data = np.ascontiguousarray(values, dtype=self.dtype).tobytes()
        self._file.write(data)
        self._hash.update(data)
        self._num_rows += len(values)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": self.dtype.name,
            "shape": [self._num_rows, *self.shape],
            "sha256": self._hash.hexdigest(),
        }


def _check_block(
    block: Mapping[str, NDArray[Any]], columns: Sequence[_Writer], number: int
) -> None:
    expected = {column.name: (column.dtype.name, column.shape) for column in columns}
    found = {name: (values.dtype.name, values.shape[1:]) for name, values in block.items()}
    if found != expected:
        raise DataError(
            f"columns {shorten(found, 200)}, where the first block has {shorten(expected, 200)}",
            where=f"block {number}",
            mend="give each block the same columns, types and shapes",
        )
    if len({len(values) for values in block.values()}) > 1:
        raise DataError(
            "columns of different length",
            where=f"block {number}",
            mend="give each column of a block the same number of rows",
        )


def _entries(index: Path) -> Sequence[Mapping[str, Any]]:
    document = read_json(index)
    try:
        entries: list[dict[str, Any]] = [
            {
                "name": str(entry["name"]),
                "type": _TYPES[_TYPES.index(entry["type"])],
                "shape": tuple(int(size) for size in entry["shape"]),
                "sha256": str(entry["sha256"]),
            }
            for entry in document["columns"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise TrustError("not an index of columns", where=str(index)) from error
    if not entries or any(min(entry["shape"], default=-1) < 0 for entry in entries):
        raise TrustError("not an index of columns", where=str(index))
    return entries


def _mapped(file: Path, entry: Mapping[str, Any], *, check_hash: bool) -> NDArray[Any]:
    """A column's file as an array; a private mapping, so that nothing done to it reaches the file."""
    dtype = np.dtype(entry["type"]).newbyteorder("<")
    shape = entry["shape"]
    expected = math.prod(shape) * dtype.itemsize
    size = _stamp(file)[0]
    if size != expected:
        raise TrustError(f"{size} bytes, where {expected} were written", where=str(file))
    if check_hash and sha256_file(file) != entry["sha256"]:
        raise TrustError("not the bytes that were written: its hash differs", where=str(file))
    if expected == 0:
        return np.empty(shape, dtype)
    return np.memmap(file, dtype=dtype, mode="c", shape=shape)


def _stamp(file: Path) -> tuple[int, int, int]:
    """Size, time of the last change and inode; (-1, -1, -1) for what is not there."""
    try:
        found = file.stat()
    except OSError:
        return -1, -1, -1
    return found.st_size, found.st_mtime_ns, found.st_ino
