from __future__ import annotations

import polars as pl

from trainwright.core.columns import ROW, UNIT, Column, ColumnType, Target, Task
from trainwright.flow.rows import as_rows

TARGET = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)


def test_rows_that_belong_together_are_resampled_together_and_others_alone() -> None:
    alone = pl.DataFrame({ROW: [3, 5, 8], "y": [1.0, 2.0, 3.0]})
    assert as_rows(alone, TARGET).units.tolist() == [3, 5, 8]
    together = alone.with_columns(pl.Series(UNIT, [3, 3, 8]))
    assert as_rows(together, TARGET).units.tolist() == [3, 3, 8]
