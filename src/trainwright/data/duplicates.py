"""Equal rows: counted, dropped when asked, refused where they stand in both train and test.

Two rows are equal when all the columns that a model may see are equal; identifiers are not among
them, since a running number makes every row unlike. Copies are told from coincidences by a telling
column: rows that are equal in text, in a date-time or in a continuous number are hardly equal by
chance, whereas a table of four short categories has few distinct rows at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import counted, verb
from trainwright.data.bundles import Bundled
from trainwright.data.chronology import TEST, TRAIN
from trainwright.data.findings import finding
from trainwright.data.hashing import Hashes
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.grouping import grouped
from trainwright.data.staging.rows import Rows

ALLOWED_FRACTION = 0.01  # of test rows that may also stand in train
MOST_LISTED = 1 << 22  # rows of a finding: a table of few distinct rows has nothing but copies
CONTINUOUS = 50  # distinct values that make a number telling
_TELLING = (
    ColumnType.IDENTIFIER,
    ColumnType.TEXT,
    ColumnType.WORDS,
    ColumnType.IMAGE,
    ColumnType.DATETIME,
)


def describe_copies(
    bundled: Bundled, row: NDArray[np.int64], *, dropped: bool, together: bool, arrays: Arrays
) -> list[Finding]:
    """A warning with the count, when rows repeat an earlier one in inputs and target.

    Args:
        bundled: The rows, compared in their targets too.
        row: Global positions; shape (rows,).
        dropped: They are left out.
        together: The split is drawn at random, which keeps equal rows in one part.
        arrays: Where long arrays live.
    """
    assert bundled.copy_of is not None
    copy_of = bundled.copy_of
    rows, count = _positions(
        lambda span: copy_of[span] != np.arange(span.start, span.stop), row, arrays
    )
    if not count:
        return []
    share = count / len(row)
    return [
        finding(
            "duplicate",
            "info" if dropped else "warning",
            f"{count} of {len(row)} rows ({share:.1%}) {verb(count, 'repeat')} an earlier one: "
            + (
                "they were left out"
                if dropped
                else f"they are kept{', equal rows in one split' * together}"
            ),
            rows=rows,
            count=count,
            remedy="" if dropped else "data: {duplicates: drop}",
        )
    ]


def conflicting_labels(
    bundled: Bundled,
    row: NDArray[np.int64],
    *,
    target: str,
    numbers: bool,
    dropped: bool,
    arrays: Arrays,
) -> list[Finding]:
    """Rows with equal inputs and different targets: a warning where they are classes.

    Only a note where they are numbers, which spread about what the inputs tell anyhow.

    Args:
        bundled: The rows, compared in their targets too.
        row: Global positions; shape (rows,).
        target: The target's name.
        numbers: The target is a number.
        dropped: Rows that repeat an earlier one, target included, are left out, and do not count.
        arrays: Where long arrays live.
    """
    assert bundled.differing is not None
    assert bundled.copy_of is not None
    differing, copy_of = bundled.differing, bundled.copy_of

    def chosen(span: slice) -> NDArray[np.bool_]:
        first = copy_of[span] == np.arange(span.start, span.stop)
        return differing[span] & first if dropped else differing[span]

    rows, count = _positions(chosen, row, arrays)
    if not count:
        return []
    return [
        finding(
            "conflicting-label",
            "info" if numbers else "warning",
            f"{counted(count, 'rows have')} the same inputs as another row, and another"
            f" {target!r}: no model can tell them apart",
            column=target,
            rows=rows,
            count=count,
            remedy="look at these rows; a column that tells them apart may be missing",
        )
    ]


def _positions(
    chosen: Callable[[slice], NDArray[np.bool_]], row: NDArray[np.int64], arrays: Arrays
) -> tuple[NDArray[np.int64], int]:
    """Global positions of the first rows that are chosen, and the number of all."""
    found, listed, count = [np.empty(0, dtype=np.int64)], 0, 0
    for span in arrays.spans(len(row)):
        here = row[span][chosen(span)]
        count += len(here)
        if listed < MOST_LISTED:
            found.append(here[: MOST_LISTED - listed])
            listed += len(found[-1])
    return np.concatenate(found), count


def has_telling_column(rows: Rows, columns: Sequence[Column]) -> bool:
    """True when equal rows are hardly equal by chance (see the head of this file)."""
    if any(column.type in _TELLING for column in columns):
        return True
    numbers = {column.name for column in columns if column.type is ColumnType.NUMBER}
    seen: dict[str, set[float | None]] = {name: set() for name in numbers}
    for block in rows.blocks(sorted(numbers)) if numbers else ():
        for name, known in seen.items():
            known.update(block[name].unique().to_list())
            if len(known) > CONTINUOUS:
                return True
    return False


def across_splits(
    hashes: Hashes,
    parts: NDArray[np.int8],
    rows: NDArray[np.int64],
    *,
    by: str,
    arrays: Arrays,
) -> list[Finding]:
    """An error when more than 1 % of the test rows stand in train as well.

    Under a split by time the hashes do not cover the time, and what comes back day by day is no
    fault: there the share must be twice that of rows repeated within train.

    Args:
        hashes: Of whole rows, target included; shape (rows,).
        parts: 0 train, 1 validation, 2 test; shape (rows,).
        rows: Global positions; shape (rows,).
        by: How the split was made, for the mend.
        arrays: Where long arrays live.
    """
    shared = [np.empty(0, dtype=np.int64)]
    num_test = num_train = num_repeated = 0
    for group_part in grouped(hashes, arrays):
        part, group = arrays.take(parts, group_part.at), group_part.groups.inverse
        train, test = part == TRAIN, part == TEST
        in_train = np.bincount(group[train], minlength=len(group_part.groups.keys))
        shared.append(group_part.at[test & (in_train[group] > 0)])
        num_test, num_train = num_test + int(test.sum()), num_train + int(train.sum())
        num_repeated += int(in_train[in_train > 1].sum())
    found = np.concatenate(shared)
    count = len(found)
    if count <= ALLOWED_FRACTION * num_test:
        return []
    if "time" in by and count / num_test <= 2 * num_repeated / num_train:
        return []  # rows repeat within train as well: so it goes in these data
    return [
        finding(
            "leakage",
            "error",
            f"{count} of {num_test} test rows ({count / num_test:.1%}) stand in train as"
            f" well: the split by {by} puts copies of one row on both sides",
            rows=rows[found],
            remedy="data: {duplicates: drop}"
            '  # or, if they are not copies: data: {accept: ["leakage"]}',
        )
    ]
