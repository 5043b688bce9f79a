"""The row ledger: what became of every input row, each in exactly one bucket.

Steps note the rows that they drop; what is left at the end is train, validation or test. A row that
no step accounts for, or that two do, cannot be written: `reconcile` says so, in `prepare` and again
in `audit`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Check, Split
from trainwright.data.reading.tables import SourceFile

BUCKETS = (*(split.value for split in Split), "dropped")
SCHEMA = {
    "row": pl.Int64(),
    "source": pl.String(),
    "position": pl.Int64(),
    "bucket": pl.String(),
    "step": pl.String(),
    "reason": pl.String(),
}


class LedgerBook:
    """A ledger being written: every row is open until a step settles it.

    Args:
        files: The source's files, in order.
    """

    def __init__(self, files: Sequence[SourceFile]) -> None:
        rows = sum(file.num_rows for file in files)
        self._frame = pl.DataFrame(
            {
                "row": np.arange(rows, dtype=np.int64),
                "source": pl.concat(
                    [pl.Series([file.name], dtype=pl.String).new_from_index(0, file.num_rows)
                     for file in files]
                ),
                "position": np.concatenate(
                    [np.arange(file.num_rows, dtype=np.int64) for file in files]
                ),
            }
        )  # fmt: skip
        self._settled: list[pl.DataFrame] = []

    def drop(self, rows: NDArray[np.int64], *, step: str, reason: str | Sequence[str]) -> None:
        """Settle rows (global positions) as dropped by `step`; one reason, or one a row."""
        self._settle(rows, bucket="dropped", step=step, reason=reason)

    def assign(self, rows: NDArray[np.int64], split: Split) -> None:
        """Settle rows as part of a split."""
        self._settle(rows, bucket=split.value, step=None, reason=None)

    def close(self) -> pl.DataFrame:
        """The ledger, in row order; rows that nothing settled have no bucket."""
        if not self._settled:
            return self._frame.with_columns(
                *(pl.lit(None, dtype=pl.String).alias(name) for name in list(SCHEMA)[3:])
            )
        settled = pl.concat(self._settled)
        return self._frame.join(settled, on="row", how="left").sort("row").select(list(SCHEMA))

    def _settle(
        self,
        rows: NDArray[np.int64],
        *,
        bucket: str,
        step: str | None,
        reason: str | Sequence[str] | None,
    ) -> None:
        alike = reason is None or isinstance(reason, str)
        self._settled.append(
            pl.DataFrame({"row": rows}, schema={"row": SCHEMA["row"]}).with_columns(
                bucket=pl.lit(bucket),
                step=pl.lit(step, dtype=pl.String),
                reason=pl.lit(reason, dtype=pl.String)
                if alike
                else pl.Series(reason, dtype=pl.String),
            )
        )


def reconcile(
    ledger: pl.DataFrame,
    splits: Mapping[Split, NDArray[np.int64]],
    *,
    num_rows: int,
    rows_are: Literal["rows", "series"] = "rows",
) -> Iterator[Check]:
    """Checks that input = train + validation + test + dropped, row by row.

    Args:
        ledger: As `LedgerBook.close` or a snapshot's rows.parquet gives it.
        splits: The ROW values of each split's file.
        num_rows: Rows of the input.
        rows_are: What a row of a split's file stands for: an input row, or a series (or a window of one)
            that is called by one of its rows.
    """
    rows = ledger["row"].to_numpy()
    once = ledger.height == num_rows and bool((rows == np.arange(num_rows)).all())
    counts = {bucket: int((ledger["bucket"] == bucket).sum()) for bucket in BUCKETS}
    total = sum(counts.values())
    shown = " + ".join(f"{count} {bucket}" for bucket, count in counts.items())
    yield Check(
        "row ledger: every input row once",
        once and total == num_rows,
        f"{num_rows} rows in = {shown}"
        if once and total == num_rows
        else f"{num_rows} rows in, but the ledger has {ledger.height} entries: {shown}",
    )
    for split, present in splits.items():
        noted = ledger.filter(pl.col("bucket") == split.value)["row"].to_numpy()
        if rows_are == "series":
            yield _named_by_own_rows(split, present, noted)
            continue
        same = len(noted) == len(present) and bool((np.sort(present) == np.sort(noted)).all())
        odd = [] if same else np.setxor1d(present, noted)[:5].tolist()
        yield Check(
            f"row ledger: {split.value}",
            same,
            f"{len(present)} rows, as the ledger says"
            if same
            else f"{len(present)} rows in the file, {len(noted)} in the ledger; differing: {odd}",
        )
    silent = ledger.filter((pl.col("bucket") == "dropped") & pl.col("reason").is_null()).height
    yield Check(
        "row ledger: reasons",
        silent == 0,
        f"{silent} dropped rows have no reason" if silent else "every dropped row has a reason",
    )


def _named_by_own_rows(split: Split, present: NDArray[np.int64], noted: NDArray[np.int64]) -> Check:
    odd = np.setdiff1d(present, noted)[:5].tolist()
    same = not odd and len(np.unique(present)) == len(present)
    return Check(
        f"row ledger: {split.value}",
        same,
        f"{len(present)} series or windows of {len(noted)} rows, as the ledger says"
        if same
        else f"{len(present)} series or windows, called by rows of another bucket or twice: {odd}",
    )
