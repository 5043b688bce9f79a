"""Number columns: which columns are numbers, which numbers are really names, what does not fit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import counted, shorten, verb
from trainwright.data.types.blanks import BLANKS_RULE
from trainwright.data.types.case import (
    LONGEST_NAMED,
    MARKERS,
    MOSTLY,
    NUMBER_MARKERS,
    Case,
    Verdict,
    as_missing,
    is_named,
    setting,
    yaml_list,
)
from trainwright.data.types.epoch_findings import note_epochs
from trainwright.data.types.number_looks import are_phones, note_days, note_versions
from trainwright.data.types.number_marks import found_marks, note_found_marks
from trainwright.data.types.precision import rounded
from trainwright.data.types.spelling import Doubt, find_spelling
from trainwright.data.types.tally import PLAIN, Tally, Watch
from trainwright.data.types.values import NUMBER, parse_series

_FEW = 20  # values that say nothing of how they were numbered
_SHORTENED = re.compile(r"[1-9](\.[0-9]{1,9})?E\+1[1-9]")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_ENTITY = re.compile(r"(^|.*_)(id|ids|uid|uuid|guid|zip|zipcode|postcode)([^a-z].*)?$")
_ROW_NAME = re.compile(
    r"(^|.*_)(pid|key|rownames|rowid|index|idx|identifier|serial)([^a-z].*)?$"
    r"|.+_(number|no|nr|num)$"
)
_TIME = re.compile(
    r"(^|.*[^a-z])(year|month|week|day|date|time|hour|minute|period|quarter|age|rank|t"
    r"|at|ts|epoch|timestamp|created|updated|modified|seen|when)([^a-z].*)?$"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The column as numbers."""

    column: Column
    watch: Watch
    doubts: tuple[Doubt, ...] = ()
    tries: int = 0
    marks: tuple[str, ...] = ()

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands when nearly all cells are numbers, and the numbers are no names."""
        if (other := self._respelled(tally, case)) is not None:
            return Verdict(instead=other)
        if not self.marks and (marks := found_marks(tally, case, decimal=self.column.decimal)):
            column = replace(self.column, nulls=(*self.column.nulls, *marks))
            return Verdict(instead=replace(self, column=column, marks=marks))
        noted = len(case.findings)
        nulls = _sort_out(case, tally, self.column.nulls, but=self.marks)
        if nulls is None:
            del case.findings[noted:]  # what was noticed of a number column that is none
            return Verdict()
        shape = tally.numbers
        assert shape is not None
        integer = bool(tally.values) and shape.is_whole
        if integer and (words := _must_stay_text(case, tally)):
            del case.findings[noted : len(case.findings) - 1]
            return words
        if may_name_rows(case, tally):
            del case.findings[noted:]
            return Verdict(instead=replace(self, watch=replace(self.watch, distinct=True)))
        column = replace(self.column, integer=integer, nulls=nulls)
        note_spelling(case, column, self.doubts, tally)
        note_found_marks(case, tally, self.marks, decimal=column.decimal)
        _note_shortened(case)
        note_rounded(case)
        if case.context.type is None and not case.context.is_target:
            _note_looks(case, case.kept(nulls), integer=integer)
        note_epochs(case, shape.extent, tally.epochs, values=tally.values)
        kind = None
        if integer and case.context.type is None and not case.context.is_target:
            kind = code_kind(case.name, tally)
        if kind is None:
            return Verdict(column)
        note_codes(case, kind)
        return Verdict(instead=Codes(case.column(kind, nulls=nulls)))

    def _respelled(self, tally: Tally, case: Case) -> Figures | None:
        """Another way of writing that also takes what did not fit: later rows may prove one."""
        odd = tally.misfits
        if not odd.count or self.tries > 1 or not any(map(_has_digit, odd.texts)):
            return None
        late = [text for text in odd.texts if _has_digit(text)]
        kept = case.kept(self.column.nulls)
        found = find_spelling([*kept, *(text for text in late if text not in kept)], case.context)
        if found is None or found.refusal or not found.is_number:
            return None
        column = replace(self.column, decimal=found.decimal, written=found.written)
        if column == self.column:
            return None
        taken = parse_series(column, pl.Series(late))
        if taken.values.count() < 0.9 * len(late):
            return None
        return replace(self, column=column, doubts=found.doubts, tries=self.tries + 1)


def _note_looks(case: Case, texts: Sequence[str], *, integer: bool) -> None:
    """Say so where the numbers look like something else."""
    if integer:
        note_days(case, texts)
    else:
        note_versions(case, texts)


def _note_shortened(case: Case) -> None:
    """Warn of long numbers that a spreadsheet has shortened: 123456789012 is written 1.23457E+11."""
    short = sum(_SHORTENED.fullmatch(text) is not None for text in case.sample)
    if len(case.sample) >= _FEW and short >= MOSTLY * len(case.sample):
        case.note(
            "type",
            "warning",
            f"numbers such as {shorten(case.sample[0])} are what a spreadsheet makes of long ones: their last"
            " digits are gone in the file",
            remedy=f"write the file from its source, as text; {setting(case.name, 'number')} settles it",
        )


def note_rounded(case: Case) -> None:
    """Say so where numbers have more digits than are kept: neighbours may become equal."""
    found = rounded(case.sample)
    if found:
        text, value = found[0]
        case.note(
            "type",
            "info",
            f"{len(found)} of {counted(len(case.sample), 'values')} that were looked at have more digits than"
            f" a number keeps: {shorten(text)} is read as {value!r}",
            remedy=f"{setting(case.name, 'identifier')} keeps them as text, where they name something",
        )


def note_spelling(case: Case, column: Column, doubts: Sequence[Doubt], tally: Tally) -> None:
    """Say how numbers are written, and what of that is not proven."""
    changed = {rule: n for rule, n in tally.changed.items() if rule != BLANKS_RULE}
    count = max(changed.values(), default=0)
    for told, way, when in doubts:
        case.note("type", "warning", told, remedy=setting(case.name, way) + when)
    if column.written is not None:
        told = ", ".join(f"{rule} in {n} cells" for rule, n in changed.items())
        remedy = _settled(case, column)
        case.note("type", "info", f"read as numbers: {told}", count=count, remedy=remedy)
    elif column.decimal == ",":
        remedy = 'data: {decimal: ","}'
        case.note("type", "info", "read with a decimal comma", count=count, remedy=remedy)


def _settled(case: Case, column: Column) -> str:
    """What to paste so that the way of writing is no longer found out, but said."""
    assert column.written is not None
    said = ["type: number"]
    if column.decimal == ",":
        said.append('decimal: ","')
    if column.written.thousands:
        said.append(f"thousands: {yaml_list([column.written.thousands])[1:-1]}")
    if column.written.unit and column.written.unit != "%":
        said.append(f"unit: {yaml_list([column.written.unit])[1:-1]}")
    if not column.written.bare:
        points = column.written.unit == "%"
        said.append(f"percent: {'points' if points else 'fraction'}")
    return setting(case.name, f"{{{', '.join(said)}}}")


def _has_digit(text: str) -> bool:
    return any(sign.isdigit() for sign in text)


@dataclass(frozen=True, slots=True)
class Codes:
    """Numbers that are names: read as they are written, and settled."""

    column: Column
    watch = PLAIN

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands."""
        return Verdict(self.column)


