"""Which numbers may have been made of which category by the target, and what proofs of it need of all rows.

A sample of train rows rules most pairs out: what was made of a category has one value in each, or one beside
each target. A column whose values stand for categories makes a pair with itself.

Cost: the counts of categories, a look at 4,000 train rows; a table is a pass over all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import Column, ColumnType
from trainwright.data.leakage.bench import encode
from trainwright.data.leakage.preprocessing import written_step
from trainwright.data.leakage.scores import ranks
from trainwright.data.leakage.target_means import MOST_CLASSES, SMALL
from trainwright.data.leakage.target_orders import FEWEST
from trainwright.data.levels import MOST_LEVELS
from trainwright.data.view import PART, PARTS, View

SAMPLE_ROWS = 4_000
FEWEST_CATEGORIES = 5  # that hold several targets
_EXACT = 1e-9  # relative to the column, what double precision leaves
_TELLING = 0.2  # rank correlation with the target; means of n rows each have 1 / sqrt(n)
_LEVEL, _X, _Y, _ROWS, _TRAIN = "level", "x", "y", "rows", "of_train"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """A number (of whole ones or not), a category and a class (a regression's has the code "")."""

    number: str
    category: str
    code: str
    is_whole: bool = False

    @property
    def is_alone(self) -> bool:
        """The number's own values stand for the categories."""
        return self.number == self.category


def find_pairs(view: View, deadline: Deadline) -> list[Pair] | None:
    """Pairs that a sample of train rows does not rule out; None where time ran out."""
    made = [c for c in view.columns if _may_be_made(c) and c.name in view.inputs]
    numbers = [c.name for c in made if not c.integer]
    categories = [c.name for c in view.columns if _may_be_encoded(c)]
    names = list(dict.fromkeys([view.target.name, *(c.name for c in made), *categories]))
    sample = view.sample(names, size=SAMPLE_ROWS, split=Split.TRAIN)
    slacks = {name: _slack(sample[name].drop_nulls().to_numpy()) for name in numbers}
    codes = view.target.classes[:MOST_CLASSES] if view.target.classes else ("",)
    codes = codes[::-1] if len(codes) == 2 else codes
    one_way = codes[:1] if len(codes) == 2 else codes
    is_small = (
        view.num_rows <= MOST_LEVELS * SMALL
    )  # else small categories are more than are counted
    asked_of = [c.name for c in made] if is_small else []
    told = _telling(sample, asked_of, view.target.name, one_way)
    whole_numbers = {c.name: 0.0 for c in made if c.integer and c.name in told}
    found = []
    for done, category in enumerate(categories if numbers or whole_numbers else ()):
        if not deadline.go_on("encodings", done):
            return None
        by = [category, view.target.name]
        hopeful = _constant(sample, by[:1], slacks) | _constant(sample, by, slacks)
        asked = numbers if not view.target.classes else sorted(hopeful)
        others = {name: slack for name, slack in whole_numbers.items() if name != category}
        whole = sorted(_constant(sample, by[:1], others))
        levels = levels_of(view, category) if asked or whole else pl.DataFrame()
        if not len(levels):
            continue
        for number in asked:
            for pair in (Pair(number, category, code) for code in codes):
                table = _aggregated(_rows(sample, view, pair, levels))
                slack = slacks[number]
                if len(table) and (is_one_value(table, slack) or is_one_sum(table, slack)):
                    found.append(pair)
        found += [Pair(number, category, code, True) for number in whole for code in told[number]]
    alone = [name for name in told if _has_many_small(view, name)]
    return found + [Pair(name, name, code) for name in alone for code in told[name]]


def _telling(
    sample: pl.DataFrame, names: Sequence[str], target: str, codes: Sequence[str]
) -> dict[str, list[str]]:
    """Numbers that rise or fall with a class, as small categories' means do, and with which."""
    y = sample[target]
    wanted = [(y == code if code else y).cast(pl.Float64).to_numpy() for code in codes]
    answers = np.column_stack([_centred(one) for one in wanted])
    found = {}
    for name in names:
        told = np.abs(_centred(encode(sample[name])) @ answers) >= _TELLING
        if told.any():
            found[name] = [code for code, is_told in zip(codes, told, strict=True) if is_told]
    return found


def _centred(values: Floats) -> Floats:
    """Ranks of mean 0 and length 1, 0 where missing."""
    known = ~np.isnan(values)
    found = np.zeros(len(values))
    found[known] = ranks(values[known]) - (known.sum() + 1) / 2
    length = float(np.linalg.norm(found))
    return found / length if length else found


def _has_many_small(view: View, name: str) -> bool:
    """Of the values that stand in several rows, enough are to be expected without a test row."""
    counts = view.counts(name)
    if counts is None:
        return False
    parts = view.sample([name], size=SAMPLE_ROWS)[PART].to_numpy()
    share = float(np.mean(parts == PARTS.index(Split.TEST))) if len(parts) else 0.0
    several = counts["count"].filter(counts["count"] > 1).to_numpy().astype(np.float64)
    return float(((1 - share) ** several).sum()) >= FEWEST / 2


def _may_be_made(column: Column) -> bool:
    return column.type is ColumnType.NUMBER


def _may_be_encoded(column: Column) -> bool:
    whole = column.type is ColumnType.NUMBER and column.integer
    return whole or column.type in (ColumnType.CATEGORY, ColumnType.IDENTIFIER)


def _constant(frame: pl.DataFrame, by: Sequence[str], slacks: dict[str, float]) -> set[str]:
    """Numbers that have one value where these columns have one."""
    if not slacks:
        return set()
    spread = frame.group_by(by).agg(pl.col(name).max() - pl.col(name).min() for name in slacks)
    far = spread.select(pl.col(name).max().fill_null(0.0) for name in slacks)
    return {name for name, slack in slacks.items() if far[name].item() <= 2 * slack}


def table_of(view: View, pair: Pair, levels: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """The same of all rows, and the error of rounding of x."""
    merged, slack = pl.DataFrame(), np.inf
    names = list(dict.fromkeys([pair.number, pair.category, view.target.name]))
    for block in view.blocks(names):
        rows = _rows(block, view, pair, levels)
        slack = min(slack, _slack(rows[_X].to_numpy()))
        mine = _aggregated(rows)
        parts = [merged.select(mine.columns), mine] if len(merged) else [mine]
        merged = pl.concat(parts).group_by(_LEVEL).agg(
            pl.col(_ROWS).first(),
            pl.col("known", "total", "train", "train_total").sum(),
            pl.col("^.*_low$").min(),
            pl.col("^.*_high$").max(),
        )  # fmt: skip
    return merged.sort(_ROWS, "known", "total", _LEVEL), slack


def levels_of(view: View, name: str) -> pl.DataFrame:
    """The levels of a category column with their rows; none of one of too many, or of one row each."""
    counts = view.counts(name)
    if counts is None or (counts["count"] > 1).sum() < FEWEST_CATEGORIES:
        return pl.DataFrame()
    return counts.select(
        pl.col("value").alias(_LEVEL), pl.col("count").cast(pl.Float64).alias(_ROWS)
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
            pl.col(_TRAIN).sum().cast(pl.Float64).alias("train"),
            pl.col(_Y).filter(pl.col(_TRAIN)).sum().alias("train_total"),
            pl.col(_Y).min().alias("y_low"),
            pl.col(_Y).max().alias("y_high"),
            pl.col(_X).min().alias("x_low"),
            pl.col(_X).max().alias("x_high"),
            whole.min().alias("sum_low"),
            whole.max().alias("sum_high"),
        )
    )


def _rows(frame: pl.DataFrame, view: View, pair: Pair, levels: pl.DataFrame) -> pl.DataFrame:
    """Level, x, y (missing in test rows), whether it is of train, and the level's rows."""
    target = pl.col(view.target.name)
    value = (target == pair.code).cast(pl.Float64) if pair.code else target.cast(pl.Float64)
    test = pl.col(PART) == PARTS.index(Split.TEST)
    return (
        frame.select(
            pl.col(pair.category).alias(_LEVEL),
            pl.col(pair.number).cast(pl.Float64).alias(_X),
            pl.when(test).then(None).otherwise(value).alias(_Y),
            (pl.col(PART) == PARTS.index(Split.TRAIN)).alias(_TRAIN),
        )
        .drop_nulls([_LEVEL, _X])
        .join(levels, on=_LEVEL)
    )


def _slack(values: Floats) -> float:
    """How far a value may be off: half the step in which it is written."""
    if not len(values):
        return np.inf
    return max(written_step(values) / 2, _EXACT * float(np.abs(values).max()), 1e-12)


def is_one_value(table: pl.DataFrame, slack: float) -> bool:
    """The number is one in each category."""
    return bool((table["x_high"] - table["x_low"] <= 2 * slack).all())


def is_one_sum(table: pl.DataFrame, slack: float) -> bool:
    """With the target it is."""
    far = table["sum_high"] - table["sum_low"] > 2 * slack * (table[_ROWS] - 1)
    return not far.any()
