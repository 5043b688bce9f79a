"""Label shift: do validation rows hold the target in the same shares as train rows? Test targets stay closed.

Classes by a chi-squared test and the total variation distance of the shares, numbers by the test and the
distance of Kolmogorov and Smirnov. A finding needs both: a p-value under 0.001, so that one random split in a
thousand is named, and a tenth of the rows that would have to change. Rows of one group, or of one stretch of
time, are alike: the tests take rows for independent, so under such splits a shift is information unless it
is twice as large.

Cost: counts of classes over all rows; of numbers 20,000 a part.
Source: Pearson 1900; Smirnov 1948, Ann. Math. Statist. 19(2); Lipton et al. 2018, arXiv:1802.03916.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import Task
from trainwright.data.findings import finding
from trainwright.data.leakage.trials import judged
from trainwright.data.view import PARTS, View

SAMPLE_ROWS = 20_000
FEWEST_ROWS = 50
RARE = 5  # rows expected of a class, below which it is counted with the other rare ones
LEVEL, SIZE = 1e-3, 0.1


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - counts
    """How far the targets of validation are from those of train."""
    if not judged(view):
        return []
    if view.target.task is Task.REGRESSION:
        from scipy.stats import ks_2samp

        parts = [_numbers(view, split) for split in (Split.TRAIN, Split.VALIDATION)]
        if min(map(len, parts)) < FEWEST_ROWS:
            return []
        found = ks_2samp(*parts)
        size, p_value = float(found.statistic), float(found.pvalue)
        told = f"medians {np.median(parts[0]):.4g} and {np.median(parts[1]):.4g}"
        rows = len(parts[1])
    else:
        parts_of = view.class_counts()
        counts = np.array(
            [parts_of[:, PARTS.index(split)] for split in (Split.TRAIN, Split.VALIDATION)]
        )
        if counts.sum(axis=1).min() < FEWEST_ROWS:
            return []
        shares = counts / counts.sum(axis=1, keepdims=True)
        size, p_value = float(np.abs(shares[0] - shares[1]).sum() / 2), _chi_squared(counts)
        moved = int(np.argmax(np.abs(shares[0] - shares[1])))
        label = view.target.classes[moved]
        told = f"class {label!r} is {shares[0][moved]:.1%} of train and {shares[1][moved]:.1%} of validation"
        rows = int(counts[1].sum())
    if p_value > LEVEL or size < SIZE:
        return []
    by = view.settings.split.by
    expected = by in ("time", "group", "group-time") and size < 2 * SIZE
    return [
        finding(
            "shift",
            "info" if expected else "warning",
            f"the target is distributed otherwise in validation than in train: distance {size:.3f},"
            f" p {p_value:.1g}; {told}",
            column=view.target.name,
            count=rows,
            remedy="calibration and threshold are fitted on validation: draw it as live rows will come",
        )
    ]


def _numbers(view: View, split: Split) -> NDArray[Any]:
    frame = view.sample([view.target.name], size=SAMPLE_ROWS, split=split)
    return frame[view.target.name].cast(pl.Float64).to_numpy()


def _chi_squared(counts: NDArray[Any]) -> float:
    """p-value of equal shares; classes too rare for the test are counted together."""
    from scipy.stats import chi2_contingency

    expected = counts.sum(axis=0) * counts.sum(axis=1).min() / counts.sum()
    rare = expected < RARE
    table = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    return float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0
