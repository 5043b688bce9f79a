"""Parquet: the types come with the file, and a damaged one is refused before its pages are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as arrow_parquet

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, Fault, shorten
from trainwright.data.reading.header import name_faults, name_findings
from trainwright.data.reading.tables import RawBlock

_ROWS = 65_536


@dataclass(slots=True)
class ParquetFile:
    """One Parquet file; columns may be numbers, texts, booleans, dates and dictionaries of those.

    Columns of `nested` may hold lists of texts or of whole numbers, or images as structs {bytes, path}.
    """

    stream: BinaryIO
    name: str
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    sha256: str = ""
    bytes_read: int = 0
    nested: tuple[str, ...] = ()

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order, with the file's own types (see `Reader`)."""
        self._hash()
        try:
            file = arrow_parquet.ParquetFile(self.stream)
            self._check_schema(file.schema_arrow)
            positions = [str(index) for index in range(len(self.names))]
            for batch in file.iter_batches(_ROWS):
                frame = pl.from_arrow(pa.Table.from_batches([batch]))
                assert isinstance(frame, pl.DataFrame)
                yield RawBlock(frame.rename(dict(zip(frame.columns, positions, strict=True))))
        except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
            raise DataError(
                f"the Parquet file is damaged or cut: {str(error).splitlines()[0][:160]}",
                where=self.name,
                mend="write or fetch it again",
            ) from error

    def _hash(self) -> None:
        digest = hashlib.sha256()
        while block := self.stream.read(1 << 20):
            digest.update(block)
            self.bytes_read += len(block)
        self.sha256 = digest.hexdigest()
        if not self.bytes_read:
            raise DataError("the file is empty", where=self.name, mend="name a file that has rows")
        self.stream.seek(0)

    def _check_schema(self, schema: pa.Schema) -> None:
        faults = name_faults(schema.names, where=self.name)
        for item in schema:
            kind = item.type
            if item.name in self.nested and (_is_list(kind) or _is_image(kind)):
                continue
            if isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind):
                faults.append(
                    Fault(
                        f"column {shorten(item.name)} is of type {str(kind)[:60]}, which is no plain value",
                        self.name,
                        "flatten it into plain columns, or leave it out of the file",
                    )
                )
        if faults:
            raise DataError.of(faults[:10])
        self.names = tuple(schema.names)
        self.findings.extend(name_findings(self.names))


def _is_image(kind: pa.DataType) -> bool:
    """A struct of an image's bytes and path, as data sets of the Hub have."""
    return pa.types.is_struct(kind) and {field.name for field in kind} == {"bytes", "path"}


def _is_list(kind: pa.DataType) -> bool:
    """A list of texts, of dictionaries of texts, or of whole numbers."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return False
    inner = kind.value_type
    if pa.types.is_dictionary(inner):
        inner = inner.value_type
    return bool(
        pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_integer(inner)
    )
