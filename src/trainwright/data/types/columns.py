"""What one column is: number, category, boolean, date-time, text or identifier.

The rules in short: a column is a number when at least 95 % of its values are; what then does not
fit is an error with the first row, unless it is one repeated mark without a digit, which is read as
missing. Numbers that a float would change (leading zeros, 2^53 and beyond) stay text. A date
format must fit the whole column; day and month are told apart by all rows or asked for. Words are
an identifier when nearly all differ and hold no blanks, text when most differ and hold several
words, else a category. Every choice can be overridden by `data: {columns: ...}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import polars as pl

from trainwright.core.artifacts import Column, ColumnType, Finding
from trainwright.core.errors import RecipeError, shorten
from trainwright.data.types.dates import candidates, compiled, parse_dates
from trainwright.data.types.values import (
    FALSE_OF,
    NUMBER,
    boolean_text,
    number_text,
    parse_series,
    stripped,
    without_nulls,
)

MARKERS = ("#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None", "\\N", "n/a", "nan", "null")
NUMBER_MARKERS = (*MARKERS, "#DIV/0!", "#NUM!", "#REF!", "#VALUE!", "-", "--", "-nan", "-NaN", ".",
                  "..", "?", "NIL", "Na", "Nan", "UNKNOWN", "Unknown", "missing", "n.a.", "na",
                  "nil", "none", "unknown", "NAN", "Missing", "*")  # fmt: skip
DATE_MARKERS = (*NUMBER_MARKERS, "0000-00-00", "0000-00-00 00:00:00")
MOSTLY = 0.95
EXACT = 2**53  # whole numbers beyond are not all told apart by a float64
SAMPLE = 3000
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_IDENTIFIER_NAME = re.compile(
    r"(^|.*[^a-z])(id|ids|uuid|guid|key|rownames|rowid|index|idx|identifier|serial|ssn)([^a-z].*)?$"
)
_TIME_NAME = re.compile(
    r"(^|.*[^a-z])(year|month|week|day|date|time|hour|minute|t|period|quarter|age)([^a-z].*)?$"
)
_NUMBER_LIKE = re.compile(
    r"[-+]?[$€£¥]?\s?\d{1,3}(,\d{3})+(\.\d+)?\s?[%$€£¥]?|[-+]?[$€£¥]\s?\d+([.,]\d+)?|[-+]?\d+([.,]\d+)?\s?[%$€£¥]"
)
_PAIRS = (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"))


@dataclass(frozen=True, slots=True)
class Context:
    """What the recipe and the file say of a column, beside its values."""

    type: ColumnType | None = None
    nulls: tuple[str, ...] | None = None
    format: str | None = None
    required: bool = False
    closed: bool = False
    decimal: Literal[".", ","] | None = None
    comma_likely: bool = False
    is_target: bool = False
    place: Callable[[int], str] = str


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column's contract, its values, and what was noticed."""

    column: Column
    values: pl.Series
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Case:
    """A column on its way: its text without blanks around it, and findings so far."""

    name: str
    text: pl.Series
    context: Context
    sample: list[str]
    findings: list[Finding] = field(default_factory=list)

    def note(
        self,
        kind: str,
        severity: Literal["error", "warning", "note"],
        message: str,
        *,
        rows: pl.Series | None = None,
        remedy: str = "",
    ) -> None:
        """Add a finding; `rows` is a mask of the cells concerned, and the first is named."""
        at = rows.arg_true() if rows is not None else None
        first = (
            f"; the first at {self.context.place(int(at[0]))}" if at is not None and len(at) else ""
        )
        self.findings.append(
            Finding(
                kind,
                severity,
                f"column {shorten(self.name)}: {message}{first}",
                column=self.name,
                count=len(at) if at is not None else None,
                rows=tuple(at.head(10).to_list()) if at is not None else (),
                remedy=remedy,
            )
        )

    def column(self, kind: ColumnType, **details: object) -> Column:
        """The contract, with what the recipe says added."""
        context = self.context
        base = Column(self.name, kind, required=context.required, closed=context.closed)
        return replace(base, **details)  # type: ignore[arg-type]


