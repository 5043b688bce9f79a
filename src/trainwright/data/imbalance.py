"""Rare classes: what can be said of one with so few train rows.

Under 20 train rows a class is hardly learnt and never judged: a warning. Under 5 % of the rows accuracy says
nothing, and a threshold is chosen: information. Balancing is no cure for too few rows.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Task
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.view import PARTS, View

FEW_ROWS = 20
RARE = 0.05


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - counts
    """The rarest class, where it is rare."""
    if view.target.task is not Task.CLASSIFICATION or view.settings.balance != "none":
        return []
    name, train = view.target.name, view.class_counts()[:, PARTS.index(Split.TRAIN)]
    counts = dict(zip(view.target.classes, train.tolist(), strict=True))
    total, label = sum(counts.values()), min(counts, key=lambda one: (counts[one], one))
    rarest, fair = counts[label], 1 / len(counts)
    few = rarest < FEW_ROWS
    if not few and rarest >= min(RARE, fair / 2) * total:
        return []
    rows = [
        block.filter(pl.col(name) == label)[ROW].to_numpy()
        for block in view.blocks([name], split=Split.TRAIN)
    ]
    why = (
        "too few to be learnt, or judged: join it with another class, or label more rows"
        if few
        else "accuracy says little; look at balanced accuracy, or the area under precision and recall"
    )
    return [
        finding(
            "imbalance",
            "warning" if few else "info",
            f"class {shorten(label, 40)} of {shorten(name)} has {rarest:,} of {total:,} train rows"
            f" ({rarest / total:.1%}): {why}",
            column=name,
            rows=np.concatenate(rows),
            remedy="data: {balance: class-weights}",
        )
    ]
