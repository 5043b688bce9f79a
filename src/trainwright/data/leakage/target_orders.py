"""Categories in the order of the target's mean over all rows: encodings in any scale, ranks among them.

Ranks of the mean, its logarithm or log-odds, the mean scaled: none is a mean any more, but all keep its
order. Test targets stay closed; but a category without a test row has a mean that is known. Where a column
puts all of these in the order of their means, fifteen or more, chance had one way in their factorial. An
encoding that was fitted on train rows alone does that too. It then has all categories in the order of their
means over train rows; one of all rows does not, for test rows moved the means of the others.

Smoothing moves small categories farther than large ones: there the order is looked for among those of as
many rows. Chance counts ways to lay out the means on the column's values, equal ones not told apart. A
category of one target counts for nothing: a number that the target goes by has those in order whatever it
was made from. So has a year the outputs of two countries that grow; there the least and the greatest are in
order too, while means do not care for their parts.

Source: Micci-Barreca 2001, doi:10.1145/507533.507538 (the encoding); the count is multinomial.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.leakage.pairs import likeness

FEWEST = 15  # categories of several targets without a test row: 15! is beyond 10^12
SMOOTH = 0.97  # rank correlation
OUT_OF_PLACE = 3  # neighbours, by means of fewer rows
_EQUAL = 1e-12  # relative to the largest mean

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Order:
    """What speaks for it.

    Attributes:
        chance: Log10, that it comes out so.
        proven: Categories of several targets that are in order.
        is_plain: The column holds the means themselves, or what they leave of 1.
        is_falling: The highest value stands for the least mean.
        by_size: Only categories of as many rows are in order, as smoothing leaves them.
    """

    chance: float
    proven: int
    is_plain: bool
    is_falling: bool
    by_size: bool


def order_of(table: pl.DataFrame) -> Order | None:
    """The order of the categories, where it is that of their means over all rows; None where it is not.

    Args:
        table: Of each category `rows`, `known` (those of train and validation), `total` of their targets, the
            same of train (`train`, `train_total`), the least and greatest target (`y_low`, `y_high`) and
            value of the column (`x_low`, `x_high`).
    """
    if (table["x_high"] > table["x_low"]).any():
        return None
    return _order(table, by_size=False) or _order(table, by_size=True)


def _order(table: pl.DataFrame, *, by_size: bool) -> Order | None:
    whole = table.filter(pl.col("known") == pl.col("rows"))
    telling = (whole["y_high"] > whole["y_low"]).to_numpy()
    if telling.sum() < FEWEST:
        return None
    values, means = whole["x_low"].to_numpy(), (whole["total"] / whole["known"]).to_numpy()
    if not (np.ptp(values) and np.ptp(means)) or _is_smooth(whole, values):
        return None
    sign = 1.0 if np.corrcoef(values, means)[0, 1] >= 0 else -1.0
    sizes = whole["rows"].to_numpy() * by_size
    if _all_out_of_place(values, sign * means, sizes):
        return None
    for count, total in (("known", "total"), ("train", "train_total")):
        some = table.filter(pl.col(count) > 0)
        fewer = sign * (some[total] / some[count]).to_numpy()
        counts = some[count].to_numpy() * by_size
        if _all_out_of_place(some["x_low"].to_numpy(), fewer, counts) < OUT_OF_PLACE:
            return None
    slack = 1e-9 * max(1.0, float(np.abs(means).max()))
    is_plain = any((np.abs(values - one) <= slack).all() for one in (means, 1 - means))
    chance = sum(
        _chance(values[mine], means[mine])
        for mine in (telling & (sizes == size) for size in np.unique(sizes))
    )
    return Order(chance, int(telling.sum()), is_plain, sign < 0, by_size)


def _all_out_of_place(values: Floats, means: Floats, sizes: Floats) -> int:
    return sum(
        _out_of_place(values[sizes == size], means[sizes == size]) for size in np.unique(sizes)
    )


def _out_of_place(values: Floats, means: Floats) -> int:
    """Neighbours by value whose means fall; equal values are laid out as suits them best."""
    order = np.lexsort((means, values))
    return int((np.diff(means[order]) < -_EQUAL * max(1.0, float(np.abs(means).max()))).sum())


def _is_smooth(whole: pl.DataFrame, values: Floats) -> bool:
    """The least or the greatest target of each category goes along with the values too."""
    ends = [whole[end].to_numpy().astype(np.float64) for end in ("y_low", "y_high")]
    return any(likeness(end, values) >= SMOOTH for end in ends)


def _chance(values: Floats, means: Floats) -> float:
    """Log10 of one over the number of ways to lay out the means on the values."""
    ways = math.lgamma(len(values) + 1)
    for one in (values, means):
        ways -= sum(math.lgamma(int(count) + 1) for count in np.unique(one, return_counts=True)[1])
    return -max(0.0, ways) / math.log(10)
