from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
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
    pl.Binary: ColumnType.IMAGE,
    pl.Datetime: ColumnType.DATETIME,
}


@pytest.fixture
def view_of() -> Callable[..., TableView]:
    """A view of a frame without its target, whose positions begin at 1,000."""

    def made(
        frame: pl.DataFrame,
        *,
        parts: Any = -1,
        texts: tuple[str, ...] = (),
        base: Path = Path(),
        **said: Any,
    ) -> TableView:
        columns = tuple(
            Column(name, ColumnType.TEXT if name in texts else KINDS[type(kind)])
            for name, kind in frame.schema.items()
        )
        rows = frame.with_columns(
            pl.int_range(1_000, 1_000 + frame.height, dtype=pl.Int64).alias(ROW),
            pl.Series(PART, np.broadcast_to(np.asarray(parts, np.int8), frame.height)),
            pl.Series("y", ["a", "b"] * (frame.height // 2) + ["a"] * (frame.height % 2)),
        )
        target = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b"))
        settings = DataSettings(source="t.csv", target="y", **said)
        names = frozenset(frame.columns)
        return TableView.of_frame(rows, columns, names, target, settings, None, base=base)  # type: ignore[arg-type]

    return made
