"""Columns whose type is said: by the recipe, or by a file that knows its types."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import RecipeError, counted, shorten
from trainwright.data.types.case import (
    DATE_MARKERS,
    MARKERS,
    NUMBER_MARKERS,
    Case,
    Proposal,
    Verdict,
    as_missing,
    setting,
    yaml_list,
    yaml_word,
)
from trainwright.data.types.clock import clock_of, note_clock
from trainwright.data.types.dates import COMPACT, EPOCHS, candidates, compiled
from trainwright.data.types.epoch_findings import each_unit, note_epochs, note_other_units
from trainwright.data.types.epochs import in_order
from trainwright.data.types.moments import as_compact, note_century
from trainwright.data.types.number_marks import found_marks, note_found_marks
from trainwright.data.types.numbers import (
    Codes,
    code_kind,
    may_name_rows,
    note_codes,
    note_rounded,
    note_spelling,
    number_watch,
)
from trainwright.data.types.ranges import EXACT, holds_whole_numbers
from trainwright.data.types.spelling import Doubt, Spelling, find_spelling
from trainwright.data.types.tally import PLAIN, Tally, Watch
from trainwright.data.types.values import FALSE_OF


@dataclass(frozen=True, slots=True)
class Told:
    """A text column of the type that the recipe says."""

    column: Column
    watch: Watch = PLAIN
    doubts: tuple[Doubt, ...] = ()

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands; what does not fit is an error."""
        if self.column.type is ColumnType.NUMBER:
            if self.column.written is not None and self.column.written.clock:
                note_clock(case, self.column, tally)
            else:
                note_spelling(case, self.column, self.doubts, tally)
            note_found_marks(case, tally, ())
        note_other_units(case, self.column, tally.epochs)
        note_century(case, tally, self.column)
        case.note_cut(tally)
        kind, odd = self.column.type, tally.misfits
        if odd.count:
            shown = ", ".join(shorten(text, 30) for text in list(odd.texts)[:5])
            case.note(
                "type",
                "error",
                f"{counted(odd.count, 'values are')} no {kind.value}: {shown}",
                rows=odd.rows,
                count=odd.count,
                remedy=each_unit(case, self.column, odd.texts)
                or as_missing(case.name, _said(self.column), tally),
            )
        return Verdict(_with_integer(self.column, tally))


@dataclass(frozen=True, slots=True)
class Native:
    """A column of the type that its file says, unless its whole numbers are names."""

    column: Column
    watch: Watch = PLAIN
    marks: tuple[str, ...] = ()

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands unless it holds whole numbers that are names or beyond what a float keeps."""
        kind, odd = self.column.type, tally.misfits
        if kind is ColumnType.NUMBER and (codes := _codes(case, tally)) is not None:
            return Verdict(instead=codes)
        if kind is ColumnType.NUMBER and may_name_rows(case, tally):
            return Verdict(instead=replace(self, watch=replace(self.watch, distinct=True)))
        if kind is ColumnType.NUMBER and tally.numbers is not None:
            if not self.marks and case.context.type is None and (marks := found_marks(tally, case)):
                column = replace(self.column, nulls=(*self.column.nulls, *marks))
                return Verdict(instead=replace(self, column=column, marks=marks))
            note_found_marks(case, tally, self.marks)
            _note_lost_digits(case, tally)
            note_rounded(case)
            note_epochs(case, tally.numbers.extent, tally.epochs, values=tally.values)
        note_other_units(case, self.column, tally.epochs)
        case.note_cut(tally)
        zone = getattr(case.dtype, "time_zone", None)
        if zone not in (None, "UTC", "Etc/UTC"):
            case.note_zone(f"of {zone}")
        if odd.count:
            infinite = kind is ColumnType.NUMBER and case.dtype.is_float()
            drops = f"data: {{drop: [{yaml_word(case.name)}]}}"
            case.note(
                "type",
                "error",
                f"{counted(odd.count, 'values are')} no {kind.value}: {shorten(odd.first)}",
                rows=odd.rows,
                count=odd.count,
                remedy=f"data: {{accept: [{yaml_word(f'type:{case.name}')}]}} reads them as missing"
                if infinite
                else drops
                if case.dtype == pl.Binary
                else setting(case.name, "category"),
            )
        return Verdict(_with_integer(self.column, tally))


def _note_lost_digits(case: Case, tally: Tally) -> None:
    """Warn of long ids that came as floats, as from pandas where one is missing: digits are gone."""
    assert tally.numbers is not None
    extent = tally.numbers.extent
    if not case.dtype.is_float() or case.context.type is not None or not tally.numbers.is_whole:
        return
    if (
        extent.least is None
        or extent.most is None
        or not EXACT <= extent.least < extent.most < 2**64
    ):
        return
    case.note(
        "type",
        "warning",
        "whole numbers of 16 digits and more came as floats, which do not keep their last digits:"
        " are they ids?",
        count=tally.values,
        remedy=f"write them as text or as whole numbers; data: {{drop: [{yaml_word(case.name)}]}}"
        f" leaves them out, {setting(case.name, 'number')} settles it",
    )


def _said(column: Column) -> str:
    """What the recipe says of a column's type, once more: the whole of it, since a remedy replaces it."""
    said = f"type: {column.type.value}"
    if column.type is ColumnType.DATETIME and column.formats:
        return f"{said}, formats: {yaml_list([column.format or '', *column.formats])}"
    return f'{said}, format: "{column.format}"' if column.format else said


