"""Dates as text: the formats that we look for, and one value parsed as Polars parses a column.

A format is found once a column and then applied to all of it (0.09 s a million rows; guessing
every value anew takes twelve times as long, and lets days and months change places row by row).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

import numpy as np
import polars as pl

from trainwright.core.errors import shorten
from trainwright.data.types import periods
from trainwright.data.types.masks import null_where
from trainwright.data.types.repeats import each_once

_DAYS_ISO = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d")
_DAYS_OTHER = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%m.%d.%Y",
               "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d.%m.%y", "%y-%m-%d",
               "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%b %d, %Y", "%b %d %Y",
               "%d-%B-%Y", "%d. %B %Y", "%d/%B/%Y", "%Y-%b-%d", "%A, %B %d, %Y", "%a %b %d %Y",
               "%b-%d-%Y", "%d %b %y", "%b %d, %y",
               "%d %B %Y", "%B %d, %Y", "%B %d %Y", "%d%b%Y", "%a %d %b %Y", "%a, %d %b %Y")  # fmt: skip
# Whole numbers that are days or moments, and what those look like.
COMPACT = {
    "%Y%m%d": re.compile(r"(?:19|20)[0-9]{6}"),
    "%Y%m%d%H%M%S": re.compile(r"(?:19|20)[0-9]{12}"),
    "%Y%m%d.0": re.compile(r"(?:19|20)[0-9]{6}\.0"),  # whole numbers that were floats for a while
    "%Y%m": re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])"),
}
# Numbers that count from the start of 1970 (UTC), and the microseconds of one.
EPOCHS = {"epoch-s": 1_000_000, "epoch-ms": 1_000, "epoch-us": 1}
_MONTHS_ONLY = (
    "%Y-%m",
    "%Y/%m",
    "%b-%y",
    "%b %y",
    "%b-%Y",
    "%b %Y",
    "%B %Y",
    "%Y %b",
    "%Y-%b",
    "%Y %B",
    "%m/%Y",
    "%m-%Y",
    "%m.%Y",
    "%Ym%m",
    "%YM%m",
)
_TIMES = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p")
_ZONES = ("", "%#z", " %#z")
_DIRECTIVE = re.compile(r"%(?:\.f|#z|[a-zA-Z%])")
_CENTURY = re.compile(r"%([0-9]{4})y")  # %1931y: two digits of one of the years 1931 to 2030
_USUAL_CENTURY = 1970
_PATTERNS = {
    "%Y": r"(?P<Y>[0-9]{1,4})",
    "%y": r"(?P<y>[0-9]{2})",
    "%m": r"(?P<m>[0-9]{1,2})",
    "%d": r"(?P<d>[0-9]{1,2})",
    "%H": r"(?P<H>[0-9]{1,2})",
    "%I": r"(?P<I>[0-9]{1,2})",
    "%M": r"(?P<M>[0-9]{1,2})",
    "%S": r"(?P<S>[0-9]{1,2})",
    "%.f": r"(?:\.(?P<f>[0-9]{1,9}))?",
    "%p": r"(?P<p>[aApP][mM])",
    "%b": r"(?P<b>[A-Za-z]{3,9})",
    "%B": r"(?P<b>[A-Za-z]{3,9})",
    "%a": r"(?P<a>[A-Za-z]{3})",
    "%A": r"(?P<a>[A-Za-z]{3,9})",
    "%z": r"(?P<z>[+-][0-9]{2}:?[0-9]{2})",
    "%#z": r"(?P<z>[zZ]|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "%j": r"(?P<j>[0-9]{1,3})",
    "%T": r"(?P<H>[0-9]{1,2}):(?P<M>[0-9]{1,2}):(?P<S>[0-9]{1,2})",
    "%F": r"(?P<Y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})",
    "%%": "%",
    **periods.PATTERNS,
}
_MONTHS = "january february march april may june july august september october november december"
_YEARS = (
    -30_610_224_000_000_000,
    253_402_300_799_000_000,
)  # microseconds of 1000 and the end of 9999
_FIRST_YEAR = 1000  # strptime reads "13" as the year 13: that is two digits of a year, not a date


def known_formats() -> tuple[str, ...]:
    """Every format that is looked for, the plainest first."""
    days = (*_DAYS_ISO, *_DAYS_OTHER)
    timed = [
        f"{day}{gap}{time}{zone}"
        for day in days
        for gap in (" ", "T", ", ")
        for time in _TIMES
        for zone in _ZONES
        if not (gap == "T" and day != "%Y-%m-%d")
    ]
    return (*days, *_MONTHS_ONLY, *periods.WEEKS, *periods.QUARTERS, *timed)


def looks_like_date(text: str) -> bool:
    """A cheap test: digits and a mark that dates have."""
    digits = sum(character.isdigit() for character in text)
    return 5 <= len(text) <= 40 and digits >= 2 and any(mark in text for mark in "-/. :QqWwMm")


def candidates(sample: Sequence[str]) -> list[str]:
    """The formats that fit most of the sample, best first; only those that fit at least 80 %."""
    texts = [text for text in sample if text][:400]
    alike = {text for text in set(texts) if looks_like_date(text)}
    likely = [text for text in texts if text in alike]
    if not texts or len(likely) < 0.8 * len(texts):
        return []
    scores = []
    for rank, form in enumerate(known_formats()):
        if not _shaped_like(form, likely[0]) and not _shaped_like(form, likely[-1]):
            continue
        pattern, _ = compiled(form)
        if not any(pattern.fullmatch(text) for text in likely[:3] + likely[-3:]):
            continue
        fits = sum(parse_date(text, form) is not None for text in texts)
        if fits >= 0.8 * len(texts):
            scores.append((-fits, rank, form))
    return [form for _, _, form in sorted(scores)]


def _shaped_like(form: str, text: str) -> bool:
    """Every mark of the format stands in the text: spares most patterns from being compiled."""
    return _marks_of(form) <= set(text) and ((":" in text) == ("%H" in form or "%I" in form))


@lru_cache(maxsize=2048)
def _marks_of(form: str) -> frozenset[str]:
    return frozenset(_DIRECTIVE.sub("", form))


def parse_dates(text: pl.Series, form: str) -> pl.Series:
    """Naive microseconds (UTC where the text carries an offset); null where it does not fit.

    Where texts repeat, each is parsed once: an eighth of the time on a million rows of hours.
    """
    return each_once(text, lambda distinct: _parsed(distinct, form))


def from_epoch(numbers: pl.Series, form: str) -> pl.Series:
    """Naive microseconds of numbers that count by one of `EPOCHS`; null outside of the years 1000 to 9999."""
    micros = numbers.cast(pl.Float64) * EPOCHS[form]
    within = micros.is_between(*_YEARS)
    whole = null_where(~within.fill_null(value=False), micros).round().cast(pl.Int64)
    return whole.cast(pl.Datetime("us")).alias(numbers.name)


def first_year(form: str) -> int | None:
    """The first of the hundred years that two digits stand for; None where a year has four."""
    said = _CENTURY.search(form)
    return int(said[1]) if said else _USUAL_CENTURY if "%y" in form else None


def as_strptime(form: str) -> str:
    """The format as others know it."""
    return _CENTURY.sub("%y", form)


def _parsed(text: pl.Series, form: str) -> pl.Series:
    if form in EPOCHS:
        return from_epoch(text.cast(pl.Float64, strict=False), form)
    if _CENTURY.search(form):
        since = first_year(form)
        return _in_century(_parsed(text, as_strptime(form)), since or _USUAL_CENTURY)
    if periods.is_of_periods(form):
        found = periods.parse_periods(text, form, compiled(form)[0].pattern)
        return null_where(found.dt.year() < _FIRST_YEAR, found)
    if "%y" in form:  # strptime takes the version 1.2.3 for the third year of a century
        text = null_where(~text.str.contains(f"^(?:{compiled(form)[0].pattern})$"), text)
    parsed = text.str.to_datetime(form, time_unit="us", strict=False, exact=True)
    if isinstance(parsed.dtype, pl.Datetime) and parsed.dtype.time_zone:
        parsed = parsed.dt.replace_time_zone(None)
    return null_where(parsed.dt.year() < _FIRST_YEAR, parsed)


def _in_century(moments: pl.Series, since: int) -> pl.Series:
    """The same days, in the hundred years from `since` on; null where there is no such day."""
    years = moments.dt.year().fill_null(since).to_numpy()
    shifts = since + (years.astype(np.int64) - since) % 100 - years
    for shift in np.unique(shifts[shifts != 0]).tolist():
        rows = pl.Series(np.flatnonzero(shifts == shift))
        before = moments.gather(rows)
        after = before.dt.offset_by(f"{shift}y")
        moments = moments.scatter(rows, null_where(after.dt.day() != before.dt.day(), after))
    return moments


def parse_date(text: str, form: str) -> int | None:
    """Microseconds since 1970 of one text, as `parse_dates` gives them; None where it does not fit."""
    if form in EPOCHS:
        found = from_epoch(pl.Series([text]).cast(pl.Float64, strict=False), form)
        micros: int | None = found.to_physical()[0]
        return micros
    pattern, _ = compiled(form)
    match = pattern.fullmatch(text)
    if match is None:
        return None
    try:
        moment = _moment(match.groupdict(), first_year(form) or _USUAL_CENTURY)
    except ValueError:
        return None
    if moment.year < _FIRST_YEAR:
        return None
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@lru_cache(maxsize=512)
def compiled(form: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A format as a pattern.

    Raises:
        ValueError: it holds no directive, one that we do not know, or one twice.
    """
    parts, at = [], 0
    form = as_strptime(form)
    for match in _DIRECTIVE.finditer(form):
        parts.append(re.escape(form[at : match.start()]))
        if match[0] not in _PATTERNS:
            raise ValueError(
                f"{shorten(match[0])} in the format {shorten(form)} is not one of {' '.join(_PATTERNS)}"
            )
        parts.append(_PATTERNS[match[0]])
        at = match.end()
    parts.append(re.escape(form[at:]))
    if not at:
        raise ValueError(f"the format {shorten(form)} holds none of {' '.join(_PATTERNS)}")
    try:
        return re.compile("".join(parts)), tuple(_DIRECTIVE.findall(form))
    except re.error as error:
        raise ValueError(f"the format {shorten(form)} names one part twice") from error


