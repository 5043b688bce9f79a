"""What moments and numbers lose: those are kept to the microsecond, these to 15 to 17 digits; it is told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, localcontext
from math import isfinite

import polars as pl

CUT_RULE = "cut to microseconds"
_LONG = re.compile(r"[+-]?\d*\.\d+")
_MOST_DIGITS = 17  # that tell a float64 (IEEE 754-2008, 5.12.2)


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


def rounded(texts: Iterable[str]) -> list[tuple[str, float]]:
    """Numbers with more digits than a float keeps, each with the float that is read."""
    return [(text, float(text)) for text in texts if _is_rounded(text.strip())]


def _is_rounded(text: str) -> bool:
    if len(text) <= _MOST_DIGITS or not _LONG.fullmatch(text):
        return False
    written, read = Decimal(text), float(text)
    with localcontext(prec=len(text) + 400):  # of the float as many digits as were written
        return written != Decimal(read).quantize(written) if isfinite(read) else True
