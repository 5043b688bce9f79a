"""Detector: columns that are mostly missing, and columns whose gaps tell the target.

Whether a value is there at all is a column of its own. Where it goes with the target (Cramer's V at least
0.3, or for numbers a correlation of 0.3 with the target's ranks, beyond chance), either the gap means
something, or values were filled in after the outcome was known. Only train rows are looked at.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import chi2, rankdata, t

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import Column, Task
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

MOSTLY = 0.5
NEARLY_ALL = 0.95
TELLING = 0.3
LEAST_ROWS = 20  # with and without a value
CHANCE = 1e-6
_SAMPLE = 100_000
# How strongly gaps go with the target, its p-value, and that in words.
_OfGap = Callable[[NDArray[np.bool_]], tuple[float, float, str]]


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Findings of kind `missing`."""
    columns = [column for column in view.columns if column.name in view.inputs]
    names = [column.name for column in columns]
    nulls, total = dict.fromkeys(names, 0), 0
    for number, block in enumerate(view.blocks(names)):
        if not deadline.go_on("missing", number):
            return []
        total += block.height
        for name in names:
            nulls[name] += block[name].null_count()
    findings = [
        _sparse(column, nulls[column.name], total)
        for column in columns
        if MOSTLY * total < nulls[column.name] < total
    ]
    gappy = [column for column in columns if LEAST_ROWS <= nulls[column.name] <= total - LEAST_ROWS]
    return findings + _telling(view, gappy)


def _sparse(column: Column, missing: int, total: int) -> Finding:
    nearly = missing >= NEARLY_ALL * total
    return finding(
        "missing",
        "warning" if nearly else "info",
        f"column {shorten(column.name)}: {missing} of {total} values ({missing / total:.1%}) are missing",
        column=column.name,
        count=missing,
        remedy=f"data: {{drop: [{yaml_word(column.name)}]}}" if nearly else "",
    )


def _telling(view: View, columns: list[Column]) -> list[Finding]:
    target = view.target
    if not columns or target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
        return []
    names = [column.name for column in columns]
    rows = view.sample([target.name, *names], size=_SAMPLE, split=Split.TRAIN).drop_nulls(
        target.name
    )
    of_gap = (
        _classes(rows[target.name])
        if target.task is Task.CLASSIFICATION
        else (_numbers(rows[target.name].to_numpy()))
    )
    findings = []
    for column in columns:
        gap = rows[column.name].is_null().to_numpy()
        if min(gap.sum(), (~gap).sum()) < LEAST_ROWS:
            continue
        size, p_value, told = of_gap(gap)
        if size >= TELLING and p_value * len(columns) < CHANCE:
            findings.append(
                finding(
                    "missing",
                    "warning",
                    f"column {shorten(column.name)}: whether a value is missing tells the target: {told}"
                    f" (strength {size:.2f} of 1)",
                    column=column.name,
                    count=int(gap.sum()),
                    remedy="if it is filled in after the outcome:"
                    f" data: {{known_after: [{yaml_word(column.name)}]}}",
                )
            )
    return findings


def _classes(target: pl.Series) -> _OfGap:
    """Cramer's V (Cramer 1946, 21.9), its p-value by chi-squared, and the greatest difference in words."""
    classes = target.unique().sort()
    found = pl.DataFrame({"class": target}).join(
        pl.DataFrame({"class": classes, "code": np.arange(len(classes))}),
        on="class", how="left", maintain_order="left",
    )  # fmt: skip
    codes = found["code"].to_numpy()

    def of_gap(gap: NDArray[np.bool_]) -> tuple[float, float, str]:
        table = np.stack([np.bincount(codes[side], minlength=len(classes)) for side in (gap, ~gap)])
        expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
        statistic = float(((table - expected) ** 2 / expected).sum())
        shares = table / table.sum(axis=1, keepdims=True)
        most = int(np.argmax(np.abs(shares[0] - shares[1])))
        told = f"{classes[most]!s} in {shares[0, most]:.0%} of the rows without"
        told += f" and {shares[1, most]:.0%} with a value"
        return np.sqrt(statistic / len(gap)), float(chi2.sf(statistic, len(classes) - 1)), told

    return of_gap


def _numbers(target: NDArray[np.float64]) -> _OfGap:
    """Correlation of the gap with the target's ranks, and its p-value by Student's t."""
    ranks = rankdata(target)
    is_constant = not np.ptp(ranks)

    def of_gap(gap: NDArray[np.bool_]) -> tuple[float, float, str]:
        strength = 0.0 if is_constant else abs(float(np.corrcoef(gap, ranks)[0, 1]))
        degrees = len(gap) - 2
        statistic = strength * np.sqrt(degrees / max(1e-300, 1 - strength**2))
        low, high = np.median(target[gap]), np.median(target[~gap])
        told = f"its median is {low:.4g} in the rows without and {high:.4g} with a value"
        return strength, float(2 * t.sf(statistic, degrees)), told

    return of_gap
