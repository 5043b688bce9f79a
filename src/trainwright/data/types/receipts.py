"""A column's receipt: how it was read, and how many cells that changed."""

from __future__ import annotations

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types.case import Receipt
from trainwright.data.types.tally import Tally


def receipt_of(column: Column, tally: Tally) -> Receipt:
    """Of a column that was read by its final contract."""
    return Receipt(
        column=column.name,
        reading=in_words(column),
        rows=tally.rows,
        values=tally.values,
        missing=tally.gaps,
        changed=tally.changed,
        misfits=tally.misfits.count,
    )


def in_words(column: Column) -> str:
    """How a column is read, for a person."""
    kind = column.type.value
    if column.type is ColumnType.DATETIME and column.format:
        return f"{kind} as {column.format}"
    if column.type is ColumnType.BOOLEAN and column.true:
        return f"{kind}, true being {', '.join(column.true)}"
    if column.type is ColumnType.NUMBER:
        if column.written is not None and column.written.clock:
            return "clock time" if column.written.clock == "day" else "length of time"
        whole = "whole number" if column.integer else kind
        return f"{whole} with a decimal comma" if column.decimal == "," else whole
    return kind
