"""Nulls put into a series where a mask says so; Polars has this for frames only."""

from __future__ import annotations

import polars as pl


def null_where(mask: pl.Series, values: pl.Series) -> pl.Series:
    """`values` without those where the mask is true."""
    if not mask.any():
        return values
    frame = pl.DataFrame({"mask": mask, "values": values})
    kept = pl.when(pl.col("mask")).then(None).otherwise(pl.col("values"))
    return frame.select(kept.alias(values.name)).to_series()
