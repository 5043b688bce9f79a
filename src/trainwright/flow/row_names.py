"""Rows that a fit learnt from, by the names that users know: file and position, as `lineage` takes them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trainwright.core.artifacts import Snapshot
from trainwright.core.columns import ROW
from trainwright.data.snapshot import read_ledger

_SHOWN = 8


class RowNames:
    """Names the rows of a frame; the ledger is read only when one is asked for.

    Args:
        snapshot: Whose rows they are.
        frame: Has the column of row ids.
    """

    def __init__(self, snapshot: Snapshot, frame: pl.DataFrame) -> None:
        self._snapshot = snapshot
        self._frame = frame

    def __call__(self, positions: Sequence[int]) -> str:
        """`flights.csv:17, flights.csv:31 and 14 more`; positions are those in the frame."""
        wanted = pl.DataFrame({"row": self._frame[ROW][list(positions[:_SHOWN])].cast(pl.Int64)})
        found = wanted.join(
            read_ledger(self._snapshot), on="row", how="left", maintain_order="left"
        )
        names = [f"{source}:{place}" for source, place in found["source", "position"].iter_rows()]
        more = len(positions) - _SHOWN
        return ", ".join(names) + (f" and {more} more" if more > 0 else "")