def as_number(case: Case) -> Figures | None:
    """The column as numbers, or None when it is none."""
    nulls = case.nulls(NUMBER_MARKERS)
    kept = case.kept(nulls)
    spelling = find_spelling(kept, case.context) if kept else None
    if spelling is None:
        return None
    if spelling.refusal:
        case.refusal = f"numbers with something beside them are read as words: {spelling.refusal}"
    if not spelling.is_number:
        return None
    column = case.column(
        ColumnType.NUMBER, decimal=spelling.decimal, written=spelling.written, nulls=nulls
    )
    return Figures(column, number_watch(case), spelling.doubts)


def number_watch(case: Case) -> Watch:
    """Distinct numbers are counted where a name or the task asks for them."""
    named = is_named(_ENTITY, case.name) or is_named(_ROW_NAME, case.name)
    return Watch(distinct=named or case.context.is_target)


def may_name_rows(case: Case, tally: Tally) -> bool:
    """As many whole numbers as their range holds: worth counting whether each stands there once."""
    context = case.context
    if context.type is not None or context.is_target or tally.distinct is not None:
        return False
    return tally.values >= _FEW and not is_named(_TIME, case.name) and _fill_their_range(tally)


def _fill_their_range(tally: Tally) -> bool:
    assert tally.numbers is not None
    extent = tally.numbers.extent
    if not tally.numbers.is_whole or extent.least is None or extent.most is None or extent.marks:
        return False
    return tally.values <= extent.most - extent.least + 1 <= tally.values / MOSTLY


def code_kind(name: str, tally: Tally) -> ColumnType | None:
    """What whole numbers are that name things instead of counting them, or None.

    Numbers that count up by one, those that fill their range, each once, in any order, and numbers that
    are all distinct under a name like `id`, are an identifier; those that repeat under such a name are the
    category of an entity. A whole number that merely differs in every row may well be a measurement: it
    stays one.
    """
    assert tally.numbers is not None
    if tally.values >= _FEW and not is_named(_TIME, name):
        each_once = tally.distinct is not None and tally.distinct.number >= MOSTLY * tally.values
        if tally.numbers.counts_up or (each_once and _fill_their_range(tally)):
            return ColumnType.IDENTIFIER
    is_entity = is_named(_ENTITY, name)
    if tally.distinct is None or (not is_entity and not is_named(_ROW_NAME, name)):
        return None
    num_distinct = tally.distinct.number
    if num_distinct >= MOSTLY * tally.values:
        return ColumnType.IDENTIFIER
    return ColumnType.CATEGORY if is_entity and num_distinct > 20 else None


