"""Texts that are longer than a model takes, where the recipe says that these are an error.

Parts of a data set are prepared one by one; what each refuses is joined, so that a run tells of all its
rows at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainwright.core.errors import DataError, shorten

_NAMED_ROWS = 8


class TooLong(DataError):
    """Some rows have more tokens than `max_length`.

    Args:
        column: Of the texts.
        max_length: Tokens that the model takes.
        rows: Their row numbers, shape (rows,).
        longest: Tokens that the longest has too many.
        num_texts: Rows that were looked at.
    """

    def __init__(
        self,
        column: str,
        *,
        max_length: int,
        rows: NDArray[np.int64],
        longest: int,
        num_texts: int,
    ) -> None:
        self.column = column
        self.max_length = max_length
        self.rows = np.sort(rows)
        self.longest = longest
        more = f" and {len(rows) - _NAMED_ROWS:,} more" if len(rows) > _NAMED_ROWS else ""
        super().__init__(
            f"{len(rows):,} of {num_texts:,} texts have more than {max_length} tokens; the longest has"
            f" {longest:,} too many",
            where=f"column {shorten(column)}, rows"
            f" {', '.join(map(str, self.rows[:_NAMED_ROWS].tolist()))}{more}",
            mend="model: {over_long: truncate}, split or drop; or a larger max_length",
        )


def refuse_long(
    lost: NDArray[np.int64] | Sequence[int],
    names: NDArray[np.int64] | Sequence[int],
    *,
    column: str,
    max_length: int,
) -> None:
    """Refuse texts of which tokens would be lost.

    Args:
        lost: Tokens of each text beyond `max_length`, shape (rows,).
        names: Row numbers, shape (rows,).
        column: Of the texts.
        max_length: Tokens that the model takes.

    Raises:
        TooLong: there are such texts.
    """
    beyond = np.asarray(lost, np.int64)
    long = np.flatnonzero(beyond)
    if len(long):
        raise TooLong(
            column,
            max_length=max_length,
            rows=np.asarray(names, np.int64)[long],
            longest=int(beyond.max()),
            num_texts=len(beyond),
        )


def joined(refusals: Sequence[TooLong], *, num_texts: int) -> TooLong:
    """What several parts of one data set refused, at least one; `num_texts` are the rows of all parts."""
    return TooLong(
        refusals[0].column,
        max_length=refusals[0].max_length,
        rows=np.concatenate([one.rows for one in refusals]),
        longest=max(one.longest for one in refusals),
        num_texts=num_texts,
    )
