"""Weeks and quarters: periods that are read as the day that they begin on, as months are.

A week is one of ISO 8601 (`%G-W%V`: it begins on Monday, and the first has the year's first Thursday), a
quarter one of the calendar's (`%YQ%q`). Neither is known to strptime alone: a week is parsed with its Monday
put behind it, a quarter by its parts. Cost: a pattern a text, beside that of parsing.
"""

from __future__ import annotations

import re

import polars as pl

from trainwright.data.types.masks import null_where

WEEKS = (
    *("%G-W%V", "%GW%V", "%G W%V", "%G-w%V", "%Gw%V", "%G-W%V-%u"),
    *("W%V %G", "W%V-%G", "W%V/%G", "KW%V %G", "KW %V %G", "KW%V/%G", "KW %V/%G"),
)
QUARTERS = (
    *("%YQ%q", "%Y-Q%q", "%Y Q%q", "%Y/Q%q", "%Y.Q%q", "%Yq%q", "%Y-q%q"),
    *("Q%q %Y", "Q%q-%Y", "Q%q/%Y", "Q%q.%Y", "Q%q%Y", "q%q %Y"),
)
PATTERNS = {
    "%G": r"(?P<G>[0-9]{4})",
    "%V": r"(?P<V>[0-9]{1,2})",
    "%u": r"(?P<u>[1-7])",
    "%q": r"(?P<q>[1-4])",
}
_OF_A_PERIOD = re.compile("%[Vq]")


def is_of_periods(form: str) -> bool:
    """Does a format name weeks or quarters?"""
    return _OF_A_PERIOD.search(form) is not None


def parse_periods(text: pl.Series, form: str, pattern: str) -> pl.Series:
    """Naive microseconds of the first day; null where a text does not fit.

    Args:
        text: Null where there is none.
        form: Which names weeks or quarters.
        pattern: It as one that a whole text must be.
    """
    whole = f"^(?:{pattern})$"
    if "%V" in form:
        fitting = null_where(~text.str.contains(whole), text)
        day, of_day = ("", "") if "%u" in form else ("-1", "-%u")
        return (fitting + day).str.to_datetime(
            form + of_day, time_unit="us", strict=False, exact=True
        )
    parts = text.str.extract_groups(whole).struct.unnest()
    if "Y" not in parts.columns:
        return pl.Series(text.name, [None] * len(text), dtype=pl.Datetime("us"))
    year, quarter = (pl.col(name).cast(pl.Int32) for name in ("Y", "q"))
    first = pl.datetime(year, quarter * 3 - 2, 1, time_unit="us").alias(text.name)
    return parts.select(first).to_series()


def in_words(form: str) -> str:
    """What a period is read as, for a person."""
    return (
        "weeks are read as their Mondays"
        if "%V" in form
        else "quarters are read as their first days"
    )
