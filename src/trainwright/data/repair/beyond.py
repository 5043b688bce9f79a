"""Rows that are left out before the split because a number is beyond limits that the recipe states."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.core.columns import ROW
from trainwright.data.detection import LeftOut
from trainwright.data.view import View


def leave_out(view: View) -> LeftOut:
    """Rows where `limits` say drop."""
    settings = view.settings.repair
    limits = {
        name: one
        for name, one in settings.limits.items()
        if (one.beyond or settings.beyond) == "drop"
    }
    if not limits:
        return LeftOut(np.empty(0, np.int64), ())
    odd = {
        name: ((pl.col(name) < one.low) if one.low is not None else pl.lit(value=False))
        | ((pl.col(name) > one.high) if one.high is not None else pl.lit(value=False))
        for name, one in limits.items()
    }
    rows, reasons = [], []
    for block in view.blocks(list(limits)):
        left = block.filter(pl.any_horizontal(mask.fill_null(value=False) for mask in odd.values()))
        first = left.select(
            pl.coalesce(pl.when(mask).then(pl.lit(name)) for name, mask in odd.items()).alias(
                "name"
            )
        )["name"]
        rows.append(left[ROW].to_numpy())
        for name, line in zip(first, left.iter_rows(named=True), strict=True):
            reasons.append(f"{name} is {line[name]:.10g}, beyond its limits")
    return LeftOut(np.concatenate(rows), reasons)
