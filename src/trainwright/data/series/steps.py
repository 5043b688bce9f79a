"""Rows in long format as steps of series: typed, put together by their id and in the order of time.

Only the columns that are named are read; the others are left out unread. Two steps of one series at one
time have no order, and a step without a time has no place: both are refused with their rows. Where the
split is given by files, equal ids in two parts are two series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.errors import DataError, Fault, RecipeError, counted, nearest, shorten
from trainwright.data.reading.tables import RawTable
from trainwright.data.types.case import TypedColumn
from trainwright.data.types.columns import type_column
from trainwright.data.types.inference import check_names, context_of
from trainwright.recipe.data import DataSettings, SeriesSettings

CODE = "__series__"  # number of a row's series
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in the order of (series, time).

    Attributes:
        frame: CODE, ROW, and the columns that are named; values as Float64.
        labels: What each series is called; "" where there is one alone.
        identifier: How an id is read, or None.
        time: How a time is read.
        numbers: How each column of numbers is read.
        without_id: Rows (global positions) that have no id; they are no steps.
        findings: What was noticed.
    """

    frame: pl.DataFrame
    labels: tuple[str, ...]
    identifier: Column | None
    time: Column
    numbers: Mapping[str, Column]
    without_id: NDArray[np.int64]
    findings: tuple[Finding, ...]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each series begins in the frame, and where the last one ends; shape (series + 1,)."""
        codes = self.frame[CODE].to_numpy()
        return np.searchsorted(codes, np.arange(len(self.labels) + 1)).astype(np.int64)


def read_steps(
    raw: RawTable,
    settings: DataSettings,
    series: SeriesSettings,
    *,
    numbers: Sequence[str],
    others: Sequence[TypedColumn] = (),
) -> Steps:
    """The steps of a raw table.

    Args:
        raw: As read.
        settings: How columns are read.
        series: Which columns are id and time.
        numbers: The columns of numbers that are wanted.
        others: Further columns, typed already.

    Raises:
        RecipeError: a column is not there.
        DataError: times without order.
    """
    check_series_names(raw, settings, series)
    typed = [_as_number(raw, settings, name) for name in numbers]
    time = _as_time(raw, settings, series.time)
    identifier = None
    if series.id is not None:
        context = replace(context_of(raw, settings, series.id), type=ColumnType.IDENTIFIER)
        identifier = type_column(raw.frame[series.id], context)
    columns = [*others, *typed, time]
    frame = pl.DataFrame(
        [pl.Series(ROW, np.arange(raw.frame.height)), *(column.values for column in columns)]
    )
    codes, labels, known = _codes(identifier, raw)
    frame = frame.with_columns(pl.Series(CODE, codes)).filter(pl.Series(known))
    _refuse_without_time(frame, series.time, raw)
    in_file_order = frame
    frame = frame.sort(CODE, series.time, ROW)
    _refuse_ties(frame, series, labels, raw)
    findings = [finding for column in columns for finding in column.findings]
    findings += identifier.findings if identifier is not None else ()
    findings += _disorder(in_file_order, frame)
    gone = np.flatnonzero(~known)
    if len(gone):
        findings.append(
            Finding(
                "missing", "warning", f"{counted(len(gone), 'rows have')} no {series.id!r}: left out",
                column=series.id, count=len(gone), rows=tuple(gone[:10].tolist()),
            )
        )  # fmt: skip
    return Steps(
        frame,
        labels,
        identifier.column if identifier is not None else None,
        time.column,
        {column.column.name: column.column for column in typed},
        gone,
        tuple(findings),
    )


def check_series_names(raw: RawTable, settings: DataSettings, series: SeriesSettings) -> None:
    """Refuse (RecipeError) columns that the data lack; all are named at once."""
    names = raw.frame.columns
    faults: list[Fault] = []
    try:
        check_names(names, settings)
    except RecipeError as error:
        faults += error.faults
    asked = [("id", series.id), ("time", series.time), *(("values", v) for v in series.values)]
    for key, name in asked:
        if name is None or name in names:
            continue
        near = nearest(name, names)
        known = ", ".join(shorten(other, 30) for other in names[:8])
        mend = f"use {shorten(near)}" if near else f"the columns are {known}"
        faults.append(Fault(f"there is no column {shorten(name)}", f"data.series.{key}", mend))
    if faults:
        raise RecipeError.of(faults)


def natural_order(labels: Sequence[str]) -> list[int]:
    """Positions in the order of the labels: as numbers where all are whole numbers, else as text."""
    if all(label.isdecimal() and label.isascii() and len(label) < 19 for label in labels):
        return sorted(range(len(labels)), key=lambda k: (int(labels[k]), labels[k]))
    return sorted(range(len(labels)), key=lambda k: labels[k])


def _as_number(raw: RawTable, settings: DataSettings, name: str) -> TypedColumn:
    """Numbers; true and false count as 1 and 0, and the column remembers its words for them."""
    context = context_of(raw, settings, name)
    found = type_column(raw.frame[name], context)
    if found.column.type is ColumnType.BOOLEAN:
        found = replace(found, values=found.values.cast(pl.Float64))
    elif found.column.type is not ColumnType.NUMBER:
        found = type_column(raw.frame[name], replace(context, type=ColumnType.NUMBER))
    return replace(found, findings=tuple(f for f in found.findings if f.kind != "missing"))


def _as_time(raw: RawTable, settings: DataSettings, name: str) -> TypedColumn:
    context = context_of(raw, settings, name)
    found = type_column(raw.frame[name], context)
    kinds = (ColumnType.NUMBER, ColumnType.DATETIME)
    if found.column.type not in kinds and context.type is None:
        forced = [type_column(raw.frame[name], replace(context, type=kind)) for kind in kinds]
        found = min(forced, key=lambda one: one.values.null_count())
    if found.column.type not in kinds or found.values.null_count() > 0.5 * len(found.values):
        raise DataError(
            f"column {shorten(name)} holds no times and no numbers, so steps have no order by it:"
            f" {shorten(raw.frame[name].drop_nulls().head(1).to_list(), 60)}",
            where="data.series.time",
            mend=f"data: {{columns: {{{name}: date-time}}}}, or name another column",
        )
    return found


def _codes(
    identifier: TypedColumn | None, raw: RawTable
) -> tuple[NDArray[np.int64], tuple[str, ...], NDArray[np.bool_]]:
    """The series of each row, what they are called, and which rows have one."""
    num_rows = raw.frame.height
    if identifier is None:
        return np.zeros(num_rows, dtype=np.int64), ("",), np.ones(num_rows, dtype=bool)
    parts = {split: number for number, split in enumerate(Split)}
    of_file = [parts[f.part] if f.part is not None else 0 for f in raw.files]
    part = np.repeat(np.array(of_file, dtype=np.int64), [f.num_rows for f in raw.files])
    known = identifier.values.is_not_null().to_numpy()
    pairs = pl.DataFrame({"label": identifier.values, "part": part})
    distinct = pairs.filter(pl.Series(known)).unique().sort("part", "label")
    names = distinct["label"].to_list()
    order = natural_order(names)
    distinct = distinct[order].with_columns(
        pl.Series("code", np.arange(len(order), dtype=np.int64))
    )
    codes = pairs.join(distinct, on=["label", "part"], how="left", maintain_order="left")["code"]
    return codes.fill_null(-1).to_numpy(), tuple(names[place] for place in order), known


def _refuse_without_time(frame: pl.DataFrame, time: str, raw: RawTable) -> None:
    missing = frame.filter(pl.col(time).is_null())[ROW]
    if len(missing):
        places = ", ".join(raw.place(row) for row in missing.head(_SHOWN).to_list())
        raise DataError(
            f"{counted(len(missing), 'rows have')} no time that can be read in column"
            f" {shorten(time)}: {places}",
            where=f"column {shorten(time)}",
            mend="fill it in, remove these rows, or say how it is written: data: {columns:"
            f' {{{time}: {{type: date-time, format: "%Y-%m-%d"}}}}}}',
        )


def _refuse_ties(
    frame: pl.DataFrame, series: SeriesSettings, labels: Sequence[str], raw: RawTable
) -> None:
    tied = frame.filter(
        (pl.col(CODE) == pl.col(CODE).shift(1))
        & (pl.col(series.time) == pl.col(series.time).shift(1))
    )
    if not tied.height:
        return
    first = tied.row(0, named=True)
    whose = f" of series {shorten(labels[first[CODE]], 40)}" if series.id is not None else ""
    places = ", ".join(raw.place(row) for row in tied[ROW].head(_SHOWN).to_list())
    raise DataError(
        f"{counted(tied.height, 'rows have')} the same time as another row{whose}: {places}",
        where=f"column {shorten(series.time)}",
        mend="remove one of each two"
        + (
            ", or name finer times"
            if series.id is not None
            else ", or data: {series: {id: COLUMN}}"
        ),
    )


def _disorder(given: pl.DataFrame, ordered: pl.DataFrame) -> list[Finding]:
    """A note where the rows of a series do not stand in the order of time."""
    as_given = given.sort(CODE, maintain_order=True)[ROW]
    moved = int((as_given != ordered[ROW]).sum())
    if not moved:
        return []
    told = f"{moved} rows do not stand in the order of time: they were sorted"
    return [Finding("schema", "info", told, count=moved)]
