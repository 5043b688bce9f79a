"""Columns that hold the target's mean of a category over all rows: target encodings from before the split.

A row's own target is then part of its input, and a test row's too: with few rows a category the test tells
nothing any more. It is seen without a look at a test target. Over all n rows of one value x, x times n
must be a sum of targets: a whole number of times the step in which targets are written (1 for a class). That
is so by chance for one value in a thousand or fewer, and here for all of them. Beside that, the sum must be
within what train and validation targets leave open, and x no further from their mean than test rows can
bring it about. An encoding that was fitted on train rows alone fails the first, so does a count or a
share of rows; a column that has little to do with the target fails the last.

An error where categories have about 20 rows or fewer and chance is below 1e-18, else a warning.
Not seen here: smoothed and leave-one-out encodings (see `encodings`), targets of more than six decimals,
more than 5,000 distinct values. Cost: one pass over the columns of numbers.

Source: Micci-Barreca 2001, doi:10.1145/507533.507538 (the encoding); Prokhorenkova et al. 2018,
arXiv:1706.09516, sect. 3.2 (what it does to a test).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ColumnType, Task
from trainwright.data.findings import finding
from trainwright.data.leakage.preprocessing import cut_short, written_step
from trainwright.data.types.case import yaml_word
from trainwright.data.view import PART, PARTS, View

MOST_VALUES = 5_000
MOST_CLASSES = 20
SAMPLE_ROWS = 20_000  # in which most columns show more values than that
WARNING, ERROR = -12.0, -18.0  # log10 of chance
SMALL = 20  # rows of a category, up to which its own target is a good part of it
_LEAST_CHANCE = 1e-3  # of one value: so that it takes several
_FARTHEST = 4.0  # mean squared distance from the mean of known targets, in errors of sampling
_FINEST = 1e-6
_MOST_PARTS = 200
_BEYOND = 0.05  # of the sums

Floats = NDArray[np.float64]


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Numbers that are means of the target."""
    if view.target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
        return []
    names = [
        column.name
        for column in view.columns
        if column.type is ColumnType.NUMBER and column.name in view.inputs and not column.integer
    ]
    sample = view.sample(names, size=SAMPLE_ROWS)
    names = [name for name in names if sample[name].n_unique() <= MOST_VALUES + 1]
    if view.target.classes and view.num_rows <= SAMPLE_ROWS:  # all rows are there
        names = [name for name in names if _may_be_shares(sample[name])]
    codes = view.target.classes[:MOST_CLASSES] if view.target.classes else ("",)
    tables = _tables(view, names, codes, deadline)
    if tables is None:
        return [cut_short("columns that hold the target's means")]
    found = []
    for name, table in tables.items():
        if not table["known"].sum():
            continue
        groups = [_groups(table, number) for number in range(len(codes))]
        chances = [_chance(one) for one in groups]
        best = int(np.argmin(chances))
        if chances[best] <= WARNING:
            found.append(_told(name, groups[best], chances[best], label=codes[best]))
    return found


@dataclass(frozen=True, slots=True)
class _Groups:
    """Rows of equal values; all of shape (values,).

    Attributes:
        value: What the column holds.
        rows: How many rows hold it.
        known: Those of train and validation.
        total: Their targets' sum.
        squares: Of their squares.
        low: Least known target anywhere.
        high: Greatest.
        step: In which targets are written.
    """

    value: Floats
    rows: Floats
    known: Floats
    total: Floats
    squares: Floats
    low: float
    high: float
    step: float


def _tables(
    view: View, names: list[str], codes: tuple[str, ...], deadline: Deadline
) -> dict[str, pl.DataFrame] | None:
    """For each column its values, with rows and sums; without columns of too many values.

    None where time ran out.
    """
    tables: dict[str, pl.DataFrame] = {}
    left = list(names)
    target = view.target.name
    test = PARTS.index(Split.TEST)
    steps = [1.0]
    for number, block in enumerate(view.blocks([target, *names]) if names else ()):
        if not left:
            break
        if not deadline.go_on("target means", number):
            return None
        known = pl.col(PART) != test
        values = block.filter(known)[target].drop_nulls()
        if not view.target.classes:
            steps.append(written_step(values.to_numpy()))
        as_sums = [
            (pl.col(target) == code).cast(pl.Float64) if code else pl.col(target) for code in codes
        ]
        aggregated = [
            pl.len().cast(pl.Float64).alias("rows"),
            known.sum().cast(pl.Float64).alias("known"),
            *(one.filter(known).sum().alias(f"total{k}") for k, one in enumerate(as_sums)),
            *(one.filter(known).pow(2).sum().alias(f"squares{k}") for k, one in enumerate(as_sums)),
            *(one.filter(known).min().alias(f"low{k}") for k, one in enumerate(as_sums)),
            *(one.filter(known).max().alias(f"high{k}") for k, one in enumerate(as_sums)),
        ]
        for name in list(left):
            some = pl.DataFrame([block[name], block[target], block[PART]]).drop_nulls(name)
            mine = some.group_by(pl.col(name).alias("value")).agg(aggregated)
            parts = [tables[name], mine] if name in tables else [mine]
            tables[name] = pl.concat(parts).group_by("value").agg(
                pl.col("^(rows|known|total.*|squares.*)$").sum(),
                pl.col("^low.*$").min(),
                pl.col("^high.*$").max(),
            )  # fmt: skip
            if tables[name].height > MOST_VALUES:
                left.remove(name)
                del tables[name]
    step = 1.0 if view.target.classes else min(steps)
    return {
        name: table.sort("value").with_columns(pl.lit(step).alias("step"))
        for name, table in tables.items()
        if step >= _FINEST and table.height > 1
    }


