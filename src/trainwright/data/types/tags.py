"""Token classification: the column of words, and the target with a tag for each of them.

Tags are texts, or whole numbers in JSON lines and Parquet. Their list is all that is used of them.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, RecipeError, counted, shorten
from trainwright.data.types.case import Context, TypedColumn
from trainwright.data.types.wordlists import split_words

LIMIT_TAGS = 1000


def type_words(raw: pl.Series, context: Context) -> TypedColumn:
    """A column of words; what is none is an error."""
    values, misfits = split_words(raw)
    column = Column(raw.name, ColumnType.WORDS, required=context.required, closed=context.closed)
    findings: tuple[Finding, ...] = ()
    if misfits.any():
        rows = misfits.arg_true()
        findings = (
            Finding(
                "type",
                "error",
                f"column {shorten(raw.name)}: {counted(len(rows), 'values are')} no lists of words:"
                f" the first at {context.place(int(rows[0]))}",
                column=raw.name,
                count=len(rows),
                rows=tuple(rows.head(10).to_list()),
                remedy='write each as a list of texts: ["a", "word", "each"]',
            ),
        )
    return TypedColumn(column, values, findings)


def type_tags(raw: pl.Series, context: Context) -> tuple[TypedColumn, Target]:
    """The target of token classification: a class a word.

    Raises:
        DataError: there are no tags, one tag, or far too many different ones.
    """
    typed = type_words(raw, context)
    tags = typed.values.explode().drop_nulls().unique().to_list()
    inner = raw.dtype.inner if isinstance(raw.dtype, pl.List) else None
    kind: Literal["text", "integer"] = "integer" if inner and inner.is_integer() else "text"
    if not 2 <= len(tags) <= LIMIT_TAGS:
        few = f"{len(tags)} tag{'s' * (len(tags) != 1)}" + (f", {shorten(tags[0])}" if tags else "")
        raise DataError(
            f"the target {shorten(raw.name)} has {few}: 2 to {LIMIT_TAGS} different ones can be learned",
            where=f"column {shorten(raw.name)}",
            mend="data: {target: COLUMN} names another column",
        )
    classes = tuple(sorted(tags, key=int if kind == "integer" else None))
    target = Target(typed.column, Task.TOKEN_CLASSIFICATION, classes=classes, class_kind=kind)
    return typed, target


def check_lengths(words: pl.Series, tags: pl.Series, context: Context) -> None:
    """Refuse (DataError) rows whose tags are not as many as their words."""
    found, wanted = (values.list.len().fill_null(0) for values in (tags, words))
    apart = (tags.is_not_null() & (found != wanted)).arg_true()
    if len(apart):
        first = int(apart[0])
        raise DataError(
            f"{counted(len(apart), 'rows have')} another number of tags than of words; the first has"
            f" {found[first]} tags and {wanted[first]} words",
            where=f"columns {shorten(words.name)} and {shorten(tags.name)}, {context.place(first)}",
            mend="give each word one tag",
        )


def refuse_lists(raw: pl.Series) -> None:
    """Refuse (RecipeError) lists where one value a row is wanted."""
    if isinstance(raw.dtype, pl.List):
        raise RecipeError(
            f"column {shorten(raw.name)} holds lists",
            where="task",
            mend="task: multi-label, where a row has any number of labels; task: token-classification,"
            " where each word has a class; else write texts",
        )
