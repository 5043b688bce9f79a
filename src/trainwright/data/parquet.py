"""Files of a snapshot, written and read block by block.

Small blocks are put together until a row group is worth its overhead. Bytes of images stand beside
their split, uncompressed, so that they can be mapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as arrow_parquet

from trainwright.core.artifacts import Split
from trainwright.core.durable import disk_fault
from trainwright.core.errors import TrustError
from trainwright.data.digests import FrameDigest

IMAGES_FILE = "{}.images.arrow"  # of a split
_GROUP_ROWS = 1 << 18
_GROUP_BYTES = 64 << 20
_LOOKED_AT = 10_000  # values of a column, before it is written with a dictionary


class TableFile:
    """A Parquet file being written; use it as a context.

    Args:
        path: The file.
        schema: Of its columns.
    """

    def __init__(self, path: Path, schema: Mapping[str, pl.DataType]) -> None:
        self._path = path
        self._schema = dict(schema)
        self._waiting: list[pl.DataFrame] = []
        self._rows = self._bytes = 0
        self._writer: arrow_parquet.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
            if self._writer is not None:
                self._writer.close()
        except OSError as error:
            if kind is None:
                raise disk_fault(error, self._path) from error

    def add(self, block: pl.DataFrame) -> None:
        """The next rows.

        Raises:
            EnvironmentFault: the disk refuses.
        """
        self._waiting.append(block)
        self._rows += block.height
        self._bytes += int(block.estimated_size())
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            try:
                self._flush()
            except OSError as error:
                raise disk_fault(error, self._path) from error

    def _flush(self) -> None:
        """Write what waits; at the end of a file without rows at least its schema."""
        if not self._rows and self._writer is not None:
            return
        whole = pl.concat([pl.DataFrame(schema=self._schema), *self._waiting], rechunk=False)
        table = whole.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            repeating = [name for name in whole.columns if _repeats(whole[name])]
            self._writer = arrow_parquet.ParquetWriter(
                self._path,
                table.schema,
                compression=_compression(whole, repeating),
                use_dictionary=repeating,
                column_encoding=dict.fromkeys(_rising(whole, repeating), "DELTA_BINARY_PACKED")
                or None,
                write_statistics=False,
            )
        self._writer.write_table(table, row_group_size=max(1, whole.height))
        self._waiting, self._rows, self._bytes = [], 0, 0


def _compression(frame: pl.DataFrame, repeating: Sequence[str]) -> str | dict[str, str]:
    """Texts that differ are worth it; codes of a dictionary and other numbers hardly get shorter."""
    if any(kind.is_nested() for kind in frame.dtypes):
        return "snappy"
    plain = {name for name, kind in frame.schema.items() if kind != pl.String}.union(repeating)
    return {name: "none" if name in plain else "snappy" for name in frame.columns}


def _rising(frame: pl.DataFrame, repeating: Sequence[str]) -> list[str]:
    """Positions of rows: from one to the next it is a small step."""
    known = {*repeating}
    return [name for name, kind in frame.schema.items() if kind == pl.Int64 and name not in known]


def _repeats(values: pl.Series) -> bool:
    """Are there so few different values that a dictionary of them is shorter, and sooner written?"""
    if isinstance(values.dtype, pl.List):
        return values.dtype.inner == pl.String
    few = values.head(_LOOKED_AT)
    return values.dtype != pl.Boolean and few.n_unique() * 4 < len(few)


class SplitFile:
    """The rows of one split being written, with their digest; use it as a context.

    Args:
        folder: The snapshot's.
        split: Which.
        schema: Of its columns, images among them.
    """

    def __init__(self, folder: Path, split: Split, schema: Mapping[str, pl.DataType]) -> None:
        images = {name: kind for name, kind in schema.items() if kind == pl.Binary}
        plain = {name: kind for name, kind in schema.items() if name not in images}
        self.digest = FrameDigest({**plain, **images})
        self._images = list(images)
        self._table = TableFile(folder / f"{split.value}.parquet", plain)
        self._path = folder / IMAGES_FILE.format(split.value)

    def __enter__(self) -> Self:
        self._table.__enter__()
        if self._images:
            empty = pl.DataFrame(schema=dict.fromkeys(self._images, pl.Binary))
            try:
                self._beside = pa.ipc.new_file(
                    self._path, empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
                )
            except OSError as error:
                raise disk_fault(error, self._path) from error
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self._table.__exit__(kind, *rest)
        if self._images:
            self._beside.close()

    def add(self, block: pl.DataFrame) -> None:
        """The next rows.

        Raises:
            EnvironmentFault: the disk refuses.
        """
        self.digest.add(block)
        self._table.add(block.drop(self._images))
        if self._images:
            images = block.select(self._images).rechunk()
            try:
                self._beside.write_table(images.to_arrow(compat_level=pl.CompatLevel.oldest()))
            except OSError as error:
                raise disk_fault(error, self._path) from error


def blocks_of_file(
    path: Path, columns: Sequence[str] | None = None, *, rows: int = 1 << 16
) -> Iterator[pl.DataFrame]:
    """A Parquet file of ours, block by block, in order; one block without rows where there are none.

    Raises:
        TrustError: it is missing or damaged.
    """
    try:
        with arrow_parquet.ParquetFile(path, pre_buffer=False) as file:  # else all is held
            wanted = None if columns is None else list(columns)
            schema = file.schema_arrow
            names = schema.names if wanted is None else wanted
            empty = pl.from_arrow(schema.empty_table().select(names))
            assert isinstance(empty, pl.DataFrame)
            if not file.metadata.num_rows:
                yield empty
            for batch in file.iter_batches(rows, columns=wanted):
                frame = pl.from_arrow(pa.Table.from_batches([batch]))
                assert isinstance(frame, pl.DataFrame)
                yield frame.cast(empty.schema)
    except FileNotFoundError as error:
        raise TrustError("a file of the snapshot is missing", where=str(path)) from error
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        raise TrustError(
            f"a file of the snapshot cannot be read: {error}", where=str(path)
        ) from error
