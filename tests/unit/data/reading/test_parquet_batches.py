"""A small Parquet file does not fill the memory, and every row comes once and in order."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from trainwright.data.reading.parquet_batches import ROWS, batches


def read(table: pa.Table, **said: int) -> list[pa.RecordBatch]:
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd", **said)
    return list(batches(pq.ParquetFile(stream, pre_buffer=False), stream))


def test_texts_that_stand_once_in_the_file_are_decoded_a_few_rows_at_a_time() -> None:
    words = pa.array(["x" * 2**20, "z" * 2**20]).take(pa.array([i % 2 for i in range(1000)]))
    found = read(pa.table({"a": words, "n": pa.array(range(1000))}))
    assert max(batch.nbytes for batch in found) <= 257 << 20
    assert [n for batch in found for n in batch.column(1).to_pylist()] == list(range(1000))


def test_short_texts_are_read_in_whole_batches_across_row_groups() -> None:
    table = pa.table({"a": [f"w{i % 3000}" for i in range(200_000)], "n": range(200_000)})
    for rows in (7_000, 200_000):
        found = read(table, row_group_size=rows)
        assert pa.Table.from_batches(found).equals(table)
        assert max(batch.num_rows for batch in found) == ROWS


def test_a_file_without_rows_gives_none() -> None:
    assert sum(batch.num_rows for batch in read(pa.table({"a": pa.array([], pa.string())}))) == 0
