"""Rows that only functions labelled are learned from, wherever the split has put them, and never measured on.

A random split or one by group would put some of them into validation or test. They are learned from as
well, unless what they belong to (their copies, their group) is measured on in a row that somebody labelled:
then train would know it, and they are left out. A split by time, or one that is given, has reasons of its
own for what train may know; there they are left out. How many rows are left to measure on is said.

Cost: one pass over the parts; held are the units of the rows that are measured on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.errors import counted
from trainwright.data.chronology import TEST, TRAIN, VALIDATION
from trainwright.data.findings import finding
from trainwright.data.staging.arrays import Arrays

FEW = 100  # rows to measure on
_BY_UNIT = ("random", "group")


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """What becomes of rows that stand in validation or test without a label that somebody gave.

    Attributes:
        learned: Positions of those that go to train, ascending.
        left_out: Positions of the others, ascending.
        measured: How many rows of validation and of test are left.
    """

    learned: NDArray[np.int64]
    left_out: NDArray[np.int64]
    measured: tuple[int, int]

    @property
    def all(self) -> NDArray[np.int64]:
        """Both, ascending."""
        return np.union1d(self.learned, self.left_out)

    def findings(self, rows: NDArray[np.int64], *, column: str) -> list[Finding]:
        """What is said of it; `rows` are the global positions of all of them."""
        if not len(rows):
            return []
        validation, test = self.measured
        few = min(self.measured) < FEW
        return [
            finding(
                "missing",
                "warning" if few else "info",
                f"{counted(len(rows), 'rows')} that functions alone labelled fell to validation or test:"
                f" {len(self.learned)} are learned from, {len(self.left_out)} left out;"
                f" {validation} validation and {test} test rows have a label that somebody gave",
                column=column,
                rows=rows,
                remedy="trainwright label RECIPE  # more rows to measure on" if few else "",
            )
        ]


def keep_from_measuring(
    weak: NDArray[np.int64],
    parts: NDArray[np.int8],
    units: NDArray[np.int64],
    *,
    by: str,
    arrays: Arrays,
) -> Unmeasured:
    """Find what becomes of the rows that only functions labelled.

    Args:
        weak: Their positions, ascending.
        parts: Of all rows; shape (rows,).
        units: Rows that a random split or one by group keeps together; shape (rows,).
        by: How the rows were split.
        arrays: Where long arrays live.
    """
    apart = weak[arrays.take(parts, weak) != TRAIN]
    measured: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    sizes = {VALIDATION: 0, TEST: 0}
    for span in arrays.spans(len(parts)):
        mine = parts[span].copy()
        first, last = np.searchsorted(apart, (span.start, span.stop))
        mine[apart[first:last] - span.start] = TRAIN
        for part in sizes:
            sizes[part] += int((mine == part).sum())
        measured.append(np.unique(units[span][mine != TRAIN]))
    free = np.zeros(len(apart), dtype=bool)
    if by in _BY_UNIT:
        free = ~np.isin(arrays.take(units, apart), np.concatenate(measured))
    return Unmeasured(apart[free], apart[~free], (sizes[VALIDATION], sizes[TEST]))
