"""Categories of test rows that no train row has: whatever a model learnt, it did not learn it of them.

A random split puts all k rows of a value into the test part with a probability of less than that part's share
to the power of k. Where that is under one in a million, and such values have one in a hundred test rows
together, they are named: a shop that opened, a code that was renamed, two files. Under a split by time or
by group that is to be expected, and information.

Cost: one pass over the categories, up to 10,000 values each.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.view import View

CHANCE = 1e-6
LEAST_SHARE = 0.01  # of the test rows
MOST_VALUES = 10_000
EXAMPLES = 3


@dataclass(slots=True)
class _Counts:
    train: set[str] = field(default_factory=set)
    test: dict[str, int] = field(default_factory=dict)


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Columns of categories with values that came with the test rows."""
    kinds = {column.name: column.type for column in view.columns if column.name in view.inputs}
    names = [name for name, kind in kinds.items() if kind is ColumnType.CATEGORY]
    counts = {name: _Counts() for name in names}
    sizes = {Split.TRAIN: 0, Split.TEST: 0}
    for split in sizes:
        for number, block in enumerate(view.blocks(list(counts), split=split)):
            if not deadline.go_on("new categories", number):
                return []
            sizes[split] += block.height
            for name in list(counts):
                _add(counts[name], block[name], split)
                if max(len(counts[name].train), len(counts[name].test)) > MOST_VALUES:
                    del counts[name]
    if not all(sizes.values()):
        return []
    share = sizes[Split.TEST] / sum(sizes.values())
    found = []
    for name, mine in counts.items():
        new = {
            value: count
            for value, count in mine.test.items()
            if value not in mine.train and share**count < CHANCE
        }
        if sum(new.values()) >= LEAST_SHARE * sizes[Split.TEST]:
            found.append(_told(view, name, new, sizes[Split.TEST]))
    return found


def _add(counts: _Counts, values: pl.Series, split: Split) -> None:
    for value, count in values.drop_nulls().alias("value").value_counts().iter_rows():
        if split is Split.TRAIN:
            counts.train.add(value)
        else:
            counts.test[value] = counts.test.get(value, 0) + count


def _told(view: View, name: str, new: dict[str, int], num_rows: int) -> Finding:
    rows = [
        block.filter(block[name].is_in(list(new)))[ROW].to_numpy()
        for block in view.blocks([name], split=Split.TEST)
    ]
    count = sum(new.values())
    often = sorted(new, key=lambda value: (-new[value], value))
    named = ", ".join(shorten(value, 40) for value in often[:EXAMPLES])
    more = f" and {len(new) - EXAMPLES} more" if len(new) > EXAMPLES else ""
    return finding(
        "shift",
        "warning" if view.settings.split.by in ("random", "given") else "info",
        f"{count:,} of {num_rows:,} test rows ({count / num_rows:.1%}) have a value of {name!r} that no"
        f" train row has: {named}{more}. Nothing was learnt of it",
        column=name,
        rows=np.concatenate(rows),
        remedy="data: {split: {by: random}}  # or add such rows to train; here they are unknown values",
    )
