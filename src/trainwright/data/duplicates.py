"""Equal rows: counted, dropped when asked, refused where they stand in both train and test.

Two rows are equal when all the columns that a model may see are equal; identifiers are not among
them, since a running number makes every row unlike. Copies are told from coincidences by a telling
column: rows that are equal in text, in a date-time or in a continuous number are hardly equal by
chance, whereas a table of four short categories has few distinct rows at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Column, ColumnType, Finding
from trainwright.data.chronology import TEST, TRAIN
from trainwright.data.hashing import Hashes, group_equal
from trainwright.data.types.wordlists import joined

ALLOWED_FRACTION = 0.01  # of test rows that may also stand in train
CONTINUOUS = 50  # distinct values that make a number telling
_TELLING = (
    ColumnType.IDENTIFIER,
    ColumnType.TEXT,
    ColumnType.WORDS,
    ColumnType.IMAGE,
    ColumnType.DATETIME,
)


@dataclass(frozen=True, slots=True)
class Copies:
    """Which rows repeat an earlier one.

    Attributes:
        first: Position of the first row equal to each row; shape (rows,), int64.
        count: Rows that repeat an earlier one.
    """

    first: NDArray[np.int64]
    count: int

    @property
    def repeats(self) -> NDArray[np.bool_]:
        """True where a row equals an earlier one. Shape (rows,)."""
        found: NDArray[np.bool_] = self.first != np.arange(len(self.first))
        return found


def find_copies(hashes: Hashes) -> Copies:
    """The first row that each row is equal to, by the hashes of whole rows."""
    groups = group_equal(hashes)
    return Copies(groups.first[groups.inverse], len(hashes) - len(groups.keys))


def describe_copies(copies: Copies, rows: NDArray[np.int64], *, dropped: bool) -> list[Finding]:
    """A warning with the count, when there are any. `rows` are global positions."""
    if not copies.count:
        return []
    shown = tuple(int(row) for row in rows[copies.repeats][:10])
    share = copies.count / len(rows)
    return [
        Finding(
            "duplicate",
            "info" if dropped else "warning",
            f"{copies.count} of {len(rows)} rows ({share:.1%}) repeat an earlier one: "
            + ("they were left out" if dropped else "they are kept, equal rows in one split"),
            count=copies.count,
            rows=shown,
            remedy="" if dropped else "data: {duplicates: drop}",
        )
    ]


def conflicting_labels(inputs: Hashes, target: pl.Series, rows: NDArray[np.int64]) -> list[Finding]:
    """Rows with equal inputs and different targets: a warning where they are classes.

    Only a note where they are numbers, which spread about what the inputs tell anyhow.
    """
    groups = group_equal(inputs)
    target = joined(target) if isinstance(target.dtype, pl.List) else target
    repeated = pl.Series(groups.sizes[groups.inverse] > 1)
    pairs = pl.DataFrame({"inputs": inputs, "target": target, "row": rows})
    differing = (
        pairs.filter(repeated)
        .filter(pl.col("target").n_unique().over("inputs") > 1)
        .sort("inputs", "row")
    )
    if not differing.height:
        return []
    return [
        Finding(
            "conflicting-label",
            "info" if target.dtype.is_float() else "warning",
            f"{differing.height} rows have the same inputs as another row, and another"
            f" {target.name!r}: no model can tell them apart",
            column=target.name,
            count=differing.height,
            rows=tuple(differing["row"].head(10).to_list()),
            remedy="look at these rows; a column that tells them apart may be missing",
        )
    ]


def has_telling_column(frame: pl.DataFrame, columns: Sequence[Column]) -> bool:
    """True when equal rows are hardly equal by chance (see the head of this file)."""
    return any(
        column.type in _TELLING
        or (column.type is ColumnType.NUMBER and frame[column.name].n_unique() > CONTINUOUS)
        for column in columns
    )


def across_splits(
    hashes: Hashes, parts: NDArray[np.int8], rows: NDArray[np.int64], *, by: str
) -> list[Finding]:
    """An error when more than 1 % of the test rows stand in train as well.

    Under a split by time the hashes do not cover the time, and what comes back day by day is no
    fault: there the share must be twice that of rows repeated within train.

    Args:
        hashes: Of whole rows, target included.
        parts: 0 train, 1 validation, 2 test; shape (rows,).
        rows: Global positions.
        by: How the split was made, for the mend.
    """
    test, train = parts == TEST, hashes[parts == TRAIN]
    known = np.sort(train)
    place = np.minimum(np.searchsorted(known, hashes[test]), len(known) - 1)
    shared = np.zeros(len(hashes), dtype=bool)
    shared[test] = known[place] == hashes[test]
    count = int(shared.sum())
    if count <= ALLOWED_FRACTION * test.sum():
        return []
    if "time" in by:
        _, sizes = np.unique(train, return_counts=True)
        if count / test.sum() <= 2 * sizes[sizes > 1].sum() / len(train):
            return []  # rows repeat within train as well: so it goes in these data
    return [
        Finding(
            "leakage",
            "error",
            f"{count} of {int(test.sum())} test rows ({count / test.sum():.1%}) stand in train as"
            f" well: the split by {by} puts copies of one row on both sides",
            count=count,
            rows=tuple(int(row) for row in rows[shared][:10]),
            remedy="data: {duplicates: drop}"
            '  # or, if they are not copies: data: {accept: ["leakage"]}',
        )
    ]
