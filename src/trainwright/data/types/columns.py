"""What one column is: number, category, boolean, date-time, text or identifier.

The rules in short: a column is a number when at least 95 % of its values are; what then does not
fit is an error with the first row, unless it is one repeated mark without a digit, which is read as
missing. Numbers that a float would change (leading zeros, 2^53 and beyond) stay text. A date
format must fit the whole column; day and month are told apart by all rows or asked for. Words are
an identifier when nearly all differ and hold no blanks, text when most differ and hold several
words, else a category. Every choice can be overridden by `data: {columns: ...}`.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from trainwright.core.artifacts import Column, ColumnType, Finding
from trainwright.core.errors import RecipeError, shorten
from trainwright.data.types.case import (
    DATE_MARKERS,
    MARKERS,
    NUMBER_MARKERS,
    Case,
    Context,
    TypedColumn,
    setting,
    yaml_list,
    yaml_word,
)
from trainwright.data.types.dates import candidates, compiled
from trainwright.data.types.moments import as_moment
from trainwright.data.types.numbers import (
    EXACT,
    as_number,
    code_kind,
    decimal_mark,
    is_whole,
    note_codes,
)
from trainwright.data.types.values import FALSE_OF, parse_series
from trainwright.data.types.words import as_boolean, as_words


def type_column(raw: pl.Series, context: Context) -> TypedColumn:
    """Decide what a column is, and read all of it so."""
    if raw.dtype in (pl.Categorical, pl.Enum, pl.Null, pl.Binary):
        raw = raw.cast(pl.String)
    if raw.dtype != pl.String:
        typed = _native(Case(raw, context, []))
    else:
        case = Case.of(raw, context)
        typed = _forced(case, context.type) if context.type else _inferred(case)
    return replace(typed, findings=(*typed.findings, *_emptiness(typed)))


def _inferred(case: Case) -> TypedColumn:
    """The first type that the whole column bears out."""
    if case.context.format is not None:
        return _forced(case, ColumnType.DATETIME)
    return as_boolean(case) or as_number(case) or as_moment(case) or as_words(case)


def _forced(case: Case, kind: ColumnType) -> TypedColumn:
    """As the recipe says; what does not fit is an error."""
    column = _forced_column(case, kind)
    parsed = parse_series(column, case.text)
    if parsed.misfits:
        rows = pl.Series(parsed.misfits)
        texts = case.text.gather(rows).unique(maintain_order=True)
        shown = ", ".join(shorten(text, 30) for text in texts.head(5))
        nulls = yaml_list(texts.head(50).to_list())
        case.note(
            "type",
            "error",
            f"{len(rows)} values are no {kind.value}: {shown}",
            rows=rows,
            remedy=setting(case.name, f"{{type: {kind.value}, nulls: {nulls}}}")
            + " reads them as missing",
        )
    if kind is ColumnType.NUMBER:
        column = replace(column, integer=is_whole(parsed.values))
    return case.typed(column, parsed.values)


def _forced_column(case: Case, kind: ColumnType) -> Column:
    if kind is ColumnType.NUMBER:
        return case.column(kind, decimal=decimal_mark(case), nulls=case.nulls(NUMBER_MARKERS))
    if kind is ColumnType.DATETIME:
        return case.column(kind, format=_format(case), nulls=case.nulls(DATE_MARKERS))
    nulls = case.nulls(MARKERS)
    if kind is ColumnType.BOOLEAN:
        seen = {text.lower() for text in case.kept(nulls)}
        true = tuple(true for true, false in FALSE_OF.items() if seen & {true, false})
        return case.column(kind, true=true or ("true",), nulls=nulls)
    return case.column(kind, nulls=nulls)


def _format(case: Case) -> str:
    """The recipe's format of a date-time column, or the one that fits its values best."""
    said = case.context.format
    if said is None:
        found = candidates(case.kept(case.nulls(DATE_MARKERS)))
        return found[0] if found else "%Y-%m-%d"
    try:
        compiled(said)
    except ValueError as error:
        raise RecipeError(
            str(error), where=f"data.columns.{case.name}.format", mend='format: "%Y-%m-%d"'
        ) from error
    return said


def _native(case: Case) -> TypedColumn:
    """A column whose file says its type; whole numbers may still be names."""
    raw, context = case.text, case.context
    kind = context.type or _native_kind(raw)
    if raw.dtype.is_integer() and not context.type and not context.is_target:
        numbers = raw.cast(pl.Float64)
        if bool((numbers.abs() >= EXACT).any()):
            kind = ColumnType.IDENTIFIER
            case.note(
                "type",
                "info",
                "whole numbers of 2^53 and beyond would lose precision: kept as text",
                remedy=setting(case.name, "identifier"),
            )
        elif (codes := code_kind(case.name, numbers)) is not None:
            kind = codes
            note_codes(case, codes)
    true = ("true",) if kind is ColumnType.BOOLEAN else ()
    column = case.column(kind, nulls=case.nulls(MARKERS), true=true)
    parsed = parse_series(column, raw)
    if parsed.misfits:
        infinite = kind is ColumnType.NUMBER and raw.dtype.is_float()
        case.note(
            "type",
            "error",
            f"{len(parsed.misfits)} values are no {kind.value}: {shorten(raw[parsed.misfits[0]])}",
            rows=pl.Series(parsed.misfits),
            remedy="write them as null" if infinite else setting(case.name, "category"),
        )
    if kind is ColumnType.NUMBER:
        column = replace(column, integer=is_whole(parsed.values))
    return case.typed(column, parsed.values)


def _native_kind(raw: pl.Series) -> ColumnType:
    if raw.dtype == pl.Boolean:
        return ColumnType.BOOLEAN
    if raw.dtype in (pl.Date, pl.Datetime):
        return ColumnType.DATETIME
    if raw.dtype.is_numeric() or isinstance(raw.dtype, pl.Duration):
        return ColumnType.NUMBER
    return ColumnType.CATEGORY


def _emptiness(typed: TypedColumn) -> list[Finding]:
    """A column without values, or with only one."""
    name, values = typed.column.name, typed.values
    remedy = f"data: {{drop: [{yaml_word(name)}]}}"
    if values.null_count() == len(values):
        told = f"column {shorten(name)} has no values"
        return [Finding("missing", "warning", told, column=name, count=len(values), remedy=remedy)]
    if len(values) > 1 and not values.null_count() and _is_constant(values):
        value = int(values[0]) if typed.column.integer else values[0]
        told = f"column {shorten(name)} is always {shorten(value)}"
        return [Finding("constant", "warning", told, column=name, count=len(values), remedy=remedy)]
    return []


def _is_constant(values: pl.Series) -> bool:
    return all(bool((part == values[0]).all()) for part in (values.head(1000), values))
