"""How strongly columns go together, pair by pair, on one scale from 0 to 1 whatever their types.

Two numbers: Spearman's rank correlation, without its sign. A number and a category: the correlation
ratio of ranks (the share of their variance that lies between the categories, its root). Two
categories: Cramér's V, corrected for the few that chance gives. Rows in which either is missing do
not count. Cost: a sort a column and a table a pair; rows are thousands, not millions.

Source: Spearman 1904; Pearson 1905 (eta); Bergsma 2013, J. Korean Stat. Soc. 42(3), eq. 6 (corrected V).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import rankdata

MOST_CATEGORIES = 100  # rarer ones are one
FEWEST_ROWS = 20  # of a pair
Floats = NDArray[np.float64]


def associations(columns: Mapping[str, pl.Series]) -> Floats:
    """A symmetric matrix of shape (columns, columns) with ones on its diagonal.

    Args:
        columns: By name, of equal length: numbers and date-times are ordered, everything else
            counts as categories. NaN where a pair has under 20 rows.
    """
    made = [_coded(values) for values in columns.values()]
    found = np.eye(len(made))
    for first, (left, left_ordered) in enumerate(made):
        for second in range(first):
            right, right_ordered = made[second]
            both = ~np.isnan(left) & ~np.isnan(right)
            if both.sum() < FEWEST_ROWS:
                strength = float("nan")
            elif left_ordered and right_ordered:
                strength = _spearman(left[both], right[both])
            elif left_ordered or right_ordered:
                ordered, words = (left, right) if left_ordered else (right, left)
                strength = _eta(ordered[both], words[both].astype(np.int64))
            else:
                strength = _cramer(left[both].astype(np.int64), right[both].astype(np.int64))
            found[first, second] = found[second, first] = strength
    return found


def _coded(values: pl.Series) -> tuple[Floats, bool]:
    """Numbers, or codes of categories by how frequent they are; NaN where missing."""
    if values.dtype.is_temporal():
        values = values.to_physical()
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).fill_null(float("nan")).to_numpy(), True
    words = values.cast(pl.String)
    counts = words.drop_nulls().value_counts(sort=True, name="rows")
    frequent = counts[counts.columns[0]].head(MOST_CATEGORIES).to_list()
    codes = words.replace_strict(
        frequent, np.arange(len(frequent)), default=len(frequent), return_dtype=pl.Float64
    )
    missing = words.is_null().to_numpy()
    return np.where(missing, np.nan, codes.to_numpy()), False


def _spearman(left: Floats, right: Floats) -> float:
    first, second = rankdata(left), rankdata(right)
    spread = first.std() * second.std()
    if spread == 0:
        return 0.0
    return float(min(1.0, abs(np.mean((first - first.mean()) * (second - second.mean())) / spread)))


def _eta(values: Floats, groups: NDArray[np.int64]) -> float:
    ranks = rankdata(values)
    total = float(np.sum((ranks - ranks.mean()) ** 2))
    if total == 0:
        return 0.0
    sizes = np.bincount(groups)
    means = np.bincount(groups, weights=ranks) / np.maximum(sizes, 1)
    between = float(np.sum(sizes * (means - ranks.mean()) ** 2))
    groups_there = int((sizes > 0).sum())
    by_chance = (groups_there - 1) / (len(ranks) - 1)
    share = (between / total - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
    return float(np.sqrt(min(1.0, max(0.0, share))))


def _cramer(left: NDArray[np.int64], right: NDArray[np.int64]) -> float:
    width = int(right.max()) + 1
    table = np.bincount(left * width + right, minlength=(int(left.max()) + 1) * width)
    table = table.reshape(-1, width).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    count = table.sum()
    if min(rows, columns) < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / count
    squared = float(np.sum((table - expected) ** 2 / expected)) / count
    squared = max(0.0, squared - (rows - 1) * (columns - 1) / (count - 1))
    least = (
        min(rows - (rows - 1) ** 2 / (count - 1), columns - (columns - 1) ** 2 / (count - 1)) - 1
    )
    return float(np.sqrt(min(1.0, squared / least))) if least > 0 else 0.0