def as_told(case: Case) -> Told:
    """The proposal for a text column whose type the recipe says."""
    kind = case.context.type or ColumnType.DATETIME
    is_number = kind is ColumnType.NUMBER
    watch = number_watch(case) if is_number else Watch(distinct=case.context.is_target)
    if not is_number:
        return Told(_told_column(case, kind), watch)
    nulls = case.nulls(NUMBER_MARKERS)
    found = find_spelling(case.kept(nulls), case.context)
    if found is None or not found.is_number:
        clock = clock_of(case.kept(nulls))
        found = Spelling(case.context.decimal or ".", clock)
    column = case.column(kind, decimal=found.decimal, written=found.written, nulls=nulls)
    return Told(column, watch, found.doubts)


def as_native(case: Case) -> Proposal:
    """The proposal for a column that comes with a type."""
    if case.context.type is None and (case.dtype.is_integer() or case.dtype.is_float()):
        days = as_compact(case)
        if days is not None and days.column.format in COMPACT:
            return days
    kind = case.context.type or _kind_of(case.dtype)
    true = ("true",) if kind is ColumnType.BOOLEAN else ()
    said = [form for form in (case.context.format, *case.context.formats) if form is not None]
    form, *others = in_order(said) if said and kind is ColumnType.DATETIME else [None]
    column = case.column(
        kind, nulls=case.nulls(MARKERS), true=true, format=form, formats=tuple(others)
    )
    is_number = kind is ColumnType.NUMBER
    watch = number_watch(case) if is_number else Watch(distinct=case.context.is_target)
    return Native(column, watch)


def _codes(case: Case, tally: Tally) -> Codes | None:
    context = case.context
    assert tally.numbers is not None
    loses = isinstance(case.dtype, pl.Decimal) and bool(tally.numbers.beyond.count)
    if context.type is not None or context.is_target:
        return None
    if not (loses or holds_whole_numbers(case.dtype)):
        return None
    kind = ColumnType.IDENTIFIER if tally.numbers.beyond.count else code_kind(case.name, tally)
    if kind is None:
        return None
    if tally.numbers.beyond.count:
        case.note(
            "type",
            "info",
            "numbers of 2^53 and beyond would lose precision: kept as text",
            remedy=setting(case.name, "identifier"),
        )
    else:
        note_codes(case, kind)
    return Codes(case.column(kind, nulls=case.nulls(MARKERS)))


def _with_integer(column: Column, tally: Tally) -> Column:
    if column.type is not ColumnType.NUMBER:
        return column
    assert tally.numbers is not None
    return replace(column, integer=bool(tally.values) and tally.numbers.is_whole)


def _told_column(case: Case, kind: ColumnType) -> Column:
    if kind is ColumnType.DATETIME:
        form, *others = _formats(case)
        return case.column(kind, format=form, formats=tuple(others), nulls=case.nulls(DATE_MARKERS))
    nulls = case.nulls(MARKERS)
    if kind is ColumnType.BOOLEAN:
        seen = {text.lower() for text in case.kept(nulls)}
        true = tuple(true for true, false in FALSE_OF.items() if seen & {true, false})
        return case.column(kind, true=true or ("true",), nulls=nulls)
    return case.column(kind, nulls=nulls)


def _formats(case: Case) -> list[str]:
    """The recipe's formats of a date-time column, or the one that fits its values best."""
    said = [form for form in (case.context.format, *case.context.formats) if form is not None]
    if not said:
        return (candidates(case.kept(case.nulls(DATE_MARKERS))) or ["%Y-%m-%d"])[:1]
    for form in said:
        if form in EPOCHS:
            continue
        try:
            compiled(form)
        except ValueError as error:
            raise RecipeError(
                str(error), where=f"data.columns.{case.name}.format", mend='format: "%Y-%m-%d"'
            ) from error
    return in_order(said)


def _kind_of(dtype: pl.DataType) -> ColumnType:
    if dtype == pl.Boolean:
        return ColumnType.BOOLEAN
    if dtype in (pl.Date, pl.Datetime):
        return ColumnType.DATETIME
    if dtype.is_numeric() or isinstance(dtype, pl.Duration):
        return ColumnType.NUMBER
    return ColumnType.CATEGORY
