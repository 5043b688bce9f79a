"""Categories of test rows that no train row has: whatever a model learnt, it did not learn it of them.

A random split puts all k rows of a value into the test part with a probability of less than that part's share
to the power of k. Where that is under one in a million, and such values have one in a hundred test rows
together, they are named: a shop that opened, a code that was renamed, two files. Under a split by time or
by group that is to be expected, and information.

Values that a sample of train rows holds are not new; the others are counted, where they are in enough rows to
be told of. Cost: the counts of categories, and a pass over the columns that are left. A column of more than
20,000 values is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.leakage.remedies import split_by
from trainwright.data.view import PART, PARTS, View

CHANCE = 1e-6
LEAST_SHARE = 0.01  # of the test rows
EXAMPLES = 3
SAMPLE_ROWS = (20_000, 100_000)


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Columns of categories with values that came with the test rows."""
    kinds = {column.name: column.type for column in view.columns if column.name in view.inputs}
    names = [name for name, kind in kinds.items() if kind is ColumnType.CATEGORY]
    sizes = _sizes(view) if names else {}
    if not names or not all(sizes.values()):
        return []
    rare = _rare(view, names, least=LEAST_SHARE * sizes[Split.TEST])
    counts: dict[str, list[pl.DataFrame]] = {name: [] for name in rare}
    for number, block in enumerate(view.blocks(list(rare)) if rare else ()):
        if not deadline.go_on("new categories", number):
            return []
        for name, values in rare.items():
            mine = block.select(pl.col(name).alias("value"), PART)
            mine = mine.filter(pl.col("value").is_in(values.to_list()))
            counts[name].append(mine.group_by("value", PART).len("count"))
    share = sizes[Split.TEST] / sum(sizes.values())
    found = []
    for name, some in counts.items():
        new = {
            value: count for value, count in _not_in_train(pl.concat(some)) if share**count < CHANCE
        }
        if sum(new.values()) >= LEAST_SHARE * sizes[Split.TEST]:
            found.append(_told(view, name, new, sizes[Split.TEST]))
    return found


def _sizes(view: View) -> dict[Split, int]:
    """Rows of train and test."""
    sizes = np.zeros(len(PARTS) + 1, dtype=np.int64)
    for block in view.blocks([]):
        sizes += np.bincount(block[PART].to_numpy() + 1, minlength=len(sizes))
    return {split: int(sizes[PARTS.index(split) + 1]) for split in (Split.TRAIN, Split.TEST)}


def _rare(view: View, names: list[str], *, least: float) -> dict[str, pl.Series]:
    """Values that are not among some train rows, of columns where they are in so many rows."""
    found: dict[str, pl.Series] = {}
    for size in SAMPLE_ROWS:
        sample = view.sample(names, size=size, split=Split.TRAIN)
        found = {}
        for name in names:
            counts = view.counts(name)
            if counts is None:
                continue
            known = sample[name].unique().to_frame("value")
            rare = counts.join(known, on="value", how="anti")
            if (rare["count"].sum() or 0) >= least:
                found[name] = rare["value"]
        names = list(found)
        if not names:
            break
    return found


def _not_in_train(counts: pl.DataFrame) -> Iterator[tuple[str, int]]:
    """Values without a train row, with their test rows."""
    is_train = pl.col(PART) == PARTS.index(Split.TRAIN)
    is_test = pl.col(PART) == PARTS.index(Split.TEST)
    by_value = counts.group_by("value").agg(
        pl.col("count").filter(is_train).sum().alias("train"),
        pl.col("count").filter(is_test).sum().alias("test"),
    )
    yield from by_value.filter(train=0).filter(pl.col("test") > 0).select("value", "test").rows()


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
        remedy=_remedy(view),
    )


def _remedy(view: View) -> str:
    """Another split, where it is not drawn at random already."""
    if view.settings.is_drawn:
        return "add such rows to train; here they are unknown values"
    return f"{split_by(view, '{by: random}')}  # or add such rows to train; here they are unknown values"
