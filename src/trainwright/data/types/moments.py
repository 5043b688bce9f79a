"""Date-time columns: the format is found once, and proved on every row or asked for.

Formats that read the sample alike form a group (a fraction of a second that no sampled row has); the
groups are readings that differ (day first or month first). One reading is tried on the whole column;
another is only where the sample leaves it open, so that mostly a column is parsed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from trainwright.core.artifacts import Column, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.types.case import (
    DATE_MARKERS,
    MOSTLY,
    Case,
    Verdict,
    setting,
    yaml_list,
)
from trainwright.data.types.dates import candidates, parse_date, parse_dates
from trainwright.data.types.tally import PLAIN, Tally, Watch

_READINGS = 4  # formats of a sample that are told apart


@dataclass(frozen=True, slots=True)
class Moments:
    """The column as date-times by one format.

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
        if tally.misfits.count:
            wider = self._wider(tally)
            if wider is not None:
                return Verdict(instead=wider)
        tried = (*self.tried, (self, tally))
        if self.others:
            group, *others = self.others
            column = replace(self.column, format=group[0])
            return Verdict(instead=Moments(column, group, tuple(others), tried, self.watch))
        most = max(one.values for _, one in tried)
        first, *rivals = [(moments, one) for moments, one in tried if one.values == most]
        best, found = first
        if most < MOSTLY * (most + found.misfits.count):
            return Verdict()
        if rivals:
            best, found = _settle(case, [first, *rivals])
        if best.column != self.column:
            return Verdict(instead=Settled(best.column))
        _note(case, found, best.column.format or "")
        return Verdict(best.column)

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
    """A reading that was tried before and found best: read once more."""

    column: Column
    watch = PLAIN

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands."""
        _note(case, tally, self.column.format or "")
        return Verdict(self.column)


def as_moment(case: Case) -> Moments | None:
    """The column as date-times, or None when no format fits nearly all of the sample."""
    nulls = case.nulls(DATE_MARKERS)
    kept = case.kept(nulls)
    groups = _telling(candidates(kept)[:_READINGS], kept)
    if not groups:
        return None
    first, *others = groups
    column = case.column(ColumnType.DATETIME, format=first[0], nulls=nulls)
    watch = Watch(order=bool(others), distinct=bool(others))
    return Moments(column, first, tuple(others), watch=watch)


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


def _note(case: Case, tally: Tally, form: str) -> None:
    """Cells that are no date, or one of another format; and how missing is written."""
    odd = tally.misfits
    if odd.count:
        other = next(iter(candidates([odd.first])), None)
        why = f"of another format ({other})" if other else "no such date"
        known = list(odd.texts)[:50]
        case.note(
            "type",
            "error",
            f"{odd.count} values do not fit {form}: {shorten(odd.first)} is {why}",
            rows=odd.rows,
            count=odd.count,
            remedy=setting(
                case.name, f'{{type: date-time, format: "{form}", nulls: {yaml_list(known)}}}'
            )
            + " reads them as missing",
        )
    case.note_nulls(list(tally.gaps))
