"""What a package remembers of the rows that it was judged on: counts, and no row.

The reference is validation (the latest block, when rows are split by time). Besides the counts of
each column it keeps those of its own blocks: how far these lie apart is ordinary movement, and only
what goes beyond it may alarm. Blocks follow the time where rows were split by time. Elsewhere the
order of rows says nothing (a file may be sorted): groups are dealt to blocks at random, and rows
that belong together with no other need none. Counts are of at least five rows where they carry a
name; edges lie between values. So no customer's row leaves the house.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.language import BYTES, NATS
from trainwright.core.seeds import derive_seed
from trainwright.monitoring.binning import Binning, fit_binnings
from trainwright.summaries.images import brightness
from trainwright.summaries.language import contents

PREDICTION = "(prediction)"  # stands among the columns; the brackets keep it apart from theirs
VERSION = 2
NUM_BLOCKS = 30
MIN_BLOCK_ROWS = 50


def build_reference(
    frame: pl.DataFrame,
    inputs: Sequence[Column],
    *,
    prediction: Prediction,
    target: Target,
    quality: Mapping[str, Any],
    by_time: bool,
    units: ArrayLike | None,
) -> dict[str, Any]:
    """The reference as JSON values.

    Args:
        frame: The rows that the model was judged on, typed, in their order.
        inputs: The columns that the model uses.
        prediction: What the model says of these rows.
        target: What is predicted.
        quality: `metrics` on these rows: name -> {value, low, high}.
        by_time: Rows were split by time, so units follow each other in time.
        units: What is resampled (row, group or block of time), shape (rows,); a unit is not torn
            between two blocks. None stands for rows.
    """
    blocks = cut_blocks(frame.height, units=units, by_time=by_time)
    columns = [
        _counted(binning, values, blocks)
        for name, type_, values in watched(frame, inputs, prediction=prediction, target=target)
        for binning in fit_binnings(name, type_, values)
    ]
    return {
        "version": VERSION,
        "rows": frame.height,
        **_items(frame.height, prediction, target),
        "units": frame.height if units is None else len(np.unique(np.asarray(units))),
        "by_time": by_time,
        "target": target.to_json(),
        "inputs": [column.to_json() for column in inputs],
        "columns": columns,
        "quality": {
            name: {key: float(found[key]) for key in ("value", "low", "high")}
            for name, found in quality["metrics"].items()
        },
    }


def _items(num_rows: int, prediction: Prediction, target: Target) -> dict[str, int]:
    """How many answers were judged, where a row has several."""
    if target.task.is_language or target.task is Task.MULTI_LABEL:
        return {}
    items = int(np.asarray(prediction.values).size)
    return {} if items == num_rows else {"items": items}


def watched(
    frame: pl.DataFrame, inputs: Sequence[Column], *, prediction: Prediction, target: Target
) -> Iterator[tuple[str, ColumnType, pl.Series]]:
    """Every column that may drift, and what the model says: (name, type, values).

    Of two classes the probability of the second is watched, of more the class that is predicted; of
    tagged words how sure the tags of a text are, of several labels how many are told, and of a forecast
    the steps ahead, on average.
    """
    for column in inputs:
        if column.type is ColumnType.WORDS:
            yield column.name, ColumnType.TEXT, frame[column.name].list.join(" ")
        elif column.type is ColumnType.MESSAGES:
            yield column.name, ColumnType.TEXT, contents(frame[column.name])
        elif column.type is ColumnType.SERIES:  # by their mean and how far they spread
            yield column.name, ColumnType.NUMBER, frame[column.name].list.mean()
            spread = frame[column.name].list.std(ddof=0)
            yield f"{column.name} (spread)", ColumnType.NUMBER, spread
        elif column.type is ColumnType.IMAGE:  # by how bright they are
            yield column.name, ColumnType.NUMBER, brightness(frame[column.name])
        else:
            yield column.name, column.type, frame[column.name]
    if prediction.row_words is not None:
        yield PREDICTION, ColumnType.NUMBER, _sureness(prediction, prediction.row_words)
        return
    values = np.asarray(prediction.values, dtype=np.float64)
    if target.task is Task.FORECASTING:  # the mean of the steps ahead
        values = values.mean(axis=1)
    if target.task.is_language:  # bits a byte of each row
        spent = values[:, NATS] / math.log(2)
        values = np.divide(
            spent, values[:, BYTES], out=np.zeros(len(values)), where=values[:, BYTES] > 0
        )
    if target.task is Task.MULTI_LABEL:  # how many labels a row is told to have
        values = values.sum(axis=1)
    if not target.task.has_classes or target.task is Task.MULTI_LABEL:
        yield PREDICTION, ColumnType.NUMBER, pl.Series(values, dtype=pl.Float64)
    elif prediction.probabilities is not None and len(target.classes) == 2:
        yield PREDICTION, ColumnType.NUMBER, pl.Series(prediction.probabilities[:, 1])
    else:
        names = [target.classes[int(code)] for code in values]
        yield PREDICTION, ColumnType.CATEGORY, pl.Series(names, dtype=pl.String)


def _sureness(prediction: Prediction, row_words: NDArray[np.int64]) -> pl.Series:
    """Mean probability of the tags of each row, null where it has no words."""
    assert prediction.probabilities is not None
    rows = np.repeat(np.arange(len(row_words)), row_words)
    total = np.bincount(rows, prediction.probabilities.max(axis=1), minlength=len(row_words))
    return pl.Series(total / np.where(row_words > 0, row_words, np.nan)).fill_nan(None)


def cut_blocks(num_rows: int, *, units: ArrayLike | None, by_time: bool) -> NDArray[np.int64]:
    """The block of each row, from 0; shape (rows,).

    At most thirty blocks of about equally many rows, fifty or more, of whole units. By time they are
    consecutive; otherwise units are dealt at random, or make one block where none has two rows.
    """
    num_blocks = max(1, min(NUM_BLOCKS, num_rows // MIN_BLOCK_ROWS))
    keys = np.arange(num_rows) if units is None else np.asarray(units)
    unit, members = np.unique(keys, return_inverse=True)
    if not by_time and len(unit) == num_rows:
        return np.zeros(num_rows, dtype=np.int64)
    dealt = np.random.default_rng(derive_seed(0, "blocks")).permutation(len(unit))
    order = np.arange(len(unit)) if by_time else dealt
    sizes = np.bincount(members, minlength=len(unit))[order]
    middle = np.cumsum(sizes) - sizes / 2
    block_of_unit = np.empty(len(unit), dtype=np.int64)
    block_of_unit[order] = np.minimum(middle * num_blocks // max(1, num_rows), num_blocks - 1)
    return np.unique(block_of_unit[members], return_inverse=True)[1].astype(np.int64)


def _counted(binning: Binning, values: pl.Series, blocks: NDArray[np.int64]) -> dict[str, Any]:
    """A binning with the counts of each block, shape (blocks, bins) as lists."""
    bins = binning.assign(values)
    if binning.halved:
        bins, blocks = bins[1::2], blocks[1::2]
    width = len(binning.labels)
    num_blocks = int(blocks.max()) + 1 if len(blocks) else 1
    counts = np.bincount(blocks * width + bins, minlength=num_blocks * width)
    return {**binning.to_json(), "blocks": counts.reshape(num_blocks, width).tolist()}
