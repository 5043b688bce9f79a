"""Word columns: boolean, category, text or identifier; and whether `NA` is a word among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from trainwright.core.artifacts import Column, ColumnType
from trainwright.data.types.case import MARKERS, MOSTLY, Case, Verdict, setting
from trainwright.data.types.numbers import is_named_identifier
from trainwright.data.types.tally import Distinct, Tally, Watch

_PAIRS = (("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"))
_KNOWN = frozenset(word for pair in _PAIRS for word in pair)


@dataclass(frozen=True, slots=True)
class Truth:
    """The column as true and false."""

    column: Column
    watch = Watch(texts=True, distinct=True)

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """It stands when its words are those of one pair."""
        assert tally.texts is not None
        words = tally.texts.values
        if words is None:
            return Verdict()
        gone = {"", *(null.lower() for null in self.column.nulls)}
        true = true_words(set(words.to_list()) - gone)
        if not true:
            return Verdict()
        column = replace(self.column, true=true)
        if tally.misfits.count:
            return Verdict(instead=Truth(column)) if column != self.column else Verdict()
        case.note_nulls(list(tally.gaps))
        return Verdict(column)


@dataclass(frozen=True, slots=True)
class Words:
    """The column as category, text or identifier: which of them, its distinct words tell."""

    column: Column
    watch = Watch(distinct=True)

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """Words are never misfits; only what `NA` means may have to be read again."""
        assert tally.distinct is not None
        nulls = self.column.nulls
        if case.context.nulls is None:
            is_word = _is_word(tally.distinct, "NA")
            if is_word == ("NA" in nulls) and ("NA" in tally.gaps or not is_word):
                others = tuple(null for null in MARKERS if null != "NA" or not is_word)
                return Verdict(instead=replace(self, column=replace(self.column, nulls=others)))
            _note_na(case, tally, is_word=is_word)
        case.note_nulls(list(tally.gaps))
        kind = _kind(case, tally.distinct.number, tally.values)
        if case.refusal:
            case.note(
                "type",
                "warning",
                f"numbers with something beside them are read as words: {case.refusal}",
                remedy=setting(case.name, kind.value)
                + " settles it; or write one unit in the file",
            )
        return Verdict(replace(self.column, type=kind))


def as_boolean(case: Case) -> Truth | None:
    """The column as true and false, or None when other words stand in it."""
    nulls = case.nulls(MARKERS)
    kept = {text.lower() for text in case.kept(nulls)}
    if not case.sample or not kept <= _KNOWN:
        return None
    true = tuple(true for true, false in _PAIRS if kept & {true, false})
    return Truth(case.column(ColumnType.BOOLEAN, true=true or ("true",), nulls=nulls))


def as_words(case: Case) -> Words:
    """The column as words."""
    return Words(case.column(ColumnType.CATEGORY, nulls=case.nulls(MARKERS)))


def true_words(seen: Iterable[str]) -> tuple[str, ...]:
    """The words for true where all that were seen are those of one pair, else none."""
    words = set(seen)
    pairs = [pair for pair in _PAIRS if words & set(pair)]
    if not words <= _KNOWN or len(pairs) != 1:
        return ()  # F and N are the grades of something, not two ways to say false
    if len(words) == 1 and len(pairs[0][0]) == 1:
        return ()  # one lone letter says nothing
    return (pairs[0][0],)


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


def _is_word(distinct: Distinct, mark: str) -> bool:
    """`NA` is a word where at least 90 % of the distinct ones, itself among them, are two capitals."""
    if distinct.values is None:
        return False
    words = {*distinct.values.to_list(), mark}
    codes = sum(re.fullmatch("[A-Z]{2}", str(word)) is not None for word in words)
    return len(words) > 1 and codes >= 0.9 * len(words)


def _note_na(case: Case, tally: Tally, *, is_word: bool) -> None:
    if is_word and tally.distinct and "NA" in (tally.distinct.sizes or {}):
        case.note(
            "missing",
            "warning",
            "NA is read as a value, like the other codes of two letters",
            count=(tally.distinct.sizes or {})["NA"],
            remedy=setting(case.name, '{type: category, nulls: ["NA"]}') + " reads it as missing",
        )
    elif "NA" in tally.gaps:
        case.note(
            "missing",
            "info",
            "NA is read as missing",
            rows=tally.marks.rows if list(tally.marks.texts) == ["NA"] else None,
            count=tally.gaps["NA"],
            remedy=setting(case.name, '{type: category, nulls: [""]}') + " reads it as a value",
        )