def _moment(parts: dict[str, str | None], since: int) -> datetime:
    """A moment in UTC from the parts of a match; two digits are of the hundred years from `since` on.

    Raises:
        ValueError: there is no such moment.
    """
    year = int(parts.get("Y") or 0)
    if short := parts.get("y"):
        year = since + (int(short) - since) % 100
    month = _month(parts["b"] or "") if "b" in parts else int(parts.get("m") or 1)
    hour = int(parts.get("H") or 0)
    if "I" in parts:
        hour = int(parts["I"] or 0)
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if (parts.get("p") or "a").lower() == "pm" else 0)
    if quarter := parts.get("q"):
        month = 3 * int(quarter) - 2
    if week := parts.get("V"):
        monday = date.fromisocalendar(int(parts.get("G") or 0), int(week), int(parts.get("u") or 1))
        year, month, parts = monday.year, monday.month, {**parts, "d": str(monday.day)}
    micro = int((parts.get("f") or "0").ljust(6, "0")[:6])
    moment = datetime(
        year, month, int(parts.get("d") or 1), hour, int(parts.get("M") or 0),
        int(parts.get("S") or 0), micro, tzinfo=UTC,
    )  # fmt: skip
    if "j" in parts:
        moment += timedelta(days=int(parts["j"] or 1) - 1)
    zone = parts.get("z")
    if zone and zone not in "zZ":
        sign = -1 if zone[0] == "-" else 1
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
        moment = moment.replace(tzinfo=offset).astimezone(UTC)
    return moment


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS.split(), start=1):
        if name.lower() in (month, month[:3]):
            return number
    raise ValueError("no such month")
