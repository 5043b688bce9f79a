"""From raw columns to typed ones, and from the target column to what is predicted.

A sample proposes a type; the whole column is then read with it, and what does not fit is counted
and named. All of it is decided before the split and looks at one column at a time: of the target it
uses the list of classes and whether its tails are heavy, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import Fault, RecipeError, nearest, shorten
from trainwright.core.threads import thread_pool
from trainwright.data.types.case import Context, TypedColumn
from trainwright.data.types.columns import type_column
from trainwright.data.types.dates import EPOCHS
from trainwright.data.types.label_lists import is_of_labels, type_labels
from trainwright.data.types.tags import check_lengths, refuse_lists, type_tags, type_words
from trainwright.data.types.target import type_target
from trainwright.recipe.data import ColumnSettings, DataSettings

if TYPE_CHECKING:
    from trainwright.data.reading.tables import RawTable


@dataclass(frozen=True, slots=True)
class TypedTable:
    """Typed rows, in the order of the raw ones.

    Attributes:
        frame: Numbers as Float64, words as String, booleans as Boolean, date-times as
            Datetime("us"); the target as String labels or Float64. Null where missing.
        columns: All columns, the target included, in source order.
        target: What is predicted.
        findings: What was noticed, those of reading first.
    """

    frame: pl.DataFrame
    columns: tuple[Column, ...]
    target: Target
    findings: tuple[Finding, ...]


def infer_types(raw: RawTable, settings: DataSettings, *, task: Task | None) -> TypedTable:
    """Decide what every column is, and read it so.

    Args:
        raw: The rows as read.
        settings: `columns` overrides what is inferred; `drop` and `known_after` name columns whose
            faults do not count.
        task: Classification or regression; inferred from the target when None.

    Raises:
        RecipeError: the recipe names a column that is not there, or a task that cannot be.
        DataError: the target cannot be learned: no values, one value, mixed spellings.
    """
    check_names(raw.frame.columns, settings)
    typed = type_columns(raw, settings, without=settings.target, task=task)
    context = context_of(raw, settings, settings.target)
    if task is Task.TOKEN_CLASSIFICATION:
        target_column, target = type_tags(raw.frame[settings.target], context)
        check_lengths(_words_among(typed), target_column.values, context)
    elif is_of_labels(raw.frame.schema[settings.target], task):
        target_column, target = type_labels(raw.frame[settings.target], context)
    else:
        refuse_lists(raw.frame[settings.target])
        target_column, target = type_target(raw.frame[settings.target], context, task=task)
    typed.insert(raw.frame.columns.index(settings.target), target_column)
    left_out = {*settings.drop, *settings.known_after}
    findings = [
        finding
        for column in typed
        if column.column.name not in left_out
        for finding in column.findings
    ]
    return TypedTable(
        pl.DataFrame([column.values for column in typed]),
        tuple(column.column for column in typed),
        target,
        (*raw.findings, *findings),
    )


def type_columns(
    raw: RawTable, settings: DataSettings, *, without: str | None = None, task: Task | None = None
) -> list[TypedColumn]:
    """Every column but `without`, typed, in source order; two are worked on at a time."""
    names = [name for name in raw.frame.columns if name != without]
    contexts = [context_of(raw, settings, name) for name in names]
    text = None if settings.inputs is None else settings.inputs.text

    def typed(name: str, context: Context) -> TypedColumn:
        if name == raw.images:
            column = Column(name, ColumnType.IMAGE, required=context.required)
            return TypedColumn(column, raw.frame[name])
        if name != text:
            return type_column(raw.frame[name], context)
        if task is Task.TOKEN_CLASSIFICATION:
            return type_words(raw.frame[name], context)
        refuse_lists(raw.frame[name])
        return type_column(raw.frame[name], replace(context, type=ColumnType.TEXT))

    with thread_pool() as pool:
        return list(pool.map(typed, names, contexts))


def _words_among(typed: Sequence[TypedColumn]) -> pl.Series:
    """The column of words.

    Raises:
        RecipeError: the recipe names none.
    """
    found = [column.values for column in typed if column.column.type is ColumnType.WORDS]
    if not found:
        raise RecipeError(
            "token classification needs the column of words",
            where="data.inputs",
            mend="data: {inputs: {text: COLUMN}}",
        )
    return found[0]


def check_names(names: Sequence[str], settings: DataSettings) -> None:
    """Refuse (RecipeError) a recipe that names columns that the data lack; all are named at once."""
    faults = [
        *_missing([settings.target], names, "data.target"),
        *_missing(settings.drop, [*names, ""], "data.drop"),
        *_missing(settings.known_after, names, "data.known_after"),
        *_missing(settings.further_targets, names, "data.further_targets"),
        *_missing(settings.columns, names, "data.columns"),
        *_missing(_named_inputs(settings), names, "data.inputs"),
    ]
    if faults:
        raise RecipeError.of(faults)


def _named_inputs(settings: DataSettings) -> list[str]:
    inputs = settings.inputs
    if inputs is None:
        return []
    return [name for name in (inputs.text, inputs.image, inputs.messages) if name]


def _missing(asked: Iterable[str], names: Sequence[str], where: str) -> list[Fault]:
    faults = []
    for name in asked:
        if name in names:
            continue
        near = nearest(name, names)
        known = ", ".join(shorten(other, 30) for other in names[:8] if other)
        faults.append(
            Fault(
                f"there is no column {shorten(name)}",
                where,
                f"use {shorten(near)}"
                if near
                else f"the columns are {known}" + (" ..." if len(names) > 8 else ""),
            )
        )
    return faults


def context_of(raw: RawTable, settings: DataSettings, name: str) -> Context:
    """What recipe and file say of one column of a table in memory."""
    return context_for(
        settings,
        name,
        is_text=raw.frame[name].dtype == pl.String,  # a frame's schema is made anew each time
        semicolons=raw.semicolons,
        place=raw.place,
    )


def context_for(
    settings: DataSettings,
    name: str,
    *,
    is_text: bool,
    semicolons: bool,
    place: Callable[[int], str],
) -> Context:
    """What recipe and file say of one column.

    Args:
        settings: The recipe's.
        name: The column's.
        is_text: It is read as text; one that comes typed has no use for a format.
        semicolons: Fields are separated by semicolons.
        place: FILE:LINE of a row given by its global position.
    """
    user = settings.columns.get(name, ColumnSettings())
    return Context(
        type=user.type,
        nulls=user.nulls,
        format=user.format if is_text or user.format in EPOCHS else None,
        required=user.required,
        closed=user.closed,
        formats=user.formats if is_text else tuple(form for form in user.formats if form in EPOCHS),
        decimal=(user.decimal or settings.decimal) if is_text else None,
        thousands=user.thousands if is_text else None,
        unit=user.unit if is_text else None,
        percent=user.percent if is_text else None,
        separator=user.separator if is_text else None,
        comma_likely=semicolons,
        place=place,
    )