def type_column(raw: pl.Series, context: Context) -> TypedColumn:
    """Decide what a column is, and read all of it so."""
    name = raw.name
    if raw.dtype in (pl.Categorical, pl.Enum, pl.Null, pl.Object, pl.Binary):
        raw = raw.cast(pl.String)
    if raw.dtype != pl.String:
        typed = _native(raw, context)
    else:
        text = stripped(raw)
        case = _Case(name, text, context, _sample(text))
        typed = _forced(case) if context.type else _inferred(case)
    return replace(typed, findings=(*typed.findings, *_emptiness(typed)))


def setting(name: str, value: str) -> str:
    """What to paste into the recipe for one column."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name)
    return (
        f"data: {{columns: {{{name if plain else json.dumps(name, ensure_ascii=False)}: {value}}}}}"
    )


def _inferred(case: _Case) -> TypedColumn:
    """The first type that the whole column bears out."""
    for attempt in (_boolean, _number, _date):
        if typed := attempt(case):
            return typed
    return _words(case)


def _forced(case: _Case) -> TypedColumn:
    """As the recipe says; what does not fit is an error."""
    context, kind = case.context, case.context.type
    assert kind is not None
    nulls = tuple(n for n in context.nulls if n) if context.nulls is not None else None
    if kind is ColumnType.NUMBER:
        column = case.column(
            kind, decimal=_decimal(case), nulls=NUMBER_MARKERS if nulls is None else nulls
        )
    elif kind is ColumnType.DATETIME:
        column = case.column(
            kind, format=_forced_format(case), nulls=DATE_MARKERS if nulls is None else nulls
        )
    elif kind is ColumnType.BOOLEAN:
        seen = {text.lower() for text in case.sample}
        pairs = [true for true, false in FALSE_OF.items() if seen & {true, false}]
        column = case.column(
            kind, true=tuple(pairs) or ("true",), nulls=MARKERS if nulls is None else nulls
        )
    else:
        column = case.column(kind, nulls=MARKERS if nulls is None else nulls)
    parsed = parse_series(column, case.text)
    if parsed.misfits:
        mask = parsed.values.is_null() & without_nulls(case.text, column.nulls).is_not_null()
        shown = ", ".join(
            shorten(t, 30) for t in case.text.filter(mask).unique(maintain_order=True).head(5)
        )
        case.note(
            "mixed-type", "error",
            f"{len(parsed.misfits)} values are no {kind.value}, such as {shown}",
            rows=mask, remedy=setting(case.name, "category"),
        )  # fmt: skip
    if kind is ColumnType.NUMBER:
        column = replace(column, integer=_whole(parsed.values))
    _note_nulls(case, column)
    return TypedColumn(column, parsed.values.alias(case.name), tuple(case.findings))


def _forced_format(case: _Case) -> str:
    if case.context.format is not None:
        try:
            compiled(case.context.format)
        except ValueError as error:
            raise RecipeError(
                str(error), where=f"data.columns.{case.name}.format", mend='format: "%Y-%m-%d"'
            ) from error
        return case.context.format
    found = candidates(case.sample)
    return found[0] if found else "%Y-%m-%d"


def _boolean(case: _Case) -> TypedColumn | None:
    words = {text.lower() for text in case.sample if text not in MARKERS}
    known = {word for pair in _PAIRS for word in pair}
    if not words or not words <= known:
        return None
    pairs = [pair for pair in _PAIRS if words & set(pair)]
    if len(words) == 1 and len(pairs[0][0]) == 1:
        return None  # one lone letter says nothing
    nulls = _nulls(case, MARKERS)
    text = without_nulls(case.text, nulls)
    true = tuple(true for true, _ in pairs)
    values = boolean_text(text, true)
    if (values.is_null() & text.is_not_null()).any():
        return None
    column = case.column(ColumnType.BOOLEAN, true=true, nulls=nulls)
    _note_nulls(case, column)
    return TypedColumn(column, values.alias(case.name), tuple(case.findings))


def _number(case: _Case) -> TypedColumn | None:
    decimal = _decimal(case)
    nulls = _nulls(case, NUMBER_MARKERS)
    kept = [text for text in case.sample if text not in nulls]
    if not kept or float(np.mean([_is_number(text, decimal) for text in kept])) < 0.5:
        return None
    values = number_text(case.text, decimal)
    misfit = values.is_null() & (case.text != "")
    if misfit.any():
        extra = _misfits(case, values, misfit, nulls)
        if extra is None:
            return None
        nulls = extra
    if _whole(values) and (told := _must_stay_text(case, values)):
        case.findings.append(told)
        return None
    column = case.column(ColumnType.NUMBER, integer=_whole(values), decimal=decimal, nulls=nulls)
    if decimal == ",":
        case.note(
            "decimal-comma", "note", "read with a decimal comma", remedy='data: {decimal: ","}'
        )
    _note_nulls(case, column)
    if column.integer and not case.context.is_target and (kind := _code_kind(case.name, values)):
        return _codes(case, column, values, kind)
    return TypedColumn(column, values.alias(case.name), tuple(case.findings))


def _misfits(
    case: _Case, values: pl.Series, misfit: pl.Series, nulls: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The null markers of a number column, or None when it is no number column after all."""
    counts = case.text.filter(misfit).value_counts(sort=True)
    texts = dict(zip(counts[counts.columns[0]].to_list(), counts["count"].to_list(), strict=True))
    offending = {text: count for text, count in texts.items() if text not in nulls}
    num_values = int(values.count())
    num_bad = sum(offending.values())
    infinite = [t for t in offending if NUMBER.fullmatch(t) or _INFINITE.fullmatch(t)]
    if infinite and num_values + num_bad and num_values / (num_values + num_bad) >= 0.5:
        case.note(
            "infinite", "error", f"{shorten(infinite[0])} is no finite number",
            rows=case.text.is_in(infinite), remedy=setting(case.name, f"{{type: number, nulls: {json.dumps(infinite[:5])}}}"),
        )  # fmt: skip
        for text in infinite:
            num_bad -= offending.pop(text)
    if not offending:
        return nulls
    share = num_values / (num_values + num_bad)
    mark = next(iter(offending))
    if (
        case.context.nulls is None
        and len(offending) == 1
        and num_bad > 1
        and share >= 0.5
        and not any(c.isdigit() for c in mark)
    ):
        case.note(
            "nulls", "warning",
            f"{shorten(mark)} stands in {num_bad} rows of a number column and was read as missing",
            rows=case.text == mark, remedy=setting(case.name, f"{{type: number, nulls: {json.dumps([mark])}}}"),
        )  # fmt: skip
        return (*nulls, mark)
    if share < MOSTLY:
        return None
    shown = ", ".join(shorten(text, 30) for text in list(offending)[:5])
    case.note(
        "mixed-type", "error",
        f"{num_bad} of {num_values + num_bad} values are no numbers: {shown}",
        rows=case.text.is_in(list(offending)),
        remedy=setting(case.name, "category") + " or " + setting(case.name, f"{{type: number, nulls: {json.dumps(list(offending)[:20], ensure_ascii=False)}}}"),
    )  # fmt: skip
    return nulls


