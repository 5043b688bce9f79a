"""Columns made of a category and the target: smoothed and leave-one-out encodings from before the split.

They are known by their arithmetic, category by category of a column that stands beside them, with n rows
(all of them, test rows too) and targets that sum to K:

- leave-one-out: x (n - 1) + y = K for each row. So x tells the row's own target, test rows' as well.
- smoothed: x is one value a category, and for categories of one size a straight line of K, whatever the
  smoothing. Categories without a test row, whose K is known, give the line; in those that have some, the K
  that x stands for must be a sum of targets within what the known ones leave open. An encoding fitted on
  train rows alone fails that, for its n is another one. A target of more than six decimals has no sums to
  be held to; there the line must not hold for the rows of train alone.
- any other scale, as ranks of the mean: by the order of the categories (`target_orders`). A column whose
  values stand for categories needs no other one beside it for that.

No test target is looked at. Chance is counted as in `target_means`: what has only two sums, or fits by
rounding, proves nothing. Not seen: encodings with noise, in an order (CatBoost's), of a category that is
not in the table (but by their order, where each has a value of its own), or whose categories all have test
rows.

Cost: the counts of categories, a look at 4,000 train rows, and a pass for each pair that is left.

Source: Micci-Barreca 2001, doi:10.1145/507533.507538; Prokhorenkova et al. 2018, arXiv:1706.09516, sect. 3.2.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import Task
from trainwright.data.findings import finding
from trainwright.data.leakage.encoding_pairs import (
    FEWEST_CATEGORIES,
    SAMPLE_ROWS,
    Pair,
    find_pairs,
    is_one_sum,
    is_one_value,
    levels_of,
    table_of,
)
from trainwright.data.leakage.preprocessing import cut_short, written_step
from trainwright.data.leakage.target_means import ERROR, SMALL, WARNING, are_within
from trainwright.data.leakage.target_orders import order_of
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

_FEWEST_SUMS = 3  # of categories of one size
_LEAST_CHANCE = 1e-3
_FINEST = 1e-6
_ROWS = "rows"


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Numbers that were made of a category and the target of all rows."""
    if view.target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
        return []
    left = find_pairs(view, deadline)
    if left is None:
        return [cut_short("columns that encode a category by the target")]
    found: dict[str, Finding] = {}
    for number, pair in enumerate(left):
        if not deadline.go_on("encodings proven", number):
            return [*found.values(), cut_short("columns that encode a category by the target")]
        if pair.number in found:
            continue
        table, slack = table_of(view, pair, levels_of(view, pair.category))
        told = _told(pair, table, slack, _step(view, pair))
        if told is not None:
            found[pair.number] = told
    return list(found.values())


def _told(pair: Pair, table: pl.DataFrame, slack: float, step: float) -> Finding | None:
    found = None
    if not (pair.is_alone or pair.is_whole):
        found = _left_out(pair, table, slack) or _smoothed(pair, table, slack, step)
    return found or _ordered(pair, table, step)


def _left_out(pair: Pair, table: pl.DataFrame, slack: float) -> Finding | None:
    """Told where x and the row's own target make one sum in every category."""
    if not len(table) or not is_one_sum(table, slack):
        return None
    spread = pl.col("y_high") - pl.col("y_low")
    telling = table.filter(spread > 20 * slack * (pl.col(_ROWS) - 1))  # else rounding could do it
    if len(telling) < FEWEST_CATEGORIES:
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


def _smoothed(pair: Pair, table: pl.DataFrame, slack: float, step: float) -> Finding | None:
    """Told where x is a line of the targets' sum, for each size of category."""
    if not len(table) or not is_one_value(table, slack):
        return None
    if (table["y_high"] > table["y_low"]).sum() < FEWEST_CATEGORIES:
        return None  # the target is one value a category itself, and x may be that value in other words
    if step < _FINEST:
        return _fine(pair, table, slack)
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
    return _smoothed_finding(
        pair, table, chance, rows, "whole sums come out where test rows have a share in it"
    )


