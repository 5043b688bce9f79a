"""Rows of today in long format: put together as the model's snapshot was, to be answered or judged.

To be answered, a series is one row: of a forecast its last `context` steps. To be judged (monitoring),
whole series come with their target, and of a forecast each series is cut, from its end, into windows
whose steps ahead are known. A table is read whole, since the steps of a series may stand anywhere in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from trainwright.core.columns import Column, ColumnType, Target
from trainwright.core.errors import DataError, counted, shorten
from trainwright.data.reading.live import read_all
from trainwright.data.reading.naming import Location
from trainwright.data.reading.tables import TypedBlock
from trainwright.data.series.steps import natural_order
from trainwright.data.series.windows import lists_between

BLOCK_SERIES = 1_024
_PLACE = "__place__"


def read_series(
    sources: Sequence[Location],
    inputs: Sequence[Column],
    target: Target,
    *,
    judged: bool = False,
    **how: Any,  # noqa: ANN401 - of `read_typed`
) -> Iterator[TypedBlock]:
    """Series of a file, in the order of their ids, block by block.

    Args:
        sources: Tables in long format.
        inputs: The channels.
        target: Says how id and time are read, and how far a forecast looks back.
        judged: With what was predicted, where the file has it: the target's column, or the steps ahead.
        how: What is said of reading, as `read_typed` takes it.

    Yields:
        Blocks with the id (where series have one), the channels as lists, and `target.frame_column`.

    Raises:
        DataError: a column is missing, a value does not parse, times without order.
    """
    assert target.time is not None
    of_series = [target.time] if target.identifier is None else [target.identifier, target.time]
    columns = [*of_series, *(_step_of(column) for column in inputs)]
    with_target = judged and not target.horizon
    if with_target:
        columns.append(target.column)
    optional = (target.name,) if with_target else ()
    blocks = list(read_all(sources, columns, optional=optional, **how))
    frame = _ordered(pl.concat([block.frame for block in blocks]), target, sources[0].name)
    found = _grouped(frame, inputs, target, judged=judged)
    extra = blocks[0].extra
    for start in range(0, max(found.height, 1), BLOCK_SERIES):
        yield TypedBlock(found.slice(start, BLOCK_SERIES), start, extra)


def _step_of(column: Column) -> Column:
    """How one step of a channel is read."""
    return replace(column, type=ColumnType.BOOLEAN if column.true else ColumnType.NUMBER)


def _ordered(frame: pl.DataFrame, target: Target, name: str) -> pl.DataFrame:
    """Steps in the order of (id, time).

    Raises:
        DataError: a row has no time or no id, or the time of another one.
    """
    assert target.time is not None
    frame = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(_PLACE))
    keys = [target.time.name]
    if target.identifier is not None:
        keys.insert(0, target.identifier.name)
    for key in keys:
        gone = frame.filter(pl.col(key).is_null())
        if gone.height:
            raise DataError(
                f"{counted(gone.height, 'rows have')} no {shorten(key)}: a step has no place without it",
                where=f"{name} row {gone[_PLACE][0]}",
                mend="fill it in, or remove these rows",
            )
    frame = frame.sort(*keys, _PLACE)
    tied = frame.filter(pl.all_horizontal(pl.col(key) == pl.col(key).shift(1) for key in keys))
    if tied.height:
        raise DataError(
            f"{counted(tied.height, 'rows have')} the same {' and '.join(map(shorten, keys))} as another row",
            where=f"{name} row {tied[_PLACE][0]}",
            mend="remove one of each two",
        )
    return frame


def _grouped(
    frame: pl.DataFrame, inputs: Sequence[Column], target: Target, *, judged: bool
) -> pl.DataFrame:
    """A row a series, or a window, ordered by id."""
    if target.identifier is None:
        labels, sizes = [""] * bool(frame.height), [frame.height] * bool(frame.height)
    else:
        counted = frame.group_by(target.identifier.name, maintain_order=True).len()
        labels, sizes = counted[target.identifier.name].to_list(), counted["len"].to_list()
    ends = np.cumsum(np.array(sizes, dtype=np.int64))
    order = natural_order(labels)
    owners: list[int] = []
    starts: list[int] = []
    stops: list[int] = []
    for number in order:
        first, last = int(ends[number]) - sizes[number], int(ends[number])
        for stop in _stops(first, last, target, judged=judged):
            owners.append(number)
            starts.append(max(first, stop - target.context) if target.horizon else first)
            stops.append(stop)
    begin, end = np.array(starts, dtype=np.int64), np.array(stops, dtype=np.int64)
    columns = [
        lists_between(frame[c.name].cast(pl.Float64), begin, end).alias(c.name) for c in inputs
    ]
    if judged and target.horizon:
        ahead = lists_between(frame[target.name], end, end + target.horizon)
        columns.append(ahead.alias(target.frame_column))
    elif judged and target.name in frame.columns:
        firsts = [
            next((v for v in frame[target.name][a:b] if v is not None), None)
            for a, b in zip(starts, stops, strict=True)
        ]
        columns.append(pl.Series(target.name, firsts, dtype=frame[target.name].dtype))
    if target.identifier is not None:
        names = [labels[number] for number in owners]
        columns.insert(0, pl.Series(target.identifier.name, names, dtype=pl.String))
    return pl.DataFrame(columns)


def _stops(first: int, last: int, target: Target, *, judged: bool) -> list[int]:
    """Where the histories of a series end: at its own end; to be judged, a horizon before it and on."""
    if not (judged and target.horizon):
        return [last]
    latest = last - target.horizon
    least = first + min(target.context, max(1, latest - first))
    return list(range(latest, least - 1, -target.horizon))[::-1]
