"""Date-time columns: the format is found once, and proved on every row or asked for.

Formats that read the sample alike form a group (a fraction of a second that no sampled row has); the
groups are readings that differ (day first or month first). One reading is tried on the whole column;
another is only where the sample leaves it open, so that mostly a column is parsed once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import counted, shorten
from trainwright.data.types.blanks import BLANKS_RULE
from trainwright.data.types.case import (
    DATE_MARKERS,
    MOSTLY,
    Case,
    Verdict,
    as_missing,
    setting,
    yaml_list,
)
from trainwright.data.types.dates import COMPACT, as_strptime, candidates, parse_date, parse_dates
from trainwright.data.types.periods import in_words, is_of_periods
from trainwright.data.types.precision import CUT_RULE
from trainwright.data.types.ranges import DATE_MARKS
from trainwright.data.types.tally import PLAIN, Tally, Watch

# Numbers that are days, months or moments, and what those look like.
_AS_NUMBERS = {
    **COMPACT,
    "%Y.%m": re.compile(r"(?:19|20)[0-9]{2}\.(?:0[1-9]|1[0-2])"),
    "%m.%Y": re.compile(r"(?:0[1-9]|1[0-2])\.(?:19|20)[0-9]{2}"),
}
_OF_MONTHS = ("%Y%m", "%Y.%m", "%m.%Y")
_READINGS = 4  # formats of a sample that are told apart
_YEAR_LAST = re.compile(r"%d([/.-])%m[/.-]%y(.*)")
_DAYS = frozenset((*map(str, range(1, 32)), *(f"{day:02}" for day in range(1, 10))))
_MANY_DAYS = 20
_FORMATS = 3  # that one column may have
_SHAPES = 6
_FEW_DAYS = 3
_FEW_MONTHS = 6  # 202401 is a smaller number, and so sooner one by chance, than 20240131
_RARE = 0.02
_TO_COME = 2031  # such years are births more often than they are plans
_LOOKS = 0.8  # of the sample look like dates, and the column is meant so
_DATE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(\D|$)")
_IN_UTC = re.compile(r"([zZ]|[+-]00(:?00)?)$")
_NO_DATE = re.compile(r"(?=.*[0-9]{4})[09:/. T-]*")


@dataclass(frozen=True, slots=True)
class Moments:
    """The column as date-times by one format, or by several that no text can confuse.

    Attributes:
        column: With the format that is tried.
        group: Formats that read the sample alike, the plainest first.
        others: Groups that are still to be tried.
        tried: What came of the readings before this one.
        watch: The order of values is looked at where several readings fit.
    """

    column: Column
    group: tuple[str, ...]
    others: tuple[tuple[str, ...], ...] = ()
    tried: tuple[tuple[Moments, Tally], ...] = ()
    watch: Watch = PLAIN

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands when it fits nearly all rows, and no other reading does as well."""
        if tally.misfits.count and (other := self._wider(tally) or self._joined(tally, case)):
            return Verdict(instead=other)
        tried = (*self.tried, (self, tally))
        if self.others:
            group, *others = self.others
            column = replace(self.column, format=group[0])
            return Verdict(instead=Moments(column, group, tuple(others), tried, self.watch))
        most = max(one.values for _, one in tried)
        first, *rivals = [(moments, one) for moments, one in tried if one.values == most]
        best, found = first
        num_marks = sum(found.misfits.texts[text] for text in _no_dates(found))
        if most < MOSTLY * (most + found.misfits.count - num_marks) or not most:
            _refuse(case, case.kept(self.column.nulls), odd=list(found.misfits.texts))
            return Verdict()
        if rivals:
            best, found = _settle(case, [first, *rivals])
        if best.column != self.column:
            return Verdict(instead=Settled(best.column))
        return _settled(best.column, found, case)

    def _joined(self, tally: Tally, case: Case) -> Moments | None:
        """With a further format for the rows that did not fit, where no text fits both."""
        column = self.column
        if self.others or self.tried or len(column.formats) >= _FORMATS - 1:
            return None
        late = [text for text in tally.misfits.texts if text not in _no_dates(tally)]
        found = _proven(late)
        forms = (column.format or "", *column.formats)
        sample = case.kept(column.nulls)[:400]
        if found is None or not _are_apart((*forms, found), sample + late[:400]):
            return None
        joined = replace(column, formats=(*column.formats, found))
        return replace(self, column=joined, group=(column.format or "",))

    def _wider(self, tally: Tally) -> Moments | None:
        """The same reading by another format of the group that also takes what did not fit."""
        at = self.group.index(self.column.format or "")
        for form in self.group[at + 1 :]:
            takes = sum(
                count
                for text, count in tally.misfits.texts.items()
                if parse_date(text, form) is not None
            )
            if takes > tally.misfits.count / 2:
                return replace(self, column=replace(self.column, format=form))
        return None