def _must_stay_text(case: _Case, values: pl.Series) -> Finding | None:
    """Whole numbers that a float would change: leading zeros, and 2^53 and beyond."""
    before = len(case.findings)
    zeros = case.text.str.contains(r"^[+-]?0[0-9]+$").fill_null(value=False)
    if zeros.any():
        case.note(
            "leading-zeros", "warning",
            f"{shorten(case.text.filter(zeros)[0])} has leading zeros: kept as text",
            rows=zeros, remedy=setting(case.name, "category") + " keeps it without this warning",
        )  # fmt: skip
    elif (values.abs() >= EXACT).any():
        large = (values.abs() >= EXACT).fill_null(value=False) & case.text.str.contains(
            r"^[+-]?[0-9]+$"
        ).fill_null(value=False)
        if large.any():
            case.note(
                "precision", "note",
                f"{shorten(case.text.filter(large)[0])} would lose precision as a number: kept as text",
                rows=large, remedy=setting(case.name, "identifier"),
            )  # fmt: skip
    return case.findings.pop() if len(case.findings) > before else None


def _code_kind(name: str, values: pl.Series) -> ColumnType | None:
    """What whole numbers are that name things instead of counting them, or None."""
    known = values.drop_nulls()
    named = _is_named(_IDENTIFIER_NAME, name)
    if len(known) < 20:
        return ColumnType.IDENTIFIER if named and known.n_unique() == len(known) else None
    if (
        not _is_named(_TIME_NAME, name)
        and not values.null_count()
        and (known.diff().drop_nulls() == 1).all()
    ):
        return ColumnType.IDENTIFIER
    if not named:
        return None
    distinct = known.n_unique()
    if distinct >= MOSTLY * len(known):
        return ColumnType.IDENTIFIER
    return ColumnType.CATEGORY if distinct > 20 else None