def note_codes(case: Case, kind: ColumnType) -> None:
    """Say that numbers were read as names."""
    unique = kind is ColumnType.IDENTIFIER
    case.note(
        "identifier" if unique else "type",
        "info",
        "numbers that name rows: kept out of the features"
        if unique
        else "numbers that name things: read as a category",
        remedy=setting(case.name, "number"),
    )


def is_named_identifier(name: str) -> bool:
    """True for id, user_id, userId, ID#, zip code and the like."""
    return is_named(_ENTITY, name)


def _sort_out(
    case: Case, tally: Tally, nulls: tuple[str, ...], *, but: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The null markers of a number column, or None when it is no number column after all."""
    case.note_signs(tally, but=but)
    odd = dict(tally.misfits.texts)
    num_odd = tally.misfits.count
    infinite = [text for text in odd if _is_infinite(text)]
    if infinite and tally.values >= num_odd:
        num_infinite = sum(odd.pop(text) for text in infinite)
        case.note(
            "type",
            "error",
            f"{shorten(infinite[0])} is no finite number",
            rows=tally.misfits.rows if not odd else None,
            count=num_infinite,
            remedy=as_missing(case.name, "type: number", tally),
        )
        num_odd -= num_infinite
    if not num_odd:
        return nulls
    rows = tally.misfits.rows
    mark = next(iter(odd))
    if len(odd) == 1 and num_odd > 1 and _means_missing(case, mark, num_odd, tally):
        case.note(
            "missing",
            "warning",
            f"{shorten(mark)} stands in {counted(num_odd, 'rows')} of a number column: read as missing",
            rows=rows,
            count=num_odd,
            remedy=as_missing(case.name, "type: number", tally)
            if len(mark) <= LONGEST_NAMED
            else f"{setting(case.name, 'category')} keeps it",
        )
        return (*nulls, mark)
    num_cells = tally.values + num_odd
    if tally.values < MOSTLY * num_cells:
        return None
    if case.context.type is None and not case.context.is_target and _are_codes(case, tally):
        return None  # names of things, of which a few are no numbers
    _note_mixed(case, tally, odd, num_odd)
    return nulls


def _is_infinite(text: str) -> bool:
    if NUMBER.fullmatch(text):
        return math.isinf(float(text))
    return _INFINITE.fullmatch(text) is not None


def _are_codes(case: Case, tally: Tally) -> bool:
    assert tally.numbers is not None
    return tally.numbers.is_whole and code_kind(case.name, tally) is not None


def _means_missing(case: Case, mark: str, num_marks: int, tally: Tally) -> bool:
    """Is the one odd text of a number column a way to write "missing"?

    Not one with a digit ("10+"), and not a word that is a level beside a few others (grades K, 1,
    2, 3): a word must be rare, or stand among numbers of more than 20 kinds.
    """
    if case.context.nulls is not None or any(sign.isdigit() for sign in mark):
        return False
    if tally.values < num_marks:
        return False
    is_word = any(sign.isalpha() for sign in mark)
    rare = num_marks <= (1 - MOSTLY) * (tally.values + num_marks)
    return not is_word or rare or len(set(case.kept((*MARKERS, mark)))) > 20


def _note_mixed(case: Case, tally: Tally, odd: dict[str, int], num_odd: int) -> None:
    words = sorted(odd, key=lambda text: -odd[text])
    shown = ", ".join(shorten(text, 30) for text in words[:5])
    as_nulls = as_missing(case.name, "type: number", tally)
    keeps = "" if case.context.is_target else f"; {setting(case.name, 'category')} keeps them"
    if all(map(NUMBER.fullmatch, words)):
        what = f"{verb(num_odd, 'are')} not written like the others"
    else:
        what = "is no number" if num_odd == 1 else "are no numbers"
    case.note(
        "type",
        "error",
        f"{num_odd} of {tally.values + num_odd} values {what}: {shown}",
        rows=tally.misfits.rows,
        count=num_odd,
        remedy=as_nulls + keeps,
    )


def _must_stay_text(case: Case, tally: Tally) -> Verdict | None:
    """Read as words whole numbers that a float would change: zeros in front, 2^53 and beyond, phones."""
    assert tally.numbers is not None
    zeros, beyond = tally.numbers.zeros, tally.numbers.beyond
    if zeros.count:
        case.note(
            "type",
            "warning",
            f"{shorten(zeros.first)} has leading zeros: kept as text",
            rows=zeros.rows,
            count=zeros.count,
            remedy=f"{setting(case.name, 'category')} settles it, or {setting(case.name, 'number')}",
        )
    elif beyond.count:
        case.note(
            "type",
            "info",
            f"{shorten(beyond.first)} would lose precision as a number: kept as text",
            rows=beyond.rows,
            count=beyond.count,
            remedy=setting(case.name, "identifier"),
        )
    elif case.context.type is None and are_phones(case.kept(NUMBER_MARKERS)):
        case.note(
            "type",
            "info",
            "a plus before many digits in every row, as telephone numbers have it: kept as text",
            count=tally.values,
            remedy=f"{setting(case.name, 'identifier')} settles it, or {setting(case.name, 'number')}",
        )
    else:
        return None
    return Verdict()