@dataclass(frozen=True, slots=True)
class Settled:
    """A reading that was tried before and found best: read once more.

    Attributes:
        column: With its format.
        marks: Texts that were found to stand for missing.
    """

    column: Column
    marks: tuple[str, ...] = ()
    watch = PLAIN

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands."""
        if self.marks:
            form = self.column.format or ""
            is_date = parse_date(self.marks[0], form) is not None
            what = "is far from all other values" if is_date else "is no date"
            case.note_marks(tally, self.marks, _said(self.column), what=what)
        return _settled(self.column, tally, case, marks=self.marks)


def as_moment(case: Case) -> Moments | None:
    """The column as date-times, or None when no format fits nearly all of the sample."""
    nulls = case.nulls(DATE_MARKERS)
    kept = case.kept(nulls)
    groups = _telling(candidates(kept)[:_READINGS], kept)
    if not groups:
        several = _as_several(case, kept, nulls)
        if several is None:
            _refuse(case, kept)
        return several
    first, *others = groups
    column = case.column(ColumnType.DATETIME, format=first[0], nulls=nulls)
    watch = Watch(order=bool(others), distinct=bool(others))
    return Moments(column, first, tuple(others), watch=watch)


def _refuse(case: Case, kept: Sequence[str], *, odd: Sequence[str] = ()) -> None:
    """Why a column of what looks like dates holds words; `odd` are texts that its best format leaves."""
    dates = [text for text in kept if _DATE.match(text)]
    if not kept or len(dates) < _LOOKS * len(kept):
        return
    other = next((text for text in odd if _DATE.match(text)), dates[-1])
    shown = " and ".join(shorten(text, 30) for text in dict.fromkeys((dates[0], other)))
    case.refusal = f"dates are not all of one format that can be told, and read as words: {shown}"


def as_compact(case: Case) -> Moments | None:
    """Numbers that are all days, as 20130215, months, as 201302, or moments, as 20130215093000."""
    nulls = case.nulls(DATE_MARKERS)
    kept = case.kept(nulls)
    num_distinct = len(set(kept))
    if case.context.is_target or num_distinct < _FEW_DAYS:
        return None
    for form, pattern in _AS_NUMBERS.items():
        if form in _OF_MONTHS and num_distinct < _FEW_MONTHS:
            continue
        fits = [bool(pattern.fullmatch(text)) for text in kept]
        if all(fits) and all(parse_date(text, form) is not None for text in set(kept)):
            column = case.column(ColumnType.DATETIME, format=form, nulls=nulls)
            return Moments(column, (form,))
    return None


def _as_several(case: Case, kept: list[str], nulls: tuple[str, ...]) -> Moments | None:
    """Formats of different shapes in one column, each proven by its own texts."""
    shapes: dict[str, list[str]] = {}
    for text in kept:
        shapes.setdefault(_shape(text), []).append(text)
    largest = sorted(shapes.values(), key=len, reverse=True)[:_SHAPES]
    found = [_proven(texts) for texts in largest if len(texts) >= _RARE * len(kept)]
    forms = tuple(dict.fromkeys(form for form in found if form is not None))
    if not 2 <= len(forms) <= _FORMATS or None in found or not _are_apart(forms, kept[:400]):
        return None
    column = case.column(ColumnType.DATETIME, format=forms[0], formats=forms[1:], nulls=nulls)
    return Moments(column, (forms[0],))


def _proven(texts: list[str]) -> str | None:
    """The one format of these texts; None where there is none, or more than one reading."""
    if not texts:
        return None
    found = candidates(texts)[:_READINGS]
    groups = _telling(found, texts)
    fitting = [
        group for group in groups if all(parse_date(text, group[-1]) is not None for text in texts)
    ]
    if len(fitting) != 1:
        return None
    plainest = (f for f in fitting[0] if all(parse_date(t, f) is not None for t in texts))
    return next(plainest, None)


def _are_apart(forms: Sequence[str], texts: Sequence[str]) -> bool:
    """Does no text fit two of the formats, and say all of them whether the time has an offset?"""
    if len({"%#z" in form for form in forms}) > 1:
        return False
    return all(sum(parse_date(text, form) is not None for form in forms) <= 1 for text in texts)


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def _no_dates(tally: Tally) -> list[str]:
    """Texts such as 9999-99-99 or 00/00/0000, which stand for missing where they repeat."""
    odd = tally.misfits.texts
    return [text for text, count in odd.items() if count > 1 and _NO_DATE.fullmatch(text)]


def _far_dates(tally: Tally, form: str) -> list[str]:
    """Dates such as 9999-12-31 that repeat far from all others, as the column writes them."""
    if tally.moments is None or "%z" in form or "%#z" in form:
        return []
    return [
        DATE_MARKS[int(mark)].strftime(as_strptime(form).replace("%.f", ""))
        for mark in tally.moments.far(spans=3, is_number=False)
    ]


def _settled(column: Column, tally: Tally, case: Case, *, marks: Sequence[str] = ()) -> Verdict:
    """The end: what is to be said of the reading."""
    form = column.format or ""
    if case.context.nulls is None:
        found = (*_no_dates(tally), *_far_dates(tally, form))
        more = [text for text in found if text not in column.nulls]
        if more:
            return Verdict(
                instead=Settled(replace(column, nulls=(*column.nulls, *more)), tuple(more))
            )
    if form in _AS_NUMBERS:
        whole = "whole " if form in COMPACT else ""
        told = f"{whole}numbers such as {shorten(case.sample[0])} are read as date-times, {form}"
        case.note("type", "info", told, remedy=setting(case.name, "number"))
    if is_of_periods(form):
        remedy = f"{setting(case.name, 'category')} keeps the texts"
        case.note("type", "info", in_words(form), count=tally.values, remedy=remedy)
    if column.formats:
        forms = [form, *column.formats]
        told = f"dates are written in {len(forms)} ways that cannot be confused: {', '.join(forms)}"
        remedy = setting(case.name, f"{{type: date-time, formats: {yaml_list(forms)}}}")
        case.note(
            "type",
            "info",
            told,
            count=sum(
                n for rule, n in tally.changed.items() if rule not in (BLANKS_RULE, CUT_RULE)
            ),
            remedy=remedy,
        )
    note_century(case, tally, column)
    case.note_cut(tally)
    if "%#z" in form and any(not _IN_UTC.search(text) for text in case.sample):
        case.note_zone("with an offset")
    _note_year_last(case, form)
    _note(case, tally, column, marks)
    return Verdict(column)


def note_century(case: Case, tally: Tally, column: Column) -> None:
    """Warn of years of two digits that are read as years to come: a birth of 1961 as one of 2061."""
    form = column.format or ""
    extent = tally.moments
    if "%y" not in form or extent is None or extent.least is None or extent.most is None:
        return
    first, last = (
        (datetime(1970, 1, 1) + timedelta(microseconds=int(end))).year
        for end in (extent.least, extent.most)
    )
    if last < _TO_COME:
        return
    since = _TO_COME - 100
    other = form.replace("%y", f"%{since}y")
    case.note(
        "type",
        "warning",
        f"two digits of a year are read as one of 1970 to 2069, here {first} to {last}",
        remedy=setting(case.name, f'{{type: date-time, format: "{other}"}}')
        + f" reads them as {since} to {since + 99}, and %1970y as now",
    )


def _note_year_last(case: Case, form: str) -> None:
    """Warn of 21/05/30 read as a day of 2030, where the last parts look like the days of a month."""
    said = _YEAR_LAST.fullmatch(form)
    if not said or case.context.format is not None:
        return
    parts = [re.split(r"\D", text)[:3] for text in case.sample if text[:1].isdigit()]
    first, last = ({part[at] for part in parts if len(part) == 3} for at in (0, 2))
    if len(last) < _MANY_DAYS or len(first) >= len(last) or not last <= _DAYS:
        return
    other = f"%y{said[1]}%m{said[1]}%d{said[2]}"
    case.note(
        "type",
        "warning",
        f"read as {form}, though the last part has {len(last)} values, all of 1 to 31, and the first"
        f" {len(first)}: does the year come first?",
        remedy=setting(case.name, f'{{type: date-time, format: "{other}"}}')
        + f'; format: "{form}" settles it',
    )


def _telling(forms: list[str], sample: list[str]) -> list[tuple[str, ...]]:
    """The formats in groups that read the sample alike, the plainest first."""
    texts = pl.Series(sample[:400], dtype=pl.String)
    groups: dict[tuple[int | None, ...], list[str]] = {}
    for form in forms:
        groups.setdefault(tuple(parse_dates(texts, form).cast(pl.Int64)), []).append(form)
    return [tuple(group) for group in groups.values()]


def _settle(case: Case, readings: Sequence[tuple[Moments, Tally]]) -> tuple[Moments, Tally]:
    """Which of several readings that all fit: the one in which the rows are in order, else ask."""
    for moments, tally in readings:
        assert tally.order is not None
        assert tally.distinct is not None
        form = moments.column.format
        if (tally.order.rises or tally.order.falls) and tally.distinct.number > 12:
            case.note(
                "type",
                "warning",
                f"read as {form}: in that reading the rows are in order",
                remedy=setting(case.name, f'{{type: date-time, format: "{form}"}}'),
            )
            return moments, tally
    forms = [moments.column.format or "" for moments, _ in readings]
    case.note(
        "type",
        "error",
        f"day and month cannot be told apart in {shorten(case.sample[0])}: {' or '.join(forms[:3])}",
        remedy=setting(case.name, f'{{type: date-time, format: "{forms[0]}"}}'),
    )
    return readings[0]


def _said(column: Column) -> str:
    if column.formats:
        return f"type: date-time, formats: {yaml_list([column.format or '', *column.formats])}"
    return f'type: date-time, format: "{column.format}"'


def _note(case: Case, tally: Tally, column: Column, marks: Sequence[str]) -> None:
    """Cells that are no date, or one of another format; and how missing is written."""
    odd, form = tally.misfits, column.format or ""
    if odd.count:
        other = next(iter(candidates([odd.first])), None)
        why = f"of another format ({other})" if other else "no such date"
        case.note(
            "type",
            "error",
            f"{counted(odd.count, 'values do')} not fit {form}: {shorten(odd.first)} is {why}",
            rows=odd.rows,
            count=odd.count,
            remedy=as_missing(case.name, _said(column), tally),
        )
    case.note_signs(tally, but=marks)
