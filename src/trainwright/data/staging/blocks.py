"""A table on disk, block by block: what is written once and then read column by column.

The file is a row of Arrow IPC streams, each some columns of one block, so that blocks may have
types of their own (JSON lines) and a column can be written once more behind all others when its
type turns out to be another. Reading maps the file: a column that is not asked for is not touched,
and a block that was read leaves the memory again. Cost: the disk's; nothing is compressed, because
what is staged is read within minutes.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from trainwright.core.durable import disk_fault

_VIEW_BYTES = 16
_SPARE_BYTES = 1 << 20  # that a block may hold without use


@dataclass(frozen=True, slots=True)
class _Piece:
    """One stream of the file: where it is, and the rows in it."""

    start: int
    stop: int
    num_rows: int


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """One block of a store: what whoever sees its file needs, in this process or another.

    Attributes:
        path: The file.
        pieces: Where each column is in it.
        num_rows: Rows.
    """

    path: Path
    pieces: Mapping[str, _Piece]
    num_rows: int

    def read(self, names: Sequence[str]) -> pl.DataFrame:
        """The named columns; they stand on mapped pages, which go with them."""
        size = max((self.pieces[name].stop for name in names), default=0)
        return _read_pieces(_Mapped.of(self.path, size), self.pieces, names)


class BlockStore:
    """Columns of a table in one file; every column has the same blocks once all are written.

    Args:
        path: The file; made when the first block is written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._pieces: dict[str, list[_Piece]] = {}
        self._kinds: dict[str, list[pl.DataType]] = {}

    def write(self, frame: pl.DataFrame) -> None:
        """Append the next block of these columns.

        Raises:
            EnvironmentFault: the disk refuses.
        """
        table = _as_arrow(frame.rechunk())
        try:
            with self._path.open("ab") as file:
                with pa.ipc.new_stream(file, table.schema) as stream:
                    stream.write_table(table)
                stop = file.tell()
        except OSError as error:
            raise disk_fault(error, self._path) from error
        piece = _Piece(self._size, stop, frame.height)
        self._size = stop
        for name, kind in frame.schema.items():
            self._pieces.setdefault(name, []).append(piece)
            self._kinds.setdefault(name, []).append(kind)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def remove(self) -> None:
        """The store and its file are not needed any more."""
        self._path.unlink(missing_ok=True)
        self._pieces, self._kinds = {}, {}

    def forget(self, name: str) -> None:
        """Take a column out, to write it once more."""
        del self._pieces[name], self._kinds[name]

    def replace(self, names: Sequence[str], blocks: Iterable[pl.DataFrame]) -> None:
        """Put other values in place of these columns'; `blocks` may be made from the old ones."""
        written = BlockStore(self._path)
        written._size = self._size
        for block in blocks:
            written.write(block.select(names))
        self._size = written._size
        for name in names:
            self._pieces[name], self._kinds[name] = written._pieces[name], written._kinds[name]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names, in the order in which they were first written."""
        return tuple(self._pieces)

    @property
    def heights(self) -> tuple[int, ...]:
        """Rows of each block."""
        first = next(iter(self._pieces.values()), [])
        return tuple(piece.num_rows for piece in first)

    @property
    def num_rows(self) -> int:
        """Rows."""
        return sum(self.heights)

    def kinds(self, name: str) -> list[pl.DataType]:
        """The types that a column has in its blocks."""
        return self._kinds[name]

    def stored(self, names: Sequence[str]) -> list[StoredBlock]:
        """All blocks, to be read for these columns by whoever sees the file."""
        by_block = zip(*(self._pieces[name] for name in names), strict=True)
        return [
            StoredBlock(self._path, dict(zip(names, pieces, strict=True)), pieces[0].num_rows)
            for pieces in by_block
        ]

    def blocks(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The named columns, block by block, in order; they stand on mapped pages."""
        with _Mapped.of(self._path, self._size) as mapped:
            for number in range(len(self.heights)):
                yield self._block(mapped, number, names)
                mapped.release()

    def gather(self, names: Sequence[str], rows: NDArray[np.int64]) -> pl.DataFrame:
        """The rows at these positions, which rise."""
        found = []
        start = done = 0
        with _Mapped.of(self._path, self._size) as mapped:
            for number, height in enumerate(self.heights):
                stop = done + int(np.searchsorted(rows[done:], start + height))
                if stop > done:
                    block = self._block(mapped, number, names)
                    found.append(detached(block[rows[done:stop] - start]))
                    mapped.release()
                start, done = start + height, stop
        if not found:
            return pl.DataFrame(schema={name: self._kinds[name][0] for name in names})
        return pl.concat(found)

    def to_json(self) -> dict[str, Any]:
        """Where what is; `open_store` needs it."""
        whole = {name: [[p.start, p.stop, p.num_rows] for p in self._pieces[name]]
                 for name in self._pieces}  # fmt: skip
        first = next(iter(whole.values()), [])
        assert all(pieces == first for pieces in whole.values())
        return {"size": self._size, "columns": list(whole), "pieces": first}

    def _block(self, mapped: _Mapped, number: int, names: Sequence[str]) -> pl.DataFrame:
        return _read_pieces(mapped, {name: self._pieces[name][number] for name in names}, names)