def _codes(case: _Case, column: Column, values: pl.Series, kind: ColumnType) -> TypedColumn:
    """Whole numbers as words: an identifier, or the category of an entity that repeats."""
    words = case.column(kind, nulls=column.nulls)
    case.note(
        "identifier" if kind is ColumnType.IDENTIFIER else "codes", "note",
        "numbers that name rows: kept out of the features" if kind is ColumnType.IDENTIFIER
        else "numbers that name things: read as a category",
        remedy=setting(case.name, "number"),
    )  # fmt: skip
    return TypedColumn(
        words, parse_series(words, case.text).values.alias(case.name), tuple(case.findings)
    )


def _date(case: _Case) -> TypedColumn | None:
    nulls = _nulls(case, DATE_MARKERS)
    sample = [text for text in case.sample if text not in nulls]
    if case.context.format:
        return _forced(replace_type(case, ColumnType.DATETIME))
    forms = candidates(sample)
    if not forms:
        return None
    text = without_nulls(case.text, nulls)
    num_texts = int(text.count())
    tried = [(form, parse_dates(text, form)) for form in forms[:4]]
    best = max(int(values.count()) for _, values in tried)
    if best < MOSTLY * num_texts:
        return None
    full = [(form, values) for form, values in tried if values.count() == best]
    form, values = full[0]
    rivals = [(f, v) for f, v in full[1:] if not v.equals(values)]
    if rivals:
        form, values = _settle(case, [(form, values), *rivals])
    column = case.column(ColumnType.DATETIME, format=form, nulls=nulls)
    misfit = values.is_null() & text.is_not_null()
    if misfit.any():
        _note_bad_dates(case, text, misfit, form, [f for f, _ in tried if f != form])
    _note_nulls(case, column)
    return TypedColumn(column, values.alias(case.name), tuple(case.findings))


def replace_type(case: _Case, kind: ColumnType) -> _Case:
    """The same case with the type said."""
    return replace(case, context=replace(case.context, type=kind))


def _settle(case: _Case, readings: list[tuple[str, pl.Series]]) -> tuple[str, pl.Series]:
    """Which of several formats that all fit: the one in which rows come in order, else ask."""
    for form, values in readings:
        known = values.drop_nulls()
        if known.n_unique() > 12 and (known.is_sorted() or known.is_sorted(descending=True)):
            case.note("date-order", "note", f"read as {form}: the rows are in order that way",
                      remedy=setting(case.name, f'{{type: date-time, format: "{form}"}}'))  # fmt: skip
            return form, values
    options = " or ".join(form for form, _ in readings[:3])
    case.note(
        "ambiguous-date", "error",
        f"day and month cannot be told apart in {shorten(case.sample[0])}: {options}",
        remedy=setting(case.name, f'{{type: date-time, format: "{readings[0][0]}"}}'),
    )  # fmt: skip
    return readings[0]


def _note_bad_dates(
    case: _Case, text: pl.Series, misfit: pl.Series, form: str, others: Sequence[str]
) -> None:
    shown = text.filter(misfit)
    mixed = next((o for o in others if parse_dates(shown, o).count()), None)
    why = f"of another format ({mixed})" if mixed else "no such date"
    case.note(
        "mixed-dates" if mixed else "invalid-date", "error",
        f"{len(shown)} values do not fit {form}: {shorten(shown[0])} is {why}",
        rows=misfit,
        remedy="mend the rows, or "
        + setting(case.name, f'{{type: date-time, format: "{form}", nulls: {json.dumps(shown.unique(maintain_order=True).head(20).to_list())}}}'),
    )  # fmt: skip


