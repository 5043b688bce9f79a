"""Arrow IPC and Feather: read a record batch at a time, and each is checked whole before it is used.

The format trusts its writer: an offset beyond its buffer would read memory that is not the file's, so
`validate(full=True)` stands before every batch. Cost of it: about a tenth of the reading. Memory is one
batch of the file, whatever its writer made of it; over 2 GiB it is refused.

Source: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.compute as compute

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, TrainwrightError
from trainwright.data.reading.giants import check_giants, place_of
from trainwright.data.reading.hashed import hash_whole
from trainwright.data.reading.header import name_findings
from trainwright.data.reading.schema import check_moments, check_schema, without
from trainwright.data.reading.tables import RawBlock
from trainwright.data.reading.values import json_of

LIMIT_BATCH_BYTES = 2 << 30
_ROWS = 65_536
_FILE, _OLD = b"ARROW1", b"FEA1"


@dataclass(slots=True)
class ArrowFile:
    """One Arrow file (with a footer), Feather file of version 2, or stream of record batches.

    Columns of `nested` may hold lists of texts or of whole numbers, or images as structs {bytes, path}.
    Columns that nobody looks at may hold anything; they come as nulls. Those of `conversations` may be
    lists of structs; they come as JSON.
    """

    stream: BinaryIO
    name: str
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    left_out: list[tuple[int, str]] = field(default_factory=list)
    sha256: str = ""
    bytes_read: int = 0
    nested: tuple[str, ...] = ()
    is_looked_at: Callable[[str], bool] = lambda _: True
    conversations: tuple[str, ...] = ()
    _odd: tuple[int, ...] = ()

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order, with the file's own types (see `Reader`)."""
        self.sha256, self.bytes_read = hash_whole(self.stream, name=self.name)
        rows = 0
        try:
            for batch in self._batches():
                if batch.nbytes > LIMIT_BATCH_BYTES:
                    raise self._too_large(batch.nbytes)
                batch.validate(full=True)
                for start in range(0, batch.num_rows, _ROWS):
                    part = without(batch.slice(start, _ROWS), self._odd)
                    block = block_of(part, self.conversations)
                    frame = check_moments(
                        block.frame, self.names, self.is_looked_at, name=self.name, first_row=rows
                    )
                    check_giants(
                        frame, self.names, self.is_looked_at, place=place_of(self.name, rows)
                    )
                    rows += part.num_rows
                    yield RawBlock(frame)
        except TrainwrightError:
            raise
        except (pa.ArrowException, OSError, OverflowError, pl.exceptions.PolarsError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
            raise DataError(
                f"the Arrow file is damaged or cut: {reason}",
                where=self.name,
                mend="write or fetch it again",
            ) from error

    def _batches(self) -> Iterator[pa.RecordBatch]:
        head = self.stream.read(8)
        self.stream.seek(0)
        if head.startswith(_OLD):
            raise DataError(
                "a Feather file of version 1, which is no longer written",
                where=self.name,
                mend="write it with pyarrow.feather.write_feather(table, FILE, version=2)",
            )
        if head.startswith(_FILE):
            file = pa.ipc.open_file(self.stream)
            self._take(file.schema)
            for index in range(file.num_record_batches):
                yield file.get_batch(index)
            return
        stream = pa.ipc.open_stream(self.stream)
        self._take(stream.schema)
        yield from stream

    def _take(self, schema: pa.Schema) -> None:
        self.names = tuple(schema.names)
        self._odd = check_schema(
            schema,
            nested=self.nested,
            conversations=self.conversations,
            is_looked_at=self.is_looked_at,
            name=self.name,
        )
        self.findings.extend(name_findings(self.names))

    def _too_large(self, num_bytes: int) -> DataError:
        return DataError(
            f"a record batch of {num_bytes} bytes, more than {LIMIT_BATCH_BYTES >> 30} GiB",
            where=self.name,
            mend="write it in smaller batches, e.g. write_feather(table, FILE, chunksize=65536)",
        )


def block_of(batch: pa.RecordBatch, conversations: Sequence[str] = ()) -> RawBlock:
    """A record batch as a block, its columns named by position.

    Lists of structs are JSON. What has no number that holds it (decimals of more than 38 digits) and what
    a text says as well (times of day) are texts, read as those of a CSV file are.
    """
    for position, name in enumerate(batch.schema.names):
        cells = batch.column(position)
        if name in conversations and pa.types.is_nested(cells.type):
            texts = [json_of(cell) for cell in cells.to_pylist()]
            batch = batch.set_column(position, name, pa.array(texts, pa.large_string()))
        elif pa.types.is_run_end_encoded(cells.type):
            batch = batch.set_column(position, name, compute.run_end_decode(cells))
        elif pa.types.is_decimal256(cells.type) or pa.types.is_time(cells.type):
            batch = batch.set_column(position, name, cells.cast(pa.string()))
        elif pa.types.is_decimal(cells.type) and cells.type.scale < 0:  # which Polars does not have
            batch = batch.set_column(position, name, cells.cast(pa.decimal128(38, 0)))
    positions = [str(index) for index in range(batch.num_columns)]
    frame = pl.from_arrow(pa.Table.from_batches([batch]).rename_columns(positions))
    assert isinstance(frame, pl.DataFrame)
    return RawBlock(frame)
