"""Small series: long tables for stage 1, and what the preparation gives of such, for the networks."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Series


def classes(num_series: int = 60) -> pl.DataFrame:
    """Ragged series of two channels and two classes, rows in no order."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "id": f"s{number}",
            "t": step,
            "x": rng.normal(),
            "y": rng.normal(),
            "label": "ab"[number % 2],
        }
        for number in range(num_series)
        for step in range(4 + number % 3)
    ]
    return pl.DataFrame(rows).sample(fraction=1.0, shuffle=True, seed=1)


def shops(steps: int = 120) -> pl.DataFrame:
    """Two series of a season of 6, and a further column."""
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        [
            {
                "shop": shop,
                "t": step,
                "sales": np.sin(step * np.pi / 3) + 0.1 * rng.normal() + 5 * number,
                "rain": rng.normal(),
            }
            for number, shop in enumerate(("A", "B"))
            for step in range(steps)
        ]
    )


def series(lengths: list[int], *, channels: int = 2, seed: int = 0) -> Series:
    rng = np.random.default_rng(seed)
    return Series(
        values=rng.normal(size=(sum(lengths), channels)),
        ends=np.cumsum(lengths),
        names=tuple(f"c{number}" for number in range(channels)),
        centre=np.full(channels, 5.0),
        scale=np.full(channels, 2.0),
    )


def rows_of(features: Series, rows: list[int]) -> Series:
    starts = np.concatenate([[0], features.ends[:-1]])
    parts = [features.values[starts[row] : features.ends[row]] for row in rows]
    return Series(
        values=np.concatenate(parts),
        ends=np.cumsum([len(part) for part in parts]),
        names=features.names,
        centre=features.centre,
        scale=features.scale,
    )


TARGETS = {
    "classification": Target(
        Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b", "c")
    ),
    "regression": Target(Column("y", ColumnType.NUMBER), Task.REGRESSION),
    "forecasting": Target(
        Column("y", ColumnType.NUMBER), Task.FORECASTING, horizon=3, season=4, context=12
    ),
}