def _words(case: _Case) -> TypedColumn:
    """Category, text or identifier."""
    distinct = case.text.unique(maintain_order=False)
    nulls = _nulls(case, MARKERS)
    if case.context.nulls is None:
        nulls = _read_na(case, distinct, nulls)
    kept = distinct.filter(~distinct.is_in(["", *nulls]) & distinct.is_not_null())
    text = without_nulls(case.text, nulls)
    num_values = int(text.count())
    kind = _words_kind(case, len(kept), num_values)
    column = case.column(kind, nulls=nulls)
    if num_values and len(kept) and all(_NUMBER_LIKE.fullmatch(t) for t in kept.head(50)):
        case.note("number-like", "warning",
                  f"{shorten(kept[0])} looks like a number with a unit or thousands separators: read as words",
                  remedy="write plain numbers")  # fmt: skip
    _note_nulls(case, column)
    return TypedColumn(column, text.alias(case.name), tuple(case.findings))


def _words_kind(case: _Case, num_distinct: int, num_values: int) -> ColumnType:
    if num_values < 20 or case.context.is_target:
        return ColumnType.CATEGORY
    sample = [text for text in case.sample if text not in MARKERS]
    words = float(np.mean([len(text.split()) for text in sample])) if sample else 1.0
    share = num_distinct / num_values
    if (words >= 3 and share >= 0.3) or (words >= 2 and share >= 0.7):
        return ColumnType.TEXT
    if share >= MOSTLY and words < 1.5:
        return ColumnType.IDENTIFIER
    if share >= 0.5 and words < 1.5 and _is_named(_IDENTIFIER_NAME, case.name):
        return ColumnType.IDENTIFIER
    return ColumnType.CATEGORY


def _read_na(case: _Case, distinct: pl.Series, nulls: tuple[str, ...]) -> tuple[str, ...]:
    """`NA` is a value where at least 90 % of the distinct values are two capital letters."""
    if "NA" not in distinct:
        return nulls
    others = distinct.filter(~distinct.is_in(["", *nulls]) & distinct.is_not_null())
    pairs = int(others.str.contains(r"^[A-Z]{2}$").sum())
    is_value = len(others) > 0 and pairs + 1 >= 0.9 * (len(others) + 1)
    mask = case.text == "NA"
    if is_value:
        case.note("na", "warning", "NA is read as a value, like the other codes of two letters",
                  rows=mask, remedy=setting(case.name, '{type: category, nulls: ["NA"]}') + " reads it as missing")  # fmt: skip
        return tuple(null for null in nulls if null != "NA")
    case.note("na", "note", "NA is read as missing", rows=mask,
              remedy=setting(case.name, '{type: category, nulls: [""]}') + " reads it as a value")  # fmt: skip
    return nulls


def _native(raw: pl.Series, context: Context) -> TypedColumn:
    """A column whose file says its type; numbers may still be identifiers."""
    name = raw.name
    case = _Case(name, raw, context, [])
    kind = context.type or _native_kind(raw)
    nulls = tuple(context.nulls) if context.nulls is not None else MARKERS
    if raw.dtype.is_integer() and not context.type and not context.is_target:
        numbers = raw.cast(pl.Float64)
        kind = _code_kind(name, numbers) or kind
        if (raw.cast(pl.Float64).abs() >= EXACT).any():
            kind = ColumnType.IDENTIFIER
            case.note("precision", "note", "whole numbers beyond 2^53 would lose precision: kept as text",
                      remedy=setting(name, "identifier"))  # fmt: skip
    true = ("true",) if kind is ColumnType.BOOLEAN else ()
    column = case.column(kind, nulls=nulls, true=true)
    parsed = parse_series(column, raw)
    if parsed.misfits:
        mask = parsed.values.is_null() & raw.is_not_null()
        case.note("infinite" if kind is ColumnType.NUMBER and raw.dtype.is_float() else "mixed-type", "error",
                  f"{len(parsed.misfits)} values are no {kind.value}, such as {shorten(raw[parsed.misfits[0]])}",
                  rows=mask if mask.any() else parsed.values.is_infinite(),
                  remedy="write them as null, or " + setting(name, "category"))  # fmt: skip
    values = parsed.values
    if kind is ColumnType.NUMBER:
        values = (
            values.to_frame("x")
            .select(pl.when(pl.col("x").is_finite()).then(pl.col("x")))
            .to_series()
        )
        column = replace(column, integer=_whole(values))
    return TypedColumn(column, values.alias(name), tuple(case.findings))


