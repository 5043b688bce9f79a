from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.data.view import PART, TableView
from trainwright.recipe.data import DataSettings

KINDS = {
    pl.String: ColumnType.CATEGORY,
    pl.Float64: ColumnType.NUMBER,
    pl.Boolean: ColumnType.BOOLEAN,
}


@pytest.fixture
def view_of() -> Callable[..., TableView]:
    """A view of a frame, whose positions begin at 1,000; `y` is the target, a coin where it is not given."""

    def made(frame: pl.DataFrame, *, text: bool = False, part: int = 0, **said: Any) -> TableView:
        if "y" not in frame.columns:
            coin = np.random.default_rng(1).integers(0, 2, frame.height)
            frame = frame.with_columns(pl.Series("y", coin).cast(pl.String))
        columns = tuple(
            Column(name, ColumnType.TEXT if text and kind == pl.String else KINDS[type(kind)])
            for name, kind in frame.schema.items()
            if name != "y"
        )
        is_number = frame.schema["y"] == pl.Float64
        target = Target(
            Column("y", ColumnType.NUMBER if is_number else ColumnType.CATEGORY),
            Task.REGRESSION if is_number else Task.CLASSIFICATION,
            () if is_number else tuple(sorted(frame["y"].drop_nulls().unique())),
        )
        rows = frame.with_columns(
            pl.int_range(1_000, 1_000 + frame.height, dtype=pl.Int64).alias(ROW),
            pl.lit(part, dtype=pl.Int8).alias(PART),
        )
        settings = DataSettings(source="t.csv", target="y", **said)
        names = frozenset(column.name for column in columns)
        return TableView.of_frame(rows, columns, names, target, settings, None)  # type: ignore[arg-type]

    return made
