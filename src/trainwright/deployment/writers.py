"""The output formats of batch scoring: how lines are appended, and how the file gets its name.

Text can be appended to. Parquet cannot, so its rows wait in an Arrow stream without an end mark and are
written at the end in row groups of fixed size: the bytes do not depend on how the input was cut, at the cost
of writing the answers twice. Text labels in a CSV file get a leading ' where a spreadsheet would run them.

Source: OWASP, "CSV Injection"; Arrow columnar format, "IPC Streaming Format".
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from trainwright.core.durable import flush_folder, write_with
from trainwright.core.errors import CommandError

ROW_GROUP_ROWS = 65_536
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


class Writer(Protocol):
    """How one format is written piece by piece and finished."""

    def head(self, empty: pl.DataFrame) -> bytes:
        """What stands before the first line."""
        ...

    def lines(self, table: pl.DataFrame) -> bytes:
        """A block's lines."""
        ...

    def finish(self, part: Path, output: Path) -> None:
        """Put the whole file in place; `part` holds head and lines."""
        ...


class CsvWriter:
    """Comma-separated, UTF-8, with a header; labels and ids are made inert."""

    def head(self, empty: pl.DataFrame) -> bytes:
        return _bytes(_flat(empty).write_csv)

    def lines(self, table: pl.DataFrame) -> bytes:
        told = [
            name for name in ("id", "path", "prediction") if table.schema.get(name) == pl.String
        ]
        table = table.with_columns(_inert(name) for name in told)
        flat = _flat(table)
        return _bytes(lambda buffer: flat.write_csv(buffer, include_header=False))

    def finish(self, part: Path, output: Path) -> None:
        part.replace(output)
        flush_folder(output.parent)


class JsonLinesWriter:
    """One JSON object a line."""

    def head(self, empty: pl.DataFrame) -> bytes:
        return b""

    def lines(self, table: pl.DataFrame) -> bytes:
        return _bytes(table.write_ndjson)

    def finish(self, part: Path, output: Path) -> None:
        part.replace(output)
        flush_folder(output.parent)


class ParquetWriter:
    """An Arrow stream without its end mark, turned into Parquet at the end."""

    def head(self, empty: pl.DataFrame) -> bytes:
        return bytes(_arrow(empty).schema.serialize())

    def lines(self, table: pl.DataFrame) -> bytes:
        batches = _arrow(table).combine_chunks().to_batches()
        return b"".join(bytes(batch.serialize()) for batch in batches)

    def finish(self, part: Path, output: Path) -> None:
        write_with(output, lambda aside: self._convert(part, aside))

    def _convert(self, part: Path, aside: Path) -> None:
        with (
            pa.memory_map(str(part)) as file,
            pa.ipc.open_stream(file) as stream,
            pa.parquet.ParquetWriter(aside, stream.schema, compression="zstd") as writer,
        ):
            for table in _groups(stream):
                writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of ROW_GROUP_ROWS rows, whatever the batches are; the last may be smaller."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        while rows >= ROW_GROUP_ROWS:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, ROW_GROUP_ROWS).combine_chunks()
            waiting = table.slice(ROW_GROUP_ROWS).to_batches()
            rows -= ROW_GROUP_ROWS
    if rows:
        yield pa.Table.from_batches(waiting).combine_chunks()


def _arrow(table: pl.DataFrame) -> pa.Table:
    arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest())
    return arrow.cast(pa.schema([(f.name, _plain_type(f.type)) for f in arrow.schema]))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_large_string(kind) else kind


def _flat(table: pl.DataFrame) -> pl.DataFrame:
    """For a format that has no lists: those of one length as columns, NAME_1 and on, others as JSON texts."""
    for name, kind in table.schema.items():
        if isinstance(kind, pl.Array):
            names = [f"{name}_{step + 1}" for step in range(kind.size)]
            steps = pl.col(name).arr.to_struct(fields=names)
            table = table.with_columns(steps).unnest(name)
    lists = [column for column in table.iter_columns() if isinstance(column.dtype, pl.List)]
    return table.with_columns(
        pl.Series(column.name, [json.dumps(value) for value in column.to_list()], dtype=pl.String)
        for column in lists
    )


def _inert(name: str) -> pl.Expr:
    """Labels that no spreadsheet runs."""
    label = pl.col(name)
    risky = pl.any_horizontal([label.str.starts_with(mark) for mark in _FORMULA])
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), label)).otherwise(label).alias(name)


def _bytes(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


WRITERS: dict[str, type[Writer]] = {
    ".csv": CsvWriter,
    ".parquet": ParquetWriter,
    ".jsonl": JsonLinesWriter,
}


def writer_for(output: Path) -> Writer:
    """The writer that a file's ending asks for.

    Raises:
        CommandError: no format has this ending, or a folder has this name.
    """
    if output.suffix not in WRITERS:
        raise CommandError(
            f"no output format has the ending {output.suffix!r}",
            where=str(output),
            mend=f"name it {output.stem or 'predictions'}.csv, .parquet or .jsonl",
        )
    if output.is_dir():
        raise CommandError("the output is a folder", where=str(output), mend="name a file")
    return WRITERS[output.suffix]()
