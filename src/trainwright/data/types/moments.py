"""Date-time columns: the format is found once, and proved on every row or asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import polars as pl

from trainwright.core.artifacts import ColumnType
from trainwright.core.errors import shorten
from trainwright.data.types.case import (
    DATE_MARKERS,
    MOSTLY,
    Case,
    TypedColumn,
    setting,
    yaml_list,
)
from trainwright.data.types.dates import candidates, parse_dates
from trainwright.data.types.values import is_missing, retried, without_marks


def as_moment(case: Case) -> TypedColumn | None:
    """The column as date-times, or None when no format fits nearly all of it."""
    nulls = case.nulls(DATE_MARKERS)
    kept = case.kept(nulls)
    groups = _telling(candidates(kept)[:4], kept)
    if not groups:
        return None
    readings = [_read(case.text, forms, nulls) for forms in groups]
    best = max(reading.values.count() for reading in readings)
    first, *others = [reading for reading in readings if reading.values.count() == best]
    form, values = first.form, first.values
    odd = ~is_missing(first.bare, nulls)
    num_odd = int(odd.sum())
    if best < MOSTLY * (best + num_odd):
        return None
    rivals = [(other.form, other.values) for other in others if not other.values.equals(values)]
    if rivals:
        form, values = _settle(case, [(form, values), *rivals])
    if num_odd:
        _note_odd(case, first.rows.filter(odd), first.bare.filter(odd), form)
    case.note_nulls(first.bare.filter(~odd).unique().to_list())
    column = case.column(ColumnType.DATETIME, format=form, nulls=nulls)
    return case.typed(column, without_marks(column, values))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A column read with one format; `rows` and `bare` are the cells that do not fit."""

    form: str
    values: pl.Series
    rows: pl.Series
    bare: pl.Series


def _telling(forms: list[str], sample: list[str]) -> list[list[str]]:
    """The formats in groups that read the sample alike, the plainest first."""
    texts = pl.Series(sample[:400], dtype=pl.String)
    groups: dict[tuple[int | None, ...], list[str]] = {}
    for form in forms:
        groups.setdefault(tuple(parse_dates(texts, form).cast(pl.Int64)), []).append(form)
    return list(groups.values())


def _read(text: pl.Series, forms: list[str], nulls: tuple[str, ...]) -> _Reading:
    """The column by the first of `forms` that fits all of it, else by the one that fits most.

    The plainest is tried first (a fraction of a second makes parsing three times as dear); rows
    outside the sample may need a wider one.
    """
    readings: list[_Reading] = []
    for form in forms:
        reading = _Reading(
            form, *retried(parse_dates(text, form), text, partial(parse_dates, form=form))
        )
        readings.append(reading)
        if is_missing(reading.bare, nulls).all():
            break
    return max(readings, key=lambda reading: reading.values.count())


def _settle(case: Case, readings: list[tuple[str, pl.Series]]) -> tuple[str, pl.Series]:
    """Which of several formats that all fit: the one in which the rows are in order, else ask."""
    for form, values in readings:
        known = values.drop_nulls()
        in_order = known.is_sorted() or known.is_sorted(descending=True)
        if in_order and known.n_unique() > 12:
            case.note(
                "type",
                "warning",
                f"read as {form}: in that reading the rows are in order",
                remedy=setting(case.name, f'{{type: date-time, format: "{form}"}}'),
            )
            return form, values
    options = " or ".join(form for form, _ in readings[:3])
    case.note(
        "type",
        "error",
        f"day and month cannot be told apart in {shorten(case.sample[0])}: {options}",
        remedy=setting(case.name, f'{{type: date-time, format: "{readings[0][0]}"}}'),
    )
    return readings[0]


def _note_odd(case: Case, rows: pl.Series, texts: pl.Series, form: str) -> None:
    """Cells that are no date, or one of another format."""
    other = next(iter(candidates(texts.head(1).to_list())), None)
    why = f"of another format ({other})" if other else "no such date"
    known = texts.unique(maintain_order=True).head(50).to_list()
    case.note(
        "type",
        "error",
        f"{len(rows)} values do not fit {form}: {shorten(texts[0])} is {why}",
        rows=rows,
        remedy=setting(
            case.name, f'{{type: date-time, format: "{form}", nulls: {yaml_list(known)}}}'
        )
        + " reads them as missing",
    )
