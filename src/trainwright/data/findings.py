"""How a detector says what it saw: one way to build a finding from the rows that it concerns."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import FINDING_KINDS, SHOWN_ROWS, Finding


def finding(
    kind: str,
    severity: Literal["error", "warning", "info"],
    message: str,
    *,
    column: str | None = None,
    rows: NDArray[np.int64] | None = None,
    count: int | None = None,
    remedy: str = "",
) -> Finding:
    """A finding.

    Args:
        kind: Of `core.artifacts.FINDING_KINDS`.
        severity: "error" stops the run unless accepted, "warning" is printed, "info" is kept.
        message: What was found, with the evidence.
        column: The column concerned.
        rows: Global positions of all rows concerned, in any order; the first 1,000 are shown, all
            of them go to a file of the snapshot.
        count: How many rows or cells; that of `rows` where it is not said.
        remedy: What to paste into the recipe, or what to do.
    """
    assert kind in FINDING_KINDS, kind
    if rows is None:
        return Finding(kind, severity, message, column=column, count=count, remedy=remedy)
    rows = np.sort(rows.astype(np.int64))
    return Finding(
        kind,
        severity,
        message,
        column=column,
        count=len(rows) if count is None else count,
        rows=tuple(rows[:SHOWN_ROWS].tolist()),
        remedy=remedy,
        all_rows=rows,
    )
