"""The row ledger: what became of every input row, each in exactly one bucket.

An input row is every record of a source but its header. Those that reading found to be no rows (titles,
units, totals, notes, the header once more) have no position; they stand behind all others, dropped, with
their line.

Steps note the rows that they drop; what is left at the end is train, validation or test. A row that
no step accounts for, or that two do, cannot be written: `reconcile` says so, in `prepare` and again
in `audit`. Cost: two bytes a row, and what is said of dropped rows one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Check, Split
from trainwright.data.reading.tables import SourceFile
from trainwright.data.staging.arrays import Arrays

BUCKETS = (*(split.value for split in Split), "dropped")
SCHEMA = {
    "row": pl.Int64(),
    "source": pl.String(),
    "position": pl.Int64(),
    "bucket": pl.String(),
    "step": pl.String(),
    "reason": pl.String(),
}
BLOCK_ROWS = 1 << 18
_OPEN = -1


@dataclass(frozen=True, slots=True)
class Numbered:
    """A reason that differs from row to row by a number alone, such as "equal to row {}"."""

    text: str
    numbers: NDArray[np.int64]


def paths_of(files: Sequence[SourceFile]) -> dict[str, pl.DataFrame]:
    """Where rows are files of their own (images, documents): the table `paths` of their paths; else none."""
    tables = [
        pl.DataFrame(
            {
                "row": np.arange(
                    file.first_row, file.first_row + len(file.entries), dtype=np.int64
                ),
                "path": pl.Series([f"{file.name}/{one}" for one in file.entries], dtype=pl.String),
            }
        )
        for file in files
        if file.entries
    ]
    return {"paths": pl.concat(tables)} if tables else {}


def lines_of(files: Sequence[SourceFile]) -> dict[str, pl.DataFrame]:
    """The table `lines`: from which position on rows keep step with which line of their file; else none."""
    spans = [(file.name, *span) for file in files if file.lines for span in file.lines.spans()]
    schema = {"source": pl.String(), "position": pl.Int64(), "line": pl.Int64()}
    return {"lines": pl.DataFrame(spans, schema=schema, orient="row")} if spans else {}


class LedgerBook:
    """A ledger being written: every row is open until a step settles it, once.

    Args:
        files: The source's files, in order.
        arrays: Where long arrays live.
    """

    def __init__(self, files: Sequence[SourceFile], arrays: Arrays | None = None) -> None:
        self._files = files
        self._arrays = arrays or Arrays()
        num_rows = sum(file.num_rows for file in files)
        self._fates = self._arrays.full(num_rows, _OPEN, np.int16)
        self._kinds: list[tuple[str, str | None, str | None]] = [
            (split.value, None, None) for split in Split
        ]
        self._reasons: list[tuple[NDArray[np.int64], Sequence[str]]] = []
        self._numbers: NDArray[np.int64] | None = None

    def drop(
        self, rows: NDArray[np.int64], *, step: str, reason: str | Sequence[str] | Numbered
    ) -> None:
        """Settle rows (global positions) as dropped by `step`; one reason for all, or one a row."""
        plain = reason if isinstance(reason, str) else None
        said = reason.text if isinstance(reason, Numbered) else plain
        kind = ("dropped", step, said)
        if kind not in self._kinds:
            self._kinds.append(kind)
        self._settle(rows, self._kinds.index(kind))
        if isinstance(reason, Numbered):
            if self._numbers is None:
                self._numbers = self._arrays.full(len(self._fates), -1, np.int64)
            self._arrays.put(self._numbers, rows, reason.numbers)
        elif plain is None:
            assert not isinstance(reason, str)
            order = np.argsort(rows)
            self._reasons.append((rows[order], [reason[place] for place in order.tolist()]))

    def assign(self, rows: NDArray[np.int64], split: Split | NDArray[np.int8]) -> None:
        """Settle rows as part of a split; or each as part of its own, by its place in `Split`."""
        self._settle(rows, list(Split).index(split) if isinstance(split, Split) else split)

    def close(self) -> pl.DataFrame:
        """The ledger whole, in row order; rows that nothing settled have no bucket."""
        return pl.concat([pl.DataFrame(schema=SCHEMA), *self.blocks()])

    def blocks(self) -> Iterator[pl.DataFrame]:
        """The ledger in row order, block by block."""
        tables = [
            pl.Series([kind[part] for kind in self._kinds] + [None], dtype=pl.String)
            for part in range(3)
        ]
        for file in self._files:
            for start in range(file.first_row, file.first_row + file.num_rows, BLOCK_ROWS):
                stop = min(start + BLOCK_ROWS, file.first_row + file.num_rows)
                fates = self._fates[start:stop].astype(np.int64)
                fates[fates == _OPEN] = len(self._kinds)
                bucket, step, reason = (table.gather(fates) for table in tables)
                yield pl.DataFrame(
                    {
                        "row": np.arange(start, stop, dtype=np.int64),
                        "source": pl.Series([file.name]).new_from_index(0, stop - start),
                        "position": np.arange(start, stop, dtype=np.int64) - file.first_row,
                        "bucket": bucket,
                        "step": step,
                        "reason": self._told(reason, start, stop),
                    }
                )
                self._arrays.release()
        if any(file.left_out for file in self._files):
            yield _no_rows(self._files)

    def _settle(self, rows: NDArray[np.int64], kinds: NDArray[np.int8] | int) -> None:
        assert (self._arrays.take(self._fates, rows) == _OPEN).all(), "a row is settled twice"
        fates = np.broadcast_to(np.asarray(kinds, dtype=np.int16), len(rows))
        self._arrays.put(self._fates, rows, fates)

    def _told(self, reason: pl.Series, start: int, stop: int) -> pl.Series:
        """With what is said of rows one by one."""
        if self._numbers is not None:
            at = np.flatnonzero(self._numbers[start:stop] >= 0)
            if len(at):
                text, numbers = reason.gather(at), pl.Series(self._numbers[start:stop][at])
                told = pl.DataFrame({"text": text, "number": numbers.cast(pl.String)})
                words = told.select(
                    pl.col("text").str.replace("{}", pl.col("number"), literal=True)
                )
                reason = reason.scatter(at, words.to_series())
        for rows, said in self._reasons:
            first, last = np.searchsorted(rows, [start, stop]).tolist()
            if first < last:
                own = pl.Series(said[first:last], dtype=pl.String)
                reason = reason.scatter(rows[first:last] - start, own)
        return reason


def _no_rows(files: Sequence[SourceFile]) -> pl.DataFrame:
    """What reading found to be no rows."""
    lines = [(file.name, line, what) for file in files for line, what in file.left_out]
    return pl.DataFrame(
        {
            "row": [None] * len(lines),
            "source": [name for name, _, _ in lines],
            "position": [None] * len(lines),
            "bucket": ["dropped"] * len(lines),
            "step": ["reading"] * len(lines),
            "reason": [f"not a row: {what} (line {line})" for _, line, what in lines],
        },
        schema=SCHEMA,
    )


def reconcile(
    ledger: Iterable[pl.DataFrame],
    splits: Mapping[Split, Iterable[NDArray[np.int64]]],
    *,
    num_rows: int,
    rows_are: Literal["rows", "series"] = "rows",
) -> Iterator[Check]:
    """Checks that input = train + validation + test + dropped, row by row.

    Args:
        ledger: Block by block, as `LedgerBook.blocks` or a snapshot's rows.parquet gives it.
        splits: The ROW values of each split's file, block by block, in order.
        num_rows: Rows of the input, those that are none included.
        rows_are: What a row of a split's file stands for: an input row, or a series (or a window of one)
            that is called by one of its rows.
    """
    counts = dict.fromkeys(BUCKETS, 0)
    height = num_placed = silent = 0
    once = True
    matches = {
        split: (_Series if rows_are == "series" else _Rows)(split, present)
        for split, present in splits.items()
    }
    for block in ledger:
        placed = block.drop_nulls("row")
        rows = placed["row"].to_numpy()
        once = once and bool((rows == np.arange(num_placed, num_placed + len(rows))).all())
        lines = block.filter(pl.col("row").is_null())
        once = once and bool((lines["bucket"] == "dropped").all())
        num_placed += len(rows)
        height += block.height
        buckets = block["bucket"]
        for bucket in BUCKETS:
            counts[bucket] += int((buckets == bucket).sum())
        dropped = block.filter(pl.col("bucket") == "dropped")
        silent += dropped["reason"].null_count()
        for split, match in matches.items():
            mine = (placed["bucket"] == split.value).fill_null(value=False)
            match.note(rows[mine.to_numpy()], rows)
    total = sum(counts.values())
    shown = " + ".join(f"{count} {bucket}" for bucket, count in counts.items())
    once = once and height == num_rows == total
    yield Check(
        "row ledger: every input row once",
        once,
        f"{num_rows} rows in = {shown}"
        if once
        else f"{num_rows} rows in, but the ledger has {height} entries: {shown}",
    )
    for match in matches.values():
        yield match.check()
    yield Check(
        "row ledger: reasons",
        silent == 0,
        f"{silent} dropped rows have no reason" if silent else "every dropped row has a reason",
    )


class _Rows:
    """Compares the rows of a split's file with those that the ledger notes, both in row order."""

    def __init__(self, split: Split, present: Iterable[NDArray[np.int64]]) -> None:
        self._split = split
        self._blocks = iter(present)
        self._rest = np.empty(0, dtype=np.int64)
        self._num_noted = self._num_present = 0
        self._odd: list[int] = []

    def note(self, noted: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """The next rows of the ledger, and those among them that are of this split."""
        if len(rows):
            self._compare(self._up_to(int(rows[-1])), noted)

    def check(self) -> Check:
        """What came of it."""
        self._compare(self._up_to(None), np.empty(0, dtype=np.int64))
        same = not self._odd and self._num_noted == self._num_present
        return Check(
            f"row ledger: {self._split.value}",
            same,
            f"{self._num_present} rows, as the ledger says"
            if same
            else f"{self._num_present} rows in the file, {self._num_noted} in the ledger; differing:"
            f" {self._odd[:5]}",
        )

    def _compare(self, present: NDArray[np.int64], noted: NDArray[np.int64]) -> None:
        self._num_present += len(present)
        self._num_noted += len(noted)
        if len(present) != len(noted) or not (present == noted).all():
            self._odd += np.setxor1d(present, noted)[:5].tolist()

    def _up_to(self, row: int | None) -> NDArray[np.int64]:
        """The rows of the file up to this one that were not yet compared."""
        while row is None or not len(self._rest) or self._rest[-1] <= row:
            block = next(self._blocks, None)
            if block is None:
                break
            self._rest = np.concatenate([self._rest, block])
        end = len(self._rest) if row is None else int(np.searchsorted(self._rest, row, "right"))
        found, self._rest = self._rest[:end], self._rest[end:]
        return found


class _Series:
    """Compares what the rows of a split's file are called by with the rows that the ledger notes."""

    def __init__(self, split: Split, present: Iterable[NDArray[np.int64]]) -> None:
        self._split = split
        self._present = np.concatenate([np.empty(0, dtype=np.int64), *present])
        self._noted = [np.empty(0, dtype=np.int64)]

    def note(self, noted: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """The next rows of the ledger that are of this split."""
        self._noted.append(noted)

    def check(self) -> Check:
        """What came of it."""
        noted = np.concatenate(self._noted)
        odd = np.setdiff1d(self._present, noted)[:5].tolist()
        same = not odd and len(np.unique(self._present)) == len(self._present)
        return Check(
            f"row ledger: {self._split.value}",
            same,
            f"{len(self._present)} series or windows of {len(noted)} rows, as the ledger says"
            if same
            else f"{len(self._present)} series or windows, called by rows of another bucket or twice:"
            f" {odd}",
        )
