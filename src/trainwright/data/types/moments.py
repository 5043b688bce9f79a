"""Date-time columns: the format is found once, and proved on every row or asked for."""

from __future__ import annotations

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
    forms = _telling(candidates(kept)[:4], kept)
    if not forms:
        return None
    readings = [(form, _read(case.text, form)) for form in forms]
    best = max(values.count() for _, (values, _, _) in readings)
    full = [(form, read) for form, read in readings if read[0].count() == best]
    form, (values, rows, bare) = full[0]
    odd = ~is_missing(bare, nulls)
    num_odd = int(odd.sum())
    if best < MOSTLY * (best + num_odd):
        return None
    rivals = [one for one in full[1:] if not one[1][0].equals(values)]
    if rivals:
        form, values = _settle(case, [(form, values), *((f, read[0]) for f, read in rivals)])
    if num_odd:
        _note_odd(case, rows.filter(odd), bare.filter(odd), form)
    case.note_nulls(bare.filter(~odd).unique().to_list())
    column = case.column(ColumnType.DATETIME, format=form, nulls=nulls)
    return case.typed(column, without_marks(column, values))


def _telling(forms: list[str], sample: list[str]) -> list[str]:
    """Formats that read the sample differently; of those that read it alike the widest.

    A later format that reads alike also takes fractions of seconds or a zone, which rows outside
    the sample may have.
    """
    texts = pl.Series(sample[:400], dtype=pl.String)
    by_reading: dict[tuple[int | None, ...], str] = {}
    for form in forms:
        by_reading[tuple(parse_dates(texts, form).cast(pl.Int64).to_list())] = form
    return list(by_reading.values())


def _read(text: pl.Series, form: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    return retried(parse_dates(text, form), text, lambda bare: parse_dates(bare, form))


def _settle(case: Case, readings: list[tuple[str, pl.Series]]) -> tuple[str, pl.Series]:
    """Which of several formats that all fit: the one in which the rows are in order, else ask."""
    for form, values in readings:
        known = values.drop_nulls()
        in_order = known.is_sorted() or known.is_sorted(descending=True)
        if in_order and known.n_unique() > 12:
            case.note(
                "date-order",
                "warning",
                f"read as {form}: in that reading the rows are in order",
                remedy=setting(case.name, f'{{type: date-time, format: "{form}"}}'),
            )
            return form, values
    options = " or ".join(form for form, _ in readings[:3])
    case.note(
        "ambiguous-date",
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
        "mixed-dates" if other else "invalid-date",
        "error",
        f"{len(rows)} values do not fit {form}: {shorten(texts[0])} is {why}",
        rows=rows,
        remedy=setting(
            case.name, f'{{type: date-time, format: "{form}", nulls: {yaml_list(known)}}}'
        )
        + " reads them as missing",
    )
