"""Small series, as the preparation would give them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainwright.core.artifacts import Column, ColumnType, Series, Target, Task


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


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