def _as_arrow(frame: pl.DataFrame) -> pa.Table:
    """Texts stay the views that they are in memory, so that reading them back converts nothing.

    Views may stand on a buffer of texts that were left out, all of which would be written: then the texts
    are put one behind the other.
    """
    columns = [values.to_arrow(compat_level=_level(values)) for values in frame]
    return pa.table(columns, names=frame.columns)


def _level(values: pl.Series) -> pl.CompatLevel:
    if values.dtype != pl.String:
        return pl.CompatLevel.oldest()
    views = values.to_arrow(compat_level=pl.CompatLevel.newest())
    beside = views.nbytes - _VIEW_BYTES * len(values)
    spare = beside > _SPARE_BYTES and beside > 2 * int(values.str.len_bytes().sum() or 0)
    return pl.CompatLevel.oldest() if spare else pl.CompatLevel.newest()


def detached(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows with their texts moved together, off the pages that they stood on.

    A few rows of each block would otherwise keep many pages resident: the system maps some around each.
    """
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    moved = [frame[name].to_arrow(compat_level=pl.CompatLevel.oldest()) for name in texts]
    return frame.with_columns(
        pl.Series(name, values) for name, values in zip(texts, moved, strict=True)
    )


def open_store(path: Path, value: Mapping[str, Any]) -> BlockStore:
    """A store that was written before; `value` is its `to_json`."""
    store = BlockStore(path)
    pieces = [_Piece(*piece) for piece in value["pieces"]]
    store._size = value["size"]
    store._pieces = {name: list(pieces) for name in value["columns"]}
    with _Mapped.of(path, store._size) as mapped:
        for piece in pieces:
            for name, kind in mapped.read(piece, value["columns"]).schema.items():
                store._kinds.setdefault(name, []).append(kind)
    return store


def _read_pieces(
    mapped: _Mapped, pieces: Mapping[str, _Piece], names: Sequence[str]
) -> pl.DataFrame:
    """These columns of a block, each from where it was written."""
    by_piece: dict[_Piece, list[str]] = {}
    for name in names:
        by_piece.setdefault(pieces[name], []).append(name)
    frames = [mapped.read(piece, asked) for piece, asked in by_piece.items()]
    return (frames[0] if len(frames) == 1 else pl.concat(frames, how="horizontal")).select(names)


class _Mapped:
    """The file as memory, for one pass over it."""

    def __init__(self, pages: mmap.mmap | None) -> None:
        self._pages = pages
        self._whole = pa.py_buffer(pages if pages is not None else b"")

    @classmethod
    def of(cls, path: Path, size: int) -> Self:
        if not size:
            return cls(None)
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()  # the mapping itself ends with the last frame that stands on it

    def read(self, piece: _Piece, names: Sequence[str]) -> pl.DataFrame:
        buffer = self._whole.slice(piece.start, piece.stop - piece.start)
        with pa.ipc.open_stream(buffer) as stream:
            frame = pl.from_arrow(stream.read_all().select(list(names)))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def release(self) -> None:
        if self._pages is not None:
            self._pages.madvise(mmap.MADV_DONTNEED)
