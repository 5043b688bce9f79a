"""One label of several as a question of its own: does a row have it, or not?"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from trainwright.core.columns import ColumnType, Target, Task

ABSENT, PRESENT = "absent", "present"


def question_of(target: Target) -> Target:
    """The two classes of any label of a target."""
    column = replace(target.column, type=ColumnType.CATEGORY, nulls=(), separator="")
    return Target(column, Task.CLASSIFICATION, classes=(ABSENT, PRESENT))


def told_labels(lists: pl.Series, label: str) -> pl.Series:
    """For each row whether it has a label, as a class; shape (rows,)."""
    there = lists.list.contains(label)
    classes = pl.when(there).then(pl.lit(PRESENT)).otherwise(pl.lit(ABSENT))
    return pl.select(classes.alias(lists.name)).to_series()


def commonest(lists: pl.Series, target: Target, *, most: int) -> list[str]:
    """The labels that most rows have, the commonest first; none that all rows have, or none has."""
    counts = dict(lists.explode().drop_nulls().alias("value").value_counts().iter_rows())
    known = [label for label in target.classes if 0 < counts.get(label, 0) < len(lists)]
    return sorted(known, key=lambda label: (-counts[label], label))[:most]