def _native_kind(raw: pl.Series) -> ColumnType:
    if raw.dtype == pl.Boolean:
        return ColumnType.BOOLEAN
    if raw.dtype in (pl.Date, pl.Datetime):
        return ColumnType.DATETIME
    if raw.dtype.is_numeric() or isinstance(raw.dtype, pl.Duration):
        return ColumnType.NUMBER
    return ColumnType.CATEGORY


def _emptiness(typed: TypedColumn) -> list[Finding]:
    """A column without values, or with one."""
    name, values = typed.column.name, typed.values
    remedy = f"data: {{drop: [{name if re.fullmatch(r'[A-Za-z_][A-Za-z0-9_.-]*', name) else json.dumps(name, ensure_ascii=False)}]}}"
    if values.null_count() == len(values):
        return [Finding("all-null", "warning", f"column {shorten(name)} has no values: left out",
                        column=name, count=len(values), remedy=remedy)]  # fmt: skip
    if len(values) > 1 and not values.null_count() and _constant(values):
        return [Finding("constant", "warning", f"column {shorten(name)} is always {shorten(values[0])}",
                        column=name, count=len(values), remedy=remedy)]  # fmt: skip
    return []


def _constant(values: pl.Series) -> bool:
    return bool(values[0] == values[-1] and (values == values[0]).all())


def _nulls(case: _Case, usual: tuple[str, ...]) -> tuple[str, ...]:
    said = case.context.nulls
    return usual if said is None else tuple(null for null in said if null)


def _note_nulls(case: _Case, column: Column) -> None:
    """Say so when several markers stand for missing."""
    if case.context.nulls is not None or case.text.dtype != pl.String:
        return
    seen = case.text.filter(case.text.is_in(list(column.nulls)))
    if not len(seen):
        return
    kinds = sorted(seen.unique().to_list())
    empty = int((case.text == "").sum())
    if len(kinds) + (empty > 0) > 1:
        shown = ", ".join(map(repr, kinds[:6])) + (" and the empty field" if empty else "")
        case.note("nulls", "note", f"missing values are written in several ways: {shown}")


def _decimal(case: _Case) -> Literal[".", ","]:
    """The decimal mark: as the recipe says; a comma only where the values prove it."""
    if case.context.decimal is not None:
        return case.context.decimal
    if not case.context.comma_likely:
        return "."
    commas = [text for text in case.sample if re.fullmatch(r"[+-]?\d*,\d+", text)]
    points = [text for text in case.sample if "." in text]
    return "," if commas and not points else "."


def _is_number(text: str, decimal: str) -> bool:
    if decimal == ",":
        text = text.replace(",", ".", 1) if "." not in text else "x"
    return NUMBER.fullmatch(text) is not None


def _whole(values: pl.Series) -> bool:
    return bool(values.count()) and bool((values == values.floor()).all())


def _is_named(pattern: re.Pattern[str], name: str) -> bool:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return pattern.match(snake) is not None


def _sample(text: pl.Series) -> list[str]:
    """Up to 3,000 texts that are not empty, from all over the column."""
    at = np.unique(np.linspace(0, max(len(text) - 1, 0), min(SAMPLE, len(text))).astype(np.int64))
    found = [value for value in text.gather(at).to_list() if value]
    if len(found) < min(100, len(text)):
        found = text.filter(text != "").head(SAMPLE).to_list()
    return found
