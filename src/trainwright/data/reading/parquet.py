"""Parquet: the types come with the file, and a damaged one is refused before its pages are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as arrow_parquet

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, TrainwrightError, shorten
from trainwright.data.reading.arrow import block_of
from trainwright.data.reading.giants import check_giants, place_of
from trainwright.data.reading.hashed import hash_whole
from trainwright.data.reading.header import name_findings
from trainwright.data.reading.parquet_batches import batches
from trainwright.data.reading.schema import check_moments, check_schema, without
from trainwright.data.reading.tables import RawBlock


@dataclass(slots=True)
class ParquetFile:
    """One Parquet file; columns may be numbers, texts, booleans, dates and dictionaries of those.

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

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order, with the file's own types (see `Reader`)."""
        self.sha256, self.bytes_read = hash_whole(self.stream, name=self.name)
        try:
            file = arrow_parquet.ParquetFile(self.stream, pre_buffer=False)  # else all is held
            self.names = tuple(file.schema_arrow.names)
            odd = check_schema(
                file.schema_arrow,
                nested=self.nested,
                conversations=self.conversations,
                is_looked_at=self.is_looked_at,
                name=self.name,
            )
            self.findings.extend(name_findings(self.names))
            num_rows = 0
            for batch in batches(file, self.stream):
                _check_texts(batch)
                block = block_of(without(batch, odd), self.conversations)
                frame = check_moments(
                    block.frame, self.names, self.is_looked_at, name=self.name, first_row=num_rows
                )
                check_giants(
                    frame, self.names, self.is_looked_at, place=place_of(self.name, num_rows)
                )
                num_rows += batch.num_rows
                yield RawBlock(frame)
            if num_rows != file.metadata.num_rows:
                told = file.metadata.num_rows
                raise pa.ArrowInvalid(f"the footer tells of {told} rows, but {num_rows} are there")
        except TrainwrightError:
            raise
        except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
            raise DataError(
                f"the Parquet file is damaged or cut: {str(error).splitlines()[0][:160]}",
                where=self.name,
                mend="write or fetch it again",
            ) from error


def _check_texts(batch: pa.RecordBatch) -> None:
    """Refuse (ArrowInvalid) texts that are no UTF-8: Parquet's readers trust what the writer said of them."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_primitive(column.type):
            continue
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            raise pa.ArrowInvalid(f"column {shorten(name)}: {error}") from error
