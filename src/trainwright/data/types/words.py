"""Word columns: boolean, category, text or identifier; and whether `NA` is a word among them."""

from __future__ import annotations

import re

import numpy as np

from trainwright.core.artifacts import ColumnType
from trainwright.core.errors import shorten
from trainwright.data.types.case import MARKERS, MOSTLY, Case, TypedColumn, setting
from trainwright.data.types.numbers import is_named_identifier
from trainwright.data.types.values import boolean_text, is_missing, without_nulls

_PAIRS = (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"))
_NUMBER_LIKE = re.compile(
    r"[-+]?[$€£¥]?\s?\d{1,3}(,\d{3})+(\.\d+)?\s?[%$€£¥]?"  # 1,234.5
    r"|[-+]?[$€£¥]\s?\d+([.,]\d+)?|[-+]?\d+([.,]\d+)?\s?[%$€£¥]"  # $12, 3.5 %
)


def as_boolean(case: Case) -> TypedColumn | None:
    """The column as true and false, or None when other words stand in it."""
    known = {word for pair in _PAIRS for word in pair}
    nulls = case.nulls(MARKERS)
    if not case.sample or not all(text.lower() in known for text in case.kept(nulls)):
        return None
    words = case.distinct.filter(~is_missing(case.distinct, nulls)).str.to_lowercase()
    seen = set(words.to_list())
    pairs = [pair for pair in _PAIRS if seen & set(pair)]
    if not seen <= known or len(pairs) != 1:
        return None  # F and N are the grades of something, not two ways to say false
    if len(seen) == 1 and len(pairs[0][0]) == 1:
        return None  # one lone letter says nothing
    _note_nulls(case, nulls)
    true = (pairs[0][0],)
    column = case.column(ColumnType.BOOLEAN, true=true, nulls=nulls)
    return case.typed(column, boolean_text(without_nulls(case.text, nulls), true))


def as_words(case: Case) -> TypedColumn:
    """The column as category, text or identifier."""
    nulls = case.nulls(MARKERS)
    if case.context.nulls is None and (case.distinct == "NA").any():
        nulls = _read_na(case, nulls)
    _note_nulls(case, nulls)
    missing = is_missing(case.distinct, nulls)
    words = case.distinct.filter(~missing)
    text = without_nulls(case.text, nulls) if missing.any() else case.text
    column = case.column(_kind(case, len(words), int(text.count())), nulls=nulls)
    if len(words) and all(_NUMBER_LIKE.fullmatch(word) for word in words.head(50)):
        case.note(
            "type",
            "warning",
            f"{shorten(words.sort()[0])} is a number with a unit or thousands separators: read as words",
            remedy="write plain numbers in the file",
        )
    return case.typed(column, text)


def _kind(case: Case, num_distinct: int, num_values: int) -> ColumnType:
    """Identifier when nearly all differ and hold no blanks, text when they hold several words."""
    if num_values < 20 or case.context.is_target:
        return ColumnType.CATEGORY
    kept = case.kept(MARKERS)
    num_words = float(np.mean([len(text.split()) for text in kept])) if kept else 1.0
    share = num_distinct / num_values
    if (num_words >= 3 and share >= 0.3) or (num_words >= 1.8 and share >= 0.7):
        return ColumnType.TEXT
    if share >= MOSTLY or (share >= 0.5 and is_named_identifier(case.name)):
        return ColumnType.IDENTIFIER
    return ColumnType.CATEGORY


def _read_na(case: Case, nulls: tuple[str, ...]) -> tuple[str, ...]:
    """`NA` is a word where at least 90 % of the distinct ones are two capital letters."""
    words = case.distinct.filter(~is_missing(case.distinct, nulls) | (case.distinct == "NA"))
    codes = int(words.str.contains(r"^[A-Z]{2}$").sum())
    rows = (case.text == "NA").arg_true()
    if len(words) > 1 and codes >= 0.9 * len(words):
        case.note(
            "missing",
            "warning",
            "NA is read as a value, like the other codes of two letters",
            rows=rows,
            remedy=setting(case.name, '{type: category, nulls: ["NA"]}') + " reads it as missing",
        )
        return tuple(null for null in nulls if null != "NA")
    case.note(
        "missing",
        "info",
        "NA is read as missing",
        rows=rows,
        remedy=setting(case.name, '{type: category, nulls: [""]}') + " reads it as a value",
    )
    return nulls


def _note_nulls(case: Case, nulls: tuple[str, ...]) -> None:
    case.note_nulls(case.distinct.filter(is_missing(case.distinct, nulls)).to_list())
