"""The columns of a file that brings its own types: only plain values, and no type of anyone's making.

An extension type may carry code or meaning that a reader must know (CVE-2023-47248 was one); it is refused
by its name, and nothing of it is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import polars as pl
import pyarrow as pa

from trainwright.core.errors import DataError, Fault, counted, shorten
from trainwright.data.reading.header import name_faults

_EXTENSION = b"ARROW:extension:name"
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_897  # of the year 1, and after 9999; days since 1970


def check_schema(
    schema: pa.Schema,
    *,
    nested: tuple[str, ...],
    conversations: tuple[str, ...] = (),
    is_looked_at: Callable[[str], bool],
    name: str,
) -> tuple[int, ...]:
    """Positions of columns that hold no plain values and that nobody reads: see `without`.

    Args:
        schema: As the file tells it.
        nested: Columns that may hold lists of texts or of whole numbers, or structs {bytes, path}.
        conversations: Columns that may hold lists of structs.
        is_looked_at: Of a column: does anyone read it?
        name: The file, for messages.

    Raises:
        DataError: names are twice there or missing, or columns hold no plain values; up to ten.
    """
    faults = name_faults(schema.names, where=name)
    odd = []
    for position, item in enumerate(schema):
        if item.name in nested and (_is_list(item.type) or _is_image(item.type)):
            continue
        if item.name in conversations and pa.types.is_nested(item.type):
            continue
        kind = _odd_kind(item)
        if kind and not is_looked_at(item.name):
            odd.append(position)
        elif kind:
            faults.append(
                Fault(
                    f"column {shorten(item.name)} is of type {kind[:60]}, which is no plain value",
                    name,
                    f"flatten it into plain columns, or data: {{drop: [{json.dumps(item.name)}]}}",
                )
            )
    if faults:
        raise DataError.of(faults[:10])
    return tuple(odd)


def without(batch: pa.RecordBatch, positions: Sequence[int]) -> pa.RecordBatch:
    """A batch with nulls in place of some columns."""
    for position in positions:
        name = batch.schema.field(position).name
        batch = batch.set_column(position, name, pa.nulls(batch.num_rows))
    return batch


def check_moments(
    frame: pl.DataFrame,
    names: Sequence[str],
    is_looked_at: Callable[[str], bool] = lambda _: True,
    *,
    name: str,
    first_row: int,
) -> pl.DataFrame:
    """Refuse dates and moments beyond the years 1 to 9999, which no calendar here writes.

    Returns:
        The frame; a column of such moments that nobody looks at comes as nulls.

    Raises:
        DataError: names the first row of each column.
    """
    faults = []
    for column, values in zip(names, frame.get_columns(), strict=True):
        per_day = _units_of_a_day(values.dtype)
        if not per_day:
            continue
        counts = values.to_physical()
        odd = ((counts < _FIRST_DAY * per_day) | (counts >= _LAST_DAY * per_day)).arg_true()
        if len(odd) and not is_looked_at(column):
            nothing = pl.Series(values.name, [None], dtype=values.dtype)
            frame = frame.with_columns(nothing.new_from_index(0, frame.height))
        elif len(odd):
            faults.append(
                Fault(
                    f"column {shorten(column)}: {counted(len(odd), 'moments are')} beyond the years"
                    " 1 to 9999",
                    f"{name} row {first_row + int(odd[0])}",
                    f"write them as null, or data: {{drop: [{json.dumps(column)}]}}",
                )
            )
    if faults:
        raise DataError.of(faults[:10])
    return frame


def _units_of_a_day(kind: pl.DataType) -> int:
    """How many units of its numbers make a day; 0 of what is never beyond the calendar.

    That is nanoseconds (1677 to 2262), and what is neither date nor moment.
    """
    if isinstance(kind, pl.Datetime):
        return 86_400 * {"ms": 10**3, "us": 10**6, "ns": 0}[kind.time_unit]
    return 1 if kind == pl.Date else 0


def _odd_kind(item: pa.Field) -> str:
    """The type of a column that holds no plain values; empty for all others."""
    kind = item.type
    if isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind):
        return str(kind)
    if item.metadata and _EXTENSION in item.metadata:
        return bytes(item.metadata[_EXTENSION]).decode(errors="replace")
    is_packed = pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind)
    inner = kind.value_type if is_packed else kind
    return str(kind) if pa.types.is_nested(inner) or pa.types.is_interval(inner) else ""


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
