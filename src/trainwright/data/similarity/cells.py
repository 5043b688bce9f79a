"""When cells agree: the same but for case, blanks and punctuation, or as numbers to six digits."""

from __future__ import annotations

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.data.hashing import Hashes, hash_cells, hash_text, mix
from trainwright.data.types.repeats import each_once

DIGITS = 6  # of a number that must agree


def hashed(values: pl.Series, column: Column) -> Hashes:
    """A hash a cell, equal for cells that agree, another one in each column. Shape (rows,)."""
    found: Hashes = mix(hash_cells(agreed(values, column)) ^ hash_text(column.name))
    return found


def agreed(values: pl.Series, column: Column) -> pl.Series:
    """What is equal where cells agree."""
    if column.type is ColumnType.NUMBER:
        numbers = values.cast(pl.Float64)
        return numbers if _is_short(numbers, column) else numbers.round_sig_figs(DIGITS)
    return plain(values) if values.dtype == pl.String else values


def plain(values: pl.Series) -> pl.Series:
    """Without case, blanks and punctuation; a word that comes often is looked at once."""
    return each_once(values, _plainly)


def _is_short(numbers: pl.Series, column: Column) -> bool:
    """Whole numbers of at most so many digits are what they are rounded to."""
    if not column.integer:
        return False
    low, high = numbers.min(), numbers.max()
    if not isinstance(low, float) or not isinstance(high, float):
        return True  # none
    return bool(-(10**DIGITS) < low <= high < 10**DIGITS)


def _plainly(values: pl.Series) -> pl.Series:
    return values.str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", "")