def _fine(pair: Pair, table: pl.DataFrame, slack: float) -> Finding | None:
    """The same of a target without sums to be held to: the line holds for all rows, and not for train's."""
    lines, chance, rows, plain = {}, 0.0, 0, True
    spread = max(float(np.ptp(table["x_low"].to_numpy())), 1e-300)
    for group in table.partition_by(_ROWS, maintain_order=True):
        line = _line(group, slack)
        if line is None:
            continue
        slope, start, fitted = line
        size, known = float(group[_ROWS][0]), int((group["known"] == group[_ROWS]).sum())
        if not fitted:
            return None
        lines[size] = slope, start
        plain &= abs(slope * size - 1) < 1e-6 and abs(start) < 1e-6 * spread
        chance += (known - 2) * math.log10(min(1.0, 8 * slack / spread))
        rows += int(group[_ROWS].sum())
    if chance > WARNING or plain:  # plain means are in the order of the means
        return None
    for count, total in (("train", "train_total"), ("known", "total")):
        some = table.filter((pl.col(count) < pl.col(_ROWS)) & pl.col(count).is_in([*lines]))
        slopes, starts = np.array([lines[size] for size in some[count]]).reshape(-1, 2).T
        off = np.abs(some["x_low"].to_numpy() - starts - slopes * some[total].to_numpy())
        if len(some) < _FEWEST_SUMS or (off <= 4 * slack).mean() > 0.5:
            return None  # of these rows alone, as it should be
    return _smoothed_finding(pair, table, chance, rows, "not of that of fewer rows")


def _smoothed_finding(
    pair: Pair, table: pl.DataFrame, chance: float, rows: int, proof: str
) -> Finding:
    usual = float(table.select(pl.col(_ROWS).median()).item())
    of = f"share of {pair.code!r}" if pair.code else "mean of the target"
    return finding(
        "leakage",
        "error" if usual <= SMALL and chance <= ERROR else "warning",
        f"{pair.number!r} is the smoothed {of} among all rows of the same {pair.category!r}, test rows"
        " and the row itself included: for categories of one size it is a line of the targets' sum, and"
        f" {proof} (of categories of about {usual:.0f} rows)",
        column=pair.number,
        count=rows,
        remedy=_remedy(pair),
    )


def _ordered(pair: Pair, table: pl.DataFrame, step: float) -> Finding | None:
    """Told where the values stand for categories in the order of their means over all rows."""
    order = order_of(table) if len(table) else None
    if order is None or order.chance > WARNING or (order.is_plain and step >= _FINEST):
        return None  # plain means are told elsewhere, where sums can be held to
    if pair.code and order.by_size and order.is_falling:
        return None  # the other class rises, and may be told with its line
    usual = float(table.select(pl.col(_ROWS).median()).item())
    of = f"the share of {pair.code!r}" if pair.code else "the mean of the target"
    among = "a category" if pair.is_alone else f"the same {pair.category!r}"
    what = (
        f"is {of} among all rows of {among}"
        if order.is_plain
        else f"{'falls' if order.is_falling else 'rises'} with {of} among all rows of {among}"
    )
    size = ", among those of as many rows" if order.by_size else ""
    return finding(
        "leakage",
        "error" if usual <= SMALL and order.chance <= ERROR else "warning",
        f"{pair.number!r} {what}, test rows and the row itself included: it has the {order.proven} categories"
        f" without a test row in the order of their means{size}, and the others in none that known targets"
        f" have (of categories of about {usual:.0f} rows)",
        column=pair.number,
        count=int(table[_ROWS].sum()),
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
    if not (np.all(off <= error) and are_within(within, low=low, high=high)):
        return None
    chance = float(np.clip(2 * error / step, _LEAST_CHANCE, 1.0))
    return float(np.log10(chance)) * len(some)


def _step(view: View, pair: Pair) -> float:
    """In which sums of targets go on."""
    if pair.code:
        return 1.0
    name = view.target.name
    sample = view.sample([name], size=SAMPLE_ROWS, split=Split.TRAIN)[name].drop_nulls()
    return written_step(sample.to_numpy())


def _remedy(pair: Pair) -> str:
    if pair.is_alone:
        return (
            f"data: {{drop: [{yaml_word(pair.number)}]}}"
            "  # and give the category itself: it is encoded here, from train rows alone"
        )
    return (
        f"data: {{drop: [{yaml_word(pair.number)}]}}"
        f"  # and keep {yaml_word(pair.category)}: it is encoded here, from train rows alone"
    )
