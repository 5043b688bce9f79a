"""One batch made from its rows, and what is said when that fails: which row it was.

A failing batch is made again row by row, so that the message names the one row that cannot be read.
It costs only where something is wrong. Errors of ours pass as they are: who raised them knew more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainwright.core.errors import DataError, TrainwrightError, shorten

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Source, Tensors

_NAMED_ROWS = 8


def make_batch(source: Source, rows: Indices, *, epoch: int, training: bool) -> Tensors:
    """The samples `rows` as one batch.

    Raises:
        DataError: the source failed with an error that is not ours; names the row, and keeps the cause.
        MemoryError: as it came, since smaller batches may mend it.
    """
    try:
        return source.batch(rows, epoch=epoch, training=training)
    except (TrainwrightError, MemoryError):
        raise
    except Exception as error:
        culprit = _culprit(source, rows, epoch=epoch, training=training)
        raise DataError(
            f"samples cannot be read: {type(error).__name__}: {shorten(str(error), 200)}",
            where=named(culprit),
            mend="look at this sample; mend it or leave it out",
        ) from error


def named(rows: Indices) -> str:
    """Rows for a message: `row 7`, `rows 1, 5, 9 and 29 more`."""
    shown = ", ".join(str(int(row)) for row in rows[:_NAMED_ROWS])
    more = len(rows) - _NAMED_ROWS
    return f"row{'s' * (len(rows) != 1)} {shown}" + (f" and {more} more" if more > 0 else "")


def _culprit(source: Source, rows: Indices, *, epoch: int, training: bool) -> Indices:
    """The first row that fails alone; all where each alone is well."""
    for position in range(len(rows)):
        one = rows[position : position + 1]
        try:
            source.batch(one, epoch=epoch, training=training)
        except Exception:
            return one
    return rows
