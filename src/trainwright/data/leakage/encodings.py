"""Columns made of a category and the target: smoothed and leave-one-out encodings from before the split.

Both are known by their arithmetic, category by category of a column that stands beside them, with n rows
(all of them, test rows too) and targets that sum to K:

- leave-one-out: x (n - 1) + y = K for each row. So x tells the row's own target, test rows' as well.
- smoothed: x is one value a category, and for categories of one size a straight line of K, whatever the
  smoothing. Categories without a test row, whose K is known, give the line; in those that have some, the K
  that x stands for must be a sum of targets within what the known ones leave open. An encoding fitted on
  train rows alone fails that, for its n is another one.

No test target is looked at. Chance is counted as in `target_means`: what has only two sums, or fits
by rounding, proves nothing. Not seen: encodings with noise, in an order (CatBoost's), of a
category that is not in the table, or of one whose categories all have test rows; smoothed ones of a target of
more than six decimals.

Cost: the counts of categories, a look at 4,000 train rows, and a pass for each pair that is left.

Source: Micci-Barreca 2001, doi:10.1145/507533.507538; Prokhorenkova et al. 2018, arXiv:1706.09516, sect. 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import Column, ColumnType, Task
from trainwright.data.findings import finding
from trainwright.data.leakage.preprocessing import cut_short, written_step
from trainwright.data.leakage.target_means import ERROR, MOST_CLASSES, SMALL, WARNING
from trainwright.data.types.case import yaml_word
from trainwright.data.view import PART, PARTS, View

SAMPLE_ROWS = 4_000
_FEWEST_CATEGORIES = 5  # that hold several targets
_FEWEST_SUMS = 3  # of categories of one size
_LEAST_CHANCE = 1e-3
_EXACT = 1e-9  # relative to the column, what double precision leaves
_FINEST = 1e-6
_LEVEL, _X, _Y, _ROWS = "level", "x", "y", "rows"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A number, a category and a class (a regression's has the code "")."""

    number: str
    category: str
    code: str


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Numbers that were made of a category and the target of all rows."""
    if view.target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
        return []
    numbers = [c.name for c in view.columns if _may_be_made(c) and c.name in view.inputs]
    categories = [c.name for c in view.columns if _may_be_encoded(c)]
    left = _pairs(view, numbers, categories, deadline) if numbers and categories else []
    if left is None:
        return [cut_short("columns that encode a category by the target")]
    found: dict[str, Finding] = {}
    for number, pair in enumerate(left):
        if not deadline.go_on("encodings proven", number):
            return [*found.values(), cut_short("columns that encode a category by the target")]
        if pair.number in found:
            continue
        table, slack = _table(view, pair, _levels(view, pair.category))
        told = _left_out(pair, table, slack) or _smoothed(pair, table, slack, _step(view, pair))
        if told is not None:
            found[pair.number] = told
    return list(found.values())


def _may_be_made(column: Column) -> bool:
    return column.type is ColumnType.NUMBER and not column.integer


def _may_be_encoded(column: Column) -> bool:
    whole = column.type is ColumnType.NUMBER and column.integer
    return whole or column.type in (ColumnType.CATEGORY, ColumnType.IDENTIFIER)


def _levels(view: View, name: str) -> pl.DataFrame:
    """The levels of a category column with their rows; none of one of too many, or of one row each."""
    counts = view.counts(name)
    if counts is None or (counts["count"] > 1).sum() < _FEWEST_CATEGORIES:
        return pl.DataFrame()
    return counts.select(
        pl.col("value").alias(_LEVEL), pl.col("count").cast(pl.Float64).alias(_ROWS)
    )


def _pairs(
    view: View, numbers: Sequence[str], categories: Sequence[str], deadline: Deadline
) -> list[_Pair] | None:
    """Pairs that a sample of train rows does not rule out; None where time ran out."""
    names = list(dict.fromkeys([view.target.name, *numbers, *categories]))
    sample = view.sample(names, size=SAMPLE_ROWS, split=Split.TRAIN)
    slacks = {name: _slack(sample[name].drop_nulls().to_numpy()) for name in numbers}
    codes = view.target.classes[:MOST_CLASSES] if view.target.classes else ("",)
    found = []
    for done, category in enumerate(categories):
        if not deadline.go_on("encodings", done):
            return None
        by = [category, view.target.name]
        hopeful = _constant(sample, by[:1], slacks) | _constant(sample, by, slacks)
        asked = numbers if not view.target.classes else sorted(hopeful)
        levels = _levels(view, category) if asked else pl.DataFrame()
        for number in asked if len(levels) else ():
            for pair in (_Pair(number, category, code) for code in codes):
                table = _aggregated(_rows(sample, view, pair, levels))
                slack = slacks[number]
                if len(table) and (_is_one_value(table, slack) or _is_one_sum(table, slack)):
                    found.append(pair)
    return found


def _constant(frame: pl.DataFrame, by: Sequence[str], slacks: dict[str, float]) -> set[str]:
    """Numbers that have one value where these columns have one."""
    spread = frame.group_by(by).agg(pl.col(name).max() - pl.col(name).min() for name in slacks)
    far = spread.select(pl.col(name).max().fill_null(0.0) for name in slacks)
    return {name for name, slack in slacks.items() if far[name].item() <= 2 * slack}


def _rows(frame: pl.DataFrame, view: View, pair: _Pair, levels: pl.DataFrame) -> pl.DataFrame:
    """Level, x, y (missing in test rows), and the level's rows."""
    target = pl.col(view.target.name)
    value = (target == pair.code).cast(pl.Float64) if pair.code else target.cast(pl.Float64)
    test = pl.col(PART) == PARTS.index(Split.TEST)
    return (
        frame.select(
            pl.col(pair.category).alias(_LEVEL),
            pl.col(pair.number).cast(pl.Float64).alias(_X),
            pl.when(test).then(None).otherwise(value).alias(_Y),
        )
        .drop_nulls([_LEVEL, _X])
        .join(levels, on=_LEVEL)
    )


