"""What becomes of rows that a model cannot take whole, or that teach it nothing: for the row ledger."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.language import NOTHING_TOLD, Passages
from trainwright.data.language.pieces import OverLong


def fate_of(
    passages: Passages, rows: pl.Series, *, over_long: OverLong, max_length: int, training: bool
) -> pl.DataFrame:
    """One line a row concerned.

    Args:
        passages: Of the rows.
        rows: Their positions in the input.
        over_long: What becomes of longer rows.
        max_length: Tokens a passage.
        training: Rows are learned from; else none is left out.

    Returns:
        Columns row, step, action (truncated, split or dropped) and reason.
    """
    lost = np.zeros(passages.num_rows, np.int64) if passages.lost is None else passages.lost
    pieces = np.bincount(passages.rows, minlength=passages.num_rows)
    is_split = pieces > 1 if over_long == "split" else np.zeros(len(pieces), np.bool_)
    mute = _taught(passages) == 0
    concerned = np.flatnonzero((lost > 0) | is_split | (mute & training))
    limit = f"over the limit of {max_length}"
    reasons = [
        f"{lost[row]} tokens are {limit}" + (", so that nothing is told" if mute[row] else "")
        if lost[row]
        else NOTHING_TOLD
        if mute[row]
        else f"{pieces[row]} pieces: {limit} tokens"
        for row in concerned
    ]
    gone = (mute | (over_long == "drop")) & training
    actions = [
        "split" if is_split[row] and not mute[row] else "dropped" if gone[row] else "truncated"
        for row in concerned
    ]
    return pl.DataFrame(
        {
            "row": rows.gather(concerned),
            "step": pl.Series(["language"] * len(concerned), dtype=pl.String),
            "action": pl.Series(actions, dtype=pl.String),
            "reason": pl.Series(reasons, dtype=pl.String),
        }
    )


def _taught(passages: Passages) -> NDArray[np.int64]:
    """Taught tokens of each row."""
    told = np.concatenate([[0], np.cumsum(passages.taught, dtype=np.int64)])
    counts = np.diff(told[passages.ends], prepend=0)
    found = np.bincount(passages.rows, counts, minlength=passages.num_rows)
    return found.astype(np.int64)
