"""Number columns: which columns are numbers, which numbers are really names, what does not fit."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import polars as pl

from trainwright.core.artifacts import ColumnType
from trainwright.core.errors import shorten
from trainwright.data.types.case import (
    MOSTLY,
    NUMBER_MARKERS,
    Case,
    TypedColumn,
    setting,
    yaml_list,
)
from trainwright.data.types.values import (
    NUMBER,
    number_text,
    parse_series,
    retried,
    without_marks,
)

EXACT = 2**53  # whole numbers beyond are not all told apart by a float64
FEW_WORDS = 20  # that a mend lists
_FIRST = 4096
_BLOCK_ROWS = 65_536
_LEAST = np.array([0.0, 0.0, *(10.0 ** np.arange(1, 64))])  # a whole number of so many digits
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_ENTITY = re.compile(r"(^|.*_)(id|ids|uid|uuid|guid|zip|zipcode|postcode)([^a-z].*)?$")
_ROW_NAME = re.compile(
    r"(^|.*_)(pid|key|rownames|rowid|index|idx|identifier|serial)([^a-z].*)?$"
    r"|.+_(number|no|nr|num)$"
)
_TIME = re.compile(
    r"(^|.*[^a-z])(year|month|week|day|date|time|hour|minute|period|quarter|age|t)([^a-z].*)?$"
)


def as_number(case: Case) -> TypedColumn | None:
    """The column as numbers, or None when it is none."""
    decimal = decimal_mark(case)
    nulls = case.nulls(NUMBER_MARKERS)
    kept = case.kept(nulls)
    numbers = {text for text in set(kept) if _is_number(text, decimal)}
    if not kept or sum(text in numbers for text in kept) < 0.5 * len(kept):
        return None
    values, rows, bare = retried(
        number_text(case.text, decimal), case.text, lambda text: number_text(text, decimal)
    )
    if len(rows):
        sorted_out = _sort_out(case, rows, bare, nulls, values=values)
        if sorted_out is None:
            return None
        nulls = sorted_out
    integer = is_whole(values)
    if integer and _must_stay_text(case, values):
        return None
    column = case.column(ColumnType.NUMBER, integer=integer, decimal=decimal, nulls=nulls)
    values = without_marks(column, values)
    if decimal == ",":
        case.note(
            "type", "info", "read with a decimal comma", remedy='data: {decimal: ","}'
        )
    kind = code_kind(case.name, values) if integer and not case.context.is_target else None
    if kind is None:
        return case.typed(column, values)
    note_codes(case, kind)
    words = case.column(kind, nulls=nulls)
    return case.typed(words, parse_series(words, case.text).values)


def decimal_mark(case: Case) -> Literal[".", ","]:
    """The decimal mark: as the recipe says; a comma only where the values prove it."""
    if case.context.decimal is not None:
        return case.context.decimal
    if not case.context.comma_likely:
        return "."
    commas = any(re.fullmatch(r"[+-]?\d*,\d+", text) for text in case.sample)
    return "," if commas and not any("." in text for text in case.sample) else "."


def is_whole(values: pl.Series) -> bool:
    """True when there are values and all are whole."""
    few = values.head(_FIRST)  # most columns that are not whole show it at once
    return bool(values.count()) and all(bool((v == v.floor()).all()) for v in (few, values))


def code_kind(name: str, values: pl.Series) -> ColumnType | None:
    """What whole numbers are that name things instead of counting them, or None.

    Numbers that count up by one, and numbers that are all distinct under a name like `id`, are an
    identifier; those that repeat under such a name are the category of an entity. A whole number
    that merely differs in every row may well be a measurement: it stays one.
    """
    known = values.drop_nulls()
    is_entity = _is_named(_ENTITY, name)
    counts_up = len(known) >= 20 and len(known) == len(values)
    if (
        counts_up
        and not _is_named(_TIME, name)
        and all(map(_steps_by_one, (known.head(20), known)))
    ):
        return ColumnType.IDENTIFIER
    if not is_entity and not _is_named(_ROW_NAME, name):
        return None
    num_distinct = known.n_unique()
    if num_distinct >= MOSTLY * len(known):
        return ColumnType.IDENTIFIER
    return ColumnType.CATEGORY if is_entity and num_distinct > 20 else None


def _steps_by_one(values: pl.Series) -> bool:
    return bool((values.diff().drop_nulls() == 1).all())


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
    return _is_named(_ENTITY, name)


def _is_named(pattern: re.Pattern[str], name: str) -> bool:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[ .-]+", "_", name).lower()
    return pattern.match(snake) is not None


def _is_number(text: str, decimal: str) -> bool:
    if decimal == ",":
        text = "x" if "." in text else text.replace(",", ".", 1)
    return NUMBER.fullmatch(text) is not None


def _sort_out(
    case: Case, rows: pl.Series, bare: pl.Series, nulls: tuple[str, ...], *, values: pl.Series
) -> tuple[str, ...] | None:
    """The null markers of a number column, or None when it is no number column after all.

    Args:
        case: The column.
        rows: Positions of the cells that are no numbers.
        bare: Their texts, stripped.
        nulls: The markers so far.
        values: The numbers, null where there is none.
    """
    num_values = int(values.count())
    counts: dict[str, int] = dict(bare.value_counts(sort=True).iter_rows())
    case.note_nulls([text for text in counts if text in ("", *nulls)])
    odd = {text: count for text, count in counts.items() if text not in ("", *nulls)}
    infinite = [text for text in odd if NUMBER.fullmatch(text) or _INFINITE.fullmatch(text)]
    num_odd = sum(odd.values())
    if infinite and num_values >= num_odd:
        case.note(
            "type",
            "error",
            f"{shorten(infinite[0])} is no finite number",
            rows=rows.filter(bare.is_in(infinite)),
            remedy=setting(case.name, f"{{type: number, nulls: {yaml_list(infinite[:20])}}}"),
        )
        odd = {text: count for text, count in odd.items() if text not in infinite}
        num_odd = sum(odd.values())
    if not odd:
        return nulls
    mark = next(iter(odd))
    at = rows.filter(bare.is_in(list(odd)))
    if len(odd) == 1 and num_odd > 1 and _means_missing(case, mark, num_odd, values):
        case.note(
            "missing",
            "warning",
            f"{shorten(mark)} stands in {num_odd} rows of a number column: read as missing",
            rows=at,
            remedy=setting(case.name, f"{{type: number, nulls: {yaml_list([mark])}}}"),
        )
        return (*nulls, mark)
    if num_values < MOSTLY * (num_values + num_odd):
        return None
    if case.context.type is None and not case.context.is_target and _are_codes(case, values):
        return None  # names of things, of which a few are no numbers
    _note_mixed(case, list(odd), at, num_values + num_odd)
    return nulls


def _are_codes(case: Case, values: pl.Series) -> bool:
    return is_whole(values) and code_kind(case.name, values) is not None


def _means_missing(case: Case, mark: str, num_marks: int, values: pl.Series) -> bool:
    """Is the one odd text of a number column a way to write "missing"?

    Not one with a digit ("10+"), and not a word that is a level beside a few others (grades K, 1,
    2, 3): a word must be rare, or stand among numbers of more than 20 kinds.
    """
    if case.context.nulls is not None or any(sign.isdigit() for sign in mark):
        return False
    num_values = int(values.count())
    if num_values < num_marks:
        return False
    is_word = any(sign.isalpha() for sign in mark)
    rare = num_marks <= (1 - MOSTLY) * (num_values + num_marks)
    return not is_word or rare or values.n_unique() > 20


def _note_mixed(case: Case, odd: list[str], at: pl.Series, num_cells: int) -> None:
    shown = ", ".join(shorten(text, 30) for text in odd[:5])
    as_nulls = setting(case.name, f"{{type: number, nulls: {yaml_list(odd)}}}")
    is_short = len(odd) <= FEW_WORDS or case.context.is_target
    keeps = f"{setting(case.name, 'category')} keeps them"
    case.note(
        "type",
        "error",
        f"{len(at)} of {num_cells} values are no numbers: {shown}",
        rows=at,
        remedy=f"{as_nulls} reads them as missing; {keeps}" if is_short else keeps,
    )


def _leading_zeros(text: pl.Series, values: pl.Series) -> pl.Series:
    """Rows whose text begins with zeros that the number does not have.

    A whole number written in n signs is at least 10^(n-1) unless it has zeros, blanks or a sign in
    front, so that the pattern need not look at most texts.
    """
    lengths, numbers = text.str.len_bytes().fill_null(0).to_numpy(), values.to_numpy()
    found = []
    for start in range(0, len(text), _BLOCK_ROWS):  # in the cache: a third of the time
        block = slice(start, start + _BLOCK_ROWS)
        least = _LEAST[np.minimum(lengths[block], len(_LEAST) - 1)]
        found.append(np.flatnonzero(np.abs(numbers[block]) < least) + start)
    rows = pl.Series(np.concatenate(found))
    return rows.filter(text.gather(rows).str.contains(r"^\s*[+-]?0[0-9]+\s*$"))


def _must_stay_text(case: Case, values: pl.Series) -> bool:
    """True for whole numbers that a float would change: leading zeros, and 2^53 and beyond."""
    at = _leading_zeros(case.text, values)
    if len(at):
        case.note(
            "type",
            "warning",
            f"{shorten(case.text[int(at[0])])} has leading zeros: kept as text",
            rows=at,
            remedy=f"{setting(case.name, 'category')} settles it, or {setting(case.name, 'number')}",
        )
        return True
    large = values.abs() >= EXACT
    if not large.any():
        return False
    at = (large & case.text.str.contains(r"^\s*[+-]?[0-9]+\s*$")).arg_true()
    if not len(at):
        return False
    case.note(
        "type",
        "info",
        f"{shorten(case.text[int(at[0])])} would lose precision as a number: kept as text",
        rows=at,
        remedy=setting(case.name, "identifier"),
    )
    return True
