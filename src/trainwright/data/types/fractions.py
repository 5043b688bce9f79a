"""Fractions as numbers: 3/4, 1 1/2, 1-1/2, 1½.

A slash alone proves nothing: 3/4 may be a day, and 120/80 is two numbers. A column is one of fractions where
a whole number stands before one of them (1 1/2), a sign is one by itself (½), or whole numbers stand beside
them; and where every lower part is one that people divide by, and, without such a proof, above the upper one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

SIGNS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8),
    "⅝": (5, 8), "⅞": (7, 8), "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip
_SIGN = "".join(SIGNS)
FRACTION = (
    r"^(?P<minus>[+\-\x{2212}])?"
    r"(?:(?:(?P<whole>[0-9]{1,9})(?: |-| ?\+ ?))?"
    r"(?P<upper>[0-9]{1,9}) ?[/\x{2044}] ?(?P<lower>[0-9]{1,4})"
    rf"|(?P<before>[0-9]{{1,9}})? ?(?P<sign>[{_SIGN}]))$"
)
_PATTERN = re.compile(FRACTION.replace(r"\x{2212}", "\u2212").replace(r"\x{2044}", "\u2044"))
_LOWER = frozenset({2, 3, 4, 5, 6, 8, 10, 12, 16, 32, 64})
_BESIDE = 0.1  # of the texts are plain numbers


def are_fractions(counts: Mapping[str, int], *, num_plain: int) -> bool | None:
    """Are texts that are no plain numbers fractions? None where they may be, and nothing proves it.

    Args:
        counts: The texts that are no plain numbers, each with how often it stands there.
        num_plain: How many texts are plain numbers.
    """
    found = [_PATTERN.fullmatch(text) for text in counts]
    parts = [match for match in found if match is not None]
    if not parts or len(parts) < len(found):
        return False
    proven = any(match["whole"] or match["sign"] for match in parts)
    slashed = [(int(match["upper"]), int(match["lower"])) for match in parts if match["lower"]]
    if not all(lower in _LOWER and (proven or upper < lower) for upper, lower in slashed):
        return False
    if proven or num_plain >= _BESIDE * (num_plain + sum(counts.values())):
        return True
    return None


def read_fractions(text: pl.Series) -> pl.Series:
    """Float64 where a text is a fraction, else null."""
    parts = text.str.extract_groups(FRACTION).struct.unnest()
    upper, lower, whole, before = (
        pl.col(name).cast(pl.Float64) for name in ("upper", "lower", "whole", "before")
    )
    signs = pl.col("sign").replace_strict(
        list(SIGNS), [up / low for up, low in SIGNS.values()], default=None, return_dtype=pl.Float64
    )
    slashed = whole.fill_null(0.0) + pl.when(lower > 0).then(upper / lower)
    value = pl.coalesce(slashed, before.fill_null(0.0) + signs)
    minus = pl.col("minus").is_in(["-", "\u2212"]).fill_null(value=False)
    return parts.select(pl.when(minus).then(-value).otherwise(value).alias(text.name)).to_series()
