"""A first look at a file, for `trainwright init`: what is in it, and what could be predicted.

Nothing is decided here: what is proposed stands in the recipe as text that a person edits. Of very many
rows the first are looked at, as many as a quarter of a gigabyte holds, and that is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Task
from trainwright.core.errors import CommandError, nearest, shorten
from trainwright.data.findings import finding
from trainwright.data.reading.documents import TEXT, holds_labelled_documents
from trainwright.data.reading.source import read_source
from trainwright.data.reading.tables import RawTable
from trainwright.data.types.case import TypedColumn
from trainwright.data.types.inference import context_of, type_columns
from trainwright.data.types.label_lists import is_of_labels, looks_like_labels, type_labels
from trainwright.data.types.numbers import is_named_identifier
from trainwright.data.types.target import task_of, type_target
from trainwright.recipe.data import DataSettings, Inputs

MOST_BYTES = 256 << 20  # of rows, in memory
_TARGET_NAMES = (
    "target",
    "label",
    "class",
    "y",
    "outcome",
    "response",
    "status",
    "churn",
    "default",
)


@dataclass(frozen=True, slots=True)
class ColumnLook:
    """One column at a glance.

    Attributes:
        column: How it would be read.
        examples: Up to three different values, as text; none of images.
        null_fraction: Share of rows without a value.
        num_distinct: Different values.
    """

    column: Column
    examples: tuple[str, ...]
    null_fraction: float
    num_distinct: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a first look saw.

    Attributes:
        num_rows: Rows that were looked at.
        columns: In source order.
        target: The column asked for, or the one proposed.
        proposed: True when nobody asked for that target.
        task: What predicting it would be.
        time: A date-time column by which to split: the future is not known in training.
        groups: Columns whose values repeat and that name an entity: rows of one should stay together.
        findings: What was noticed.
        documents: The folder holds text files, a class a sub-folder: each is a row.
    """

    num_rows: int
    columns: tuple[ColumnLook, ...]
    target: str
    proposed: bool
    task: Task
    time: str | None
    groups: tuple[str, ...]
    findings: tuple[Finding, ...]
    documents: bool = False


def look(path: Path, *, target: str | None) -> Look:
    """Read a file, a folder or a glob and say what is in it.

    Args:
        path: The data.
        target: The column to predict, or None to propose one.

    Raises:
        CommandError: there is no such column.
        DataError: the data cannot be read, or the target asked for cannot be learned.
    """
    documents = path.is_dir() and holds_labelled_documents(path)
    settings = DataSettings(
        source=str(path.absolute()),
        target=target or "-",
        read="documents" if documents else None,
        inputs=Inputs(text=TEXT) if documents else None,
    )
    raw = read_source(settings, base=path.absolute().parent, most_bytes=MOST_BYTES)
    names = raw.frame.columns
    if target is not None and target not in names:
        near = nearest(target, names)
        known = ", ".join(shorten(name, 30) for name in names[:8])
        raise CommandError(
            f"there is no column {shorten(target)}",
            where="--target",
            mend=f"use {shorten(near)}" if near else f"the columns are {known}",
        )
    typed = _typed(raw, settings)
    chosen = target if target is not None else propose_target(typed)
    if target is not None:
        task = _task_of(raw, settings, target)
    else:
        one = next(one for one in typed if one.column.name == chosen)
        present = one.values.drop_nulls()
        task = task_of(one.column, present.n_unique(), len(present))
    return Look(
        num_rows=raw.frame.height,
        columns=tuple(_glance(one) for one in typed),
        target=chosen,
        proposed=target is None,
        task=task,
        time=_time(typed, chosen),
        groups=_groups(typed, chosen),
        documents=documents,
        findings=(
            *raw.findings,
            *_what_was_read(raw),
            *(noticed for one in typed for noticed in one.findings),
        ),
    )


def _what_was_read(raw: RawTable) -> list[Finding]:
    """That there may be further rows."""
    if not raw.is_part:
        return []
    told = f"the first {raw.frame.height} rows were looked at; `trainwright prepare` looks at all"
    return [finding("schema", "info", told)]


def _typed(raw: RawTable, settings: DataSettings) -> list[TypedColumn]:
    """All columns; one that holds lists is one of labels."""
    lists = [name for name, kind in raw.frame.schema.items() if isinstance(kind, pl.List)]
    plain = {
        one.column.name: one
        for one in type_columns(replace(raw, frame=raw.frame.drop(lists)), settings)
    }
    for name in lists:
        plain[name], _ = type_labels(raw.frame[name], context_of(raw, settings, name))
    return [plain[name] for name in raw.frame.columns]


def _task_of(raw: RawTable, settings: DataSettings, target: str) -> Task:
    """What predicting a column would be; texts that hold labels with a separator are several labels."""
    values = raw.frame[target]
    if is_of_labels(values.dtype, None) or (
        values.dtype == pl.String and looks_like_labels(values)
    ):
        return Task.MULTI_LABEL
    return type_target(values, context_of(raw, settings, target), task=None)[1].task


def propose_target(typed: list[TypedColumn]) -> str:
    """A column with a usual name for a target, else the last that could be one."""
    kinds = (ColumnType.NUMBER, ColumnType.BOOLEAN, ColumnType.CATEGORY)
    able = [one.column.name for one in typed if one.column.type in kinds and _varies(one)]
    by_name = {name.lower().strip(): name for name in able}
    for usual in _TARGET_NAMES:
        if usual in by_name:
            return by_name[usual]
    return able[-1] if able else typed[-1].column.name


def _varies(one: TypedColumn) -> bool:
    return one.values.drop_nulls().n_unique() > 1


def _glance(one: TypedColumn) -> ColumnLook:
    known = one.values.drop_nulls()
    shown = known.unique(maintain_order=True).head(3)
    if isinstance(known.dtype, pl.List):
        shown = shown.list.join(", ")
    texts = [] if known.dtype == pl.Binary else shown.cast(pl.String).str.slice(0, 40).to_list()
    return ColumnLook(
        column=one.column,
        examples=tuple(texts),
        null_fraction=one.values.null_count() / max(len(one.values), 1),
        num_distinct=known.n_unique(),
    )


def _time(typed: list[TypedColumn], target: str) -> str | None:
    """The first date-time column that is nearly full and takes many values."""
    for one in typed:
        if one.column.type is ColumnType.DATETIME and one.column.name != target:
            full = one.values.null_count() <= 0.01 * len(one.values)
            if full and one.values.n_unique() >= 10:
                return one.column.name
    return None


def _groups(typed: list[TypedColumn], target: str) -> tuple[str, ...]:
    """Columns named like an identifier whose values repeat: two rows or more a value."""
    return tuple(
        one.column.name
        for one in typed
        if one.column.name != target
        and one.column.type in (ColumnType.CATEGORY, ColumnType.IDENTIFIER)
        and is_named_identifier(one.column.name)
        and 10 < one.values.drop_nulls().n_unique() <= len(one.values) / 2
    )