def _aggregated(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each level of several rows what both proofs need."""
    whole = pl.col(_X) * (pl.col(_ROWS) - 1) + pl.col(_Y)
    return (
        rows.filter(pl.col(_ROWS) > 1)
        .group_by(_LEVEL)
        .agg(
            pl.col(_ROWS).first(),
            pl.col(_Y).count().cast(pl.Float64).alias("known"),
            pl.col(_Y).sum().alias("total"),
            pl.col(_Y).min().alias("y_low"),
            pl.col(_Y).max().alias("y_high"),
            pl.col(_X).min().alias("x_low"),
            pl.col(_X).max().alias("x_high"),
            whole.min().alias("sum_low"),
            whole.max().alias("sum_high"),
        )
    )


def _table(view: View, pair: _Pair, levels: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """The same of all rows, and the error of rounding of x."""
    merged, slack = pl.DataFrame(), np.inf
    names = [pair.number, pair.category, view.target.name]
    for block in view.blocks(names):
        rows = _rows(block, view, pair, levels)
        slack = min(slack, _slack(rows[_X].to_numpy()))
        mine = _aggregated(rows)
        parts = [merged.select(mine.columns), mine] if len(merged) else [mine]
        merged = pl.concat(parts).group_by(_LEVEL).agg(
            pl.col(_ROWS).first(),
            pl.col("known", "total").sum(),
            pl.col("^.*_low$").min(),
            pl.col("^.*_high$").max(),
        )  # fmt: skip
    return merged.sort(_ROWS, "known", "total", _LEVEL), slack


def _slack(values: Floats) -> float:
    """How far a value may be off: half the step in which it is written."""
    if not len(values):
        return np.inf
    return max(written_step(values) / 2, _EXACT * float(np.abs(values).max()), 1e-12)


def _is_one_value(table: pl.DataFrame, slack: float) -> bool:
    return bool((table["x_high"] - table["x_low"] <= 2 * slack).all())


def _is_one_sum(table: pl.DataFrame, slack: float) -> bool:
    far = table["sum_high"] - table["sum_low"] > 2 * slack * (table[_ROWS] - 1)
    return not far.any()


def _left_out(pair: _Pair, table: pl.DataFrame, slack: float) -> Finding | None:
    """Told where x and the row's own target make one sum in every category."""
    if not len(table) or not _is_one_sum(table, slack):
        return None
    spread = pl.col("y_high") - pl.col("y_low")
    telling = table.filter(spread > 20 * slack * (pl.col(_ROWS) - 1))  # else rounding could do it
    if len(telling) < _FEWEST_CATEGORIES:
        return None
    of = f"the share of {pair.code!r}" if pair.code else "the mean of the target"
    return finding(
        "leakage",
        "error",
        f"{pair.number!r} is {of} among the other rows of the same {pair.category!r}, test rows included:"
        f" with a row's own target it makes one sum in each of {len(telling)} categories, so that it tells"
        " that target",
        column=pair.number,
        count=int(table[_ROWS].sum()),
        remedy=_remedy(pair),
    )


def _smoothed(pair: _Pair, table: pl.DataFrame, slack: float, step: float) -> Finding | None:
    """Told where x is a line of the targets' sum, for each size of category."""
    if not len(table) or step < _FINEST or not _is_one_value(table, slack):
        return None
    if (table["y_high"] > table["y_low"]).sum() < _FEWEST_CATEGORIES:
        return None  # the target is one value a category itself, and x may be that value in other words
    low, high = table["y_low"].to_numpy().min(), table["y_high"].to_numpy().max()
    chance, rows, plain = 0.0, 0, True
    for group in table.partition_by(_ROWS, maintain_order=True):
        size = float(group[_ROWS][0])
        line = _line(group, slack)
        if line is None:
            continue
        slope, start, fitted = line
        if not fitted or slope < 0:
            return None  # known sums do not lie on a line, or those of the other class do
        plain &= abs(slope * size - 1) < 1e-6 and abs(start) < 1e-6
        part = _open_sums(group, slope, start, slack=slack, step=step, low=low, high=high)
        if part is None:
            return None
        chance += part
        rows += int(group[_ROWS].sum())
    if chance > WARNING or plain:  # plain means are told elsewhere
        return None
    usual = float(table.select(pl.col(_ROWS).median()).item())
    of = f"share of {pair.code!r}" if pair.code else "mean of the target"
    return finding(
        "leakage",
        "error" if usual <= SMALL and chance <= ERROR else "warning",
        f"{pair.number!r} is the smoothed {of} among all rows of the same {pair.category!r}, test rows"
        " and the row itself included: for categories of one size it is a line of the targets' sum, and whole"
        f" sums come out where test rows have a share in it (of categories of about {usual:.0f} rows)",
        column=pair.number,
        count=rows,
        remedy=_remedy(pair),
    )


def _line(group: pl.DataFrame, slack: float) -> tuple[float, float, bool] | None:
    """Slope and start of x over the known sums of one size, and whether they lie on it; None where few."""
    known = group.filter(pl.col("known") == pl.col(_ROWS))
    if known["total"].n_unique() < _FEWEST_SUMS:
        return None
    sums, values = known["total"].to_numpy(), known["x_low"].to_numpy()
    first, last = int(np.argmin(sums)), int(np.argmax(sums))
    slope = float((values[last] - values[first]) / (sums[last] - sums[first]))
    start = float(values[first] - slope * sums[first])
    off = np.abs(values - start - slope * sums)
    fitted = bool(np.all(off <= 4 * slack)) and abs(slope) > 20 * slack
    return slope, start, fitted


def _open_sums(
    group: pl.DataFrame,
    slope: float,
    start: float,
    *,
    slack: float,
    step: float,
    low: float,
    high: float,
) -> float | None:
    """Log10 of the chance that all sums with test rows in them come out so; None where one does not."""
    some = group.filter(pl.col("known") < pl.col(_ROWS))
    if not len(some):
        return 0.0
    sums = (some["x_low"].to_numpy() - start) / slope
    error = 6 * slack / abs(slope) + 1e-9 * step
    off = np.abs(sums - np.round(sums / step) * step)
    unknown = some[_ROWS].to_numpy() - some["known"].to_numpy()
    total = some["total"].to_numpy()
    within = (sums >= total + unknown * low - error) & (sums <= total + unknown * high + error)
    if not (np.all(off <= error) and np.all(within)):
        return None
    chance = float(np.clip(2 * error / step, _LEAST_CHANCE, 1.0))
    return float(np.log10(chance)) * len(some)


def _step(view: View, pair: _Pair) -> float:
    """In which sums of targets go on."""
    if pair.code:
        return 1.0
    name = view.target.name
    sample = view.sample([name], size=SAMPLE_ROWS, split=Split.TRAIN)[name].drop_nulls()
    return written_step(sample.to_numpy())


def _remedy(pair: _Pair) -> str:
    return (
        f"data: {{drop: [{yaml_word(pair.number)}]}}"
        f"  # and keep {yaml_word(pair.category)}: it is encoded here, from train rows alone"
    )
