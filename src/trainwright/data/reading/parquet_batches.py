"""How many rows of a Parquet file are decoded at once, so that a small file does not fill the memory.

A text that repeats stands in the file once, in the dictionary of its row group: 25 kB can hold gigabytes.
What a batch comes to is at most its rows times the longest text of the dictionary, besides what stands in the
pages themselves. So where it could be much, the dictionary is looked at before: a page a row group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as arrow_parquet

ROWS = 65_536
_BATCH_BYTES = 256 << 20


def batches(file: arrow_parquet.ParquetFile, stream: BinaryIO) -> Iterator[pa.RecordBatch]:
    """All rows, in order.

    Args:
        file: Opened on the stream.
        stream: Its bytes.
    """
    groups: list[int] = []
    for group in range(file.metadata.num_row_groups):
        rows = _rows_at_once(file.metadata, group, stream)
        if rows == ROWS:
            groups.append(group)  # small ones are joined to batches
            continue
        if groups:
            yield from file.iter_batches(ROWS, row_groups=groups)
        groups = []
        yield from file.iter_batches(rows, row_groups=[group])
    if groups or not file.metadata.num_row_groups:
        yield from file.iter_batches(ROWS, row_groups=groups)


def _rows_at_once(footer: arrow_parquet.FileMetaData, group: int, stream: BinaryIO) -> int:
    """Rows of a group that are decoded at once."""
    told = footer.row_group(group)
    at_once = min(told.num_rows, ROWS)
    chunks = [told.column(at) for at in range(told.num_columns)]
    doubtful = [
        chunk
        for chunk in chunks
        if chunk.physical_type == "BYTE_ARRAY"
        and chunk.has_dictionary_page
        and at_once * chunk.total_uncompressed_size > _BATCH_BYTES
    ]
    if not doubtful:
        return ROWS
    names = [chunk.path_in_schema for chunk in doubtful]
    reader = arrow_parquet.ParquetFile(
        stream, metadata=footer, read_dictionary=names, pre_buffer=False
    )
    first = next(reader.iter_batches(1, row_groups=[group], columns=names), None)
    longest = sum(map(_longest, first.columns)) if first is not None else 0
    return ROWS if at_once * longest <= _BATCH_BYTES else max(1, _BATCH_BYTES // longest)


def _longest(cells: pa.Array) -> int:
    """Bytes of the longest text of a dictionary."""
    if not pa.types.is_dictionary(cells.type) or not len(cells.dictionary):
        return 0
    return int(compute.max(compute.binary_length(cells.dictionary)).as_py() or 0)