def _groups(table: pl.DataFrame, number: int) -> _Groups:
    named = {key: f"{key}{number}" for key in ("total", "squares", "low", "high")}
    low, high = table[named["low"]].min(), table[named["high"]].max()
    assert isinstance(low, float)
    assert isinstance(high, float)
    return _Groups(
        table["value"].to_numpy(),
        table["rows"].to_numpy(),
        table["known"].to_numpy(),
        table[named["total"]].to_numpy(),
        table[named["squares"]].to_numpy(),
        low,
        high,
        float(table["step"][0]),
    )


def _chance(groups: _Groups) -> float:
    """Log10 of the chance that all sums come out so; 0 where one does not."""
    step = groups.step
    sums, slack, are_sums = _sums(groups.value, groups.rows, step)
    unknown = groups.rows - groups.known
    within = (sums >= groups.total + unknown * groups.low - slack) & (
        sums <= groups.total + unknown * groups.high + slack
    )
    if not (are_sums and are_within(within, low=groups.low, high=groups.high)):
        return 0.0
    if _distance(groups) > _FARTHEST:
        return 0.0
    trivial = np.abs(groups.value - np.round(groups.value / step) * step) <= 1e-9 * step
    chance = np.where(trivial, 1.0, np.clip(2 * slack / step, _LEAST_CHANCE, 1.0))
    return float(np.log10(chance).sum())


def _sums(values: Floats, rows: Floats, step: float) -> tuple[Floats, Floats, bool]:
    """Value times rows, how far it may be off, and whether all are whole multiples of the step."""
    sums: Floats = values * rows
    written = written_step(values)
    slack: Floats = rows * written / 2 * (written > 1e-9) + 1e-11 * np.abs(sums) + 1e-9 * step
    off = np.abs(sums - np.round(sums / step) * step)
    return sums, slack, bool(np.all(off <= slack))


def _may_be_shares(column: pl.Series) -> bool:
    """Could all values be shares of the rows that hold them? Spares most columns of a wide table the rest."""
    values, rows = np.unique(column.drop_nulls().to_numpy(), return_counts=True)
    return bool(len(values)) and _sums(values, rows.astype(np.float64), 1.0)[2]


def are_within(within: NDArray[np.bool_], *, low: float, high: float) -> bool:
    """Sums are within what known targets leave open; a few need not, since test targets may lie beyond those.

    Args:
        within: Whether each is; shape (values,).
        low: Least known target: 0 and 1 are shares of a class, and nothing lies beyond.
        high: Greatest.
    """
    beyond = 0 if (low, high) == (0.0, 1.0) else max(1, int(_BEYOND * len(within)))
    return int((~within).sum()) <= beyond


def _distance(groups: _Groups) -> float:
    """Mean squared distance of the values from the mean of known targets, in errors of sampling."""
    several = (groups.known >= 2) & (groups.rows > groups.known)
    if not several.any():
        return np.inf
    known, rows = groups.known[several], groups.rows[several]
    mean = groups.total[several] / known
    within = (groups.squares[several] - known * mean**2).sum() / max(1.0, (known - 1).sum())
    if within <= 0:
        return np.inf
    variance = within * (1 / known - 1 / rows)
    return float(np.mean((groups.value[several] - mean) ** 2 / variance))


def _size(groups: _Groups) -> int:
    """How many rows a category has, about: two of one share are one value, so the fraction's own tells."""
    slack = max(written_step(groups.value) / 2, 1e-9)
    size = groups.rows.copy()
    for parts in range(_MOST_PARTS, 0, -1):
        sums = groups.value * parts
        fits = np.abs(sums - np.round(sums / groups.step) * groups.step) <= parts * slack
        size[fits] = np.minimum(groups.rows[fits], parts)
    order = np.argsort(size)
    usual = np.searchsorted(np.cumsum(groups.rows[order]), 0.75 * groups.rows.sum())
    return int(size[order][usual])  # the upper quartile, since a fraction may be reduced


def _told(name: str, groups: _Groups, chance: float, *, label: str) -> Finding:
    size = _size(groups)
    of = f"the share of {label!r}" if label else "the mean of the target"
    return finding(
        "leakage",
        "error" if size <= SMALL and chance <= ERROR else "warning",
        f"{name!r} is {of} among all rows of a category, test rows and the row itself included: each of its"
        f" {len(groups.value)} values, times its rows, is a sum of targets (of categories of"
        f" about {size} rows)",
        column=name,
        count=int(groups.rows.sum()),
        remedy=f"data: {{drop: [{yaml_word(name)}]}}"
        "  # and give the category itself: it is encoded here, from train rows alone",
    )
