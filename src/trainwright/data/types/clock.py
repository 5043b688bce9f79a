"""Clock times as numbers: 12:30 is 12.5, the hours after midnight.

A column of clock times is neither words, of which nearly all differ, nor moments, which have a day. Hours
stand before two digits of minutes (and of seconds): 19:30, 19h30; or before AM and PM, which count as on a
clock with twelve hours, and "Uhr": 7pm, 7.30 pm, 19.30 Uhr. Where a first part is beyond 24 the texts are
lengths (36:45), read likewise in units of their first part; what it counts, hours or minutes, no text tells,
so that is a warning. Cost: one pattern a different text. What is lost: 23:59 and 0:01 are a minute apart,
and their numbers are not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from trainwright.core.columns import Column, ColumnType, NumberFormat
from trainwright.core.errors import counted, shorten
from trainwright.data.types.case import MOSTLY, NUMBER_MARKERS, Case, Verdict, as_missing, setting
from trainwright.data.types.tally import PLAIN, Tally
from trainwright.data.types.written import read_clock

TIME_OF_DAY = NumberFormat(unit="h", bare=False, clock="day")
_RARE = 0.02  # so few beyond 24 are misfits, and no proof of lengths
LENGTH = NumberFormat(bare=False, clock="length")
_MAY_BE = re.compile(r"[0-9]{1,4}(?:[:hH][0-9]| ?[aApP]\.?[mM]| ?[Uu]hr|\.[0-9]{2} ?[aApPuU])")
_LIKE = r"^[+-]?[0-9]{1,15}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$"


@dataclass(frozen=True, slots=True)
class ClockTimes:
    """The column as hours after midnight, or as lengths."""

    column: Column
    watch = PLAIN

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands when nearly all cells are clock times."""
        odd = tally.misfits
        written = self.column.written
        many = odd.count > _RARE * tally.values
        if many and written == TIME_OF_DAY and _fit(list(odd.texts), LENGTH):
            return Verdict(instead=replace(self, column=replace(self.column, written=LENGTH)))
        if tally.values < MOSTLY * (tally.values + odd.count) or not tally.values:
            return Verdict()
        if odd.count:
            words = list(odd.texts)[:5]
            case.note(
                "type",
                "error",
                f"{counted(odd.count, 'values are')} no clock times:"
                f" {', '.join(shorten(w, 30) for w in words)}",
                rows=odd.rows,
                count=odd.count,
                remedy=as_missing(case.name, "type: number", tally)
                + f"; {setting(case.name, 'category')} keeps them",
            )
        note_clock(case, self.column, tally)
        return Verdict(self.column)


def as_clock(case: Case) -> ClockTimes | None:
    """The column as clock times, or None when it is none."""
    if case.context.is_target:
        return None
    nulls = case.nulls(NUMBER_MARKERS)
    texts = case.kept(nulls)
    written = clock_of(texts)
    if written is None:
        case.refusal = _why_not(texts) or case.refusal
        return None
    return ClockTimes(case.column(ColumnType.NUMBER, written=written, nulls=nulls))


def clock_of(texts: Sequence[str]) -> NumberFormat | None:
    """How these texts are clock times; None where fewer than 95 % are."""
    if not texts or not (_MAY_BE.match(texts[0]) or _MAY_BE.match(texts[-1])):
        return None
    return next((form for form in (TIME_OF_DAY, LENGTH) if _fit(texts, form)), None)


def _why_not(texts: Sequence[str]) -> str:
    """Why texts that are written like clock times are read as words; "" where they are not so written."""
    times = pl.Series(texts, dtype=pl.String)
    times = times.filter(times.str.contains(_LIKE))
    if len(times) < MOSTLY * len(texts) or not len(times):
        return ""
    odd = times.filter(read_clock(times, LENGTH).is_null())
    if not len(odd) or 2 * len(odd) > len(times):
        return ""
    return f"clock times beside others below zero or too long are read as words: {shorten(odd[0])}"


def note_clock(case: Case, column: Column, tally: Tally) -> None:
    """Say how clock times were read."""
    remedy = f"{setting(case.name, 'category')} keeps the texts"
    if column.written == TIME_OF_DAY:
        told = "clock times are read as hours after midnight (12:30 is 12.5)"
        case.note("type", "info", told, count=tally.values, remedy=remedy)
    else:
        told = "read as lengths in units of the first part (36:45 is 36.75), whatever that counts"
        case.note("type", "warning", told, count=tally.values, remedy=remedy)


def _fit(texts: Sequence[str], form: NumberFormat) -> bool:
    found = read_clock(pl.Series(texts, dtype=pl.String), form).count()
    return found >= MOSTLY * len(texts)
