"""What moments lose: they are kept to the microsecond, and finer ones are cut, which is told."""

from __future__ import annotations

import polars as pl

CUT_RULE = "cut to microseconds"


def cut_of(raw: pl.Series) -> dict[str, int]:
    """By the rule how many moments lose a part of a microsecond; empty where none does.

    Args:
        raw: Moments as they came, or texts of moments with a fraction of a second.
    """
    if raw.dtype == pl.String:
        cut = raw.str.contains(r"\.[0-9]{6}[0-9]{0,2}[1-9]")
    elif getattr(raw.dtype, "time_unit", None) == "ns":
        cut = raw.to_physical() % 1000 != 0
    else:
        return {}
    return {CUT_RULE: int(cut.sum())} if cut.any() else {}
