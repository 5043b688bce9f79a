"""Word columns: boolean, category, text or identifier; and whether `NA` is a word among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import counted, shorten, with_article
from trainwright.data.types.case import MARKERS, MOSTLY, Case, Verdict, setting, yaml_list
from trainwright.data.types.numbers import is_named_identifier
from trainwright.data.types.tally import Tally, Watch
from trainwright.data.types.unread import named_form
from trainwright.data.types.values import FALSE_OF, NUMBER

_PAIRS = tuple(FALSE_OF.items())
_KNOWN = frozenset(word for pair in _PAIRS for word in pair)
_FULL = {"t": "true", "f": "false", "y": "yes", "n": "no"}  # the words that letters are short for
_MANY_NUMBERS = 0.2  # of the cells of a column of words
_LEVELS = 20
_TOTALS = re.compile(
    r"(.{1,40} )?((grand|overall)[ -]?)?(sub[ -]?)?totals?:?|gesamt(summe)?|insgesamt",
    re.IGNORECASE,
)
# Words that may be values: None is a kind of masonry, Null a name, NA a country.
_WORD_MARKS = ("NA", "None", "NULL", "null")


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
        if not true or (case.context.is_target and len(true) > 1):
            return Verdict()
        column = replace(self.column, true=true)
        if tally.misfits.count:
            return Verdict(instead=Truth(column)) if column != self.column else Verdict()
        if len(true) > 1:
            told = f"true and false are written in several ways: {', '.join(filter(None, words))}"
            case.note(
                "type", "info", told, count=tally.values, remedy=setting(case.name, "category")
            )
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
            words = _marks_that_are_words(tally)
            others = tuple(null for null in MARKERS if null not in words)
            if ({*others} ^ {*nulls}) & _seen(tally):
                return Verdict(instead=replace(self, column=replace(self.column, nulls=others)))
            _note_words(case, tally)
        case.note_nulls(list(tally.gaps))
        _note_totals(case, tally)
        kind = _kind(case, tally.distinct.number, tally.values)
        if case.refusal:
            case.note(
                "type",
                "warning",
                case.refusal,
                remedy=setting(case.name, kind.value) + " settles it; or write the file in one way",
            )
        elif not _note_form(case, kind) and kind is not ColumnType.TEXT:
            _note_numbers(case, kind)
        if kind is ColumnType.IDENTIFIER and case.context.type is None and not case.findings:
            told = "texts that name rows, nearly all of them different: kept out of the features"
            case.note("identifier", "info", told, remedy=setting(case.name, "category"))
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
    """The words for true among those that were seen, where all are ways to say true or false, else none.

    One pair must be whole. A lone letter of another counts only beside the word that it is short for:
    F and N are the grades of something. Zeros and ones alone are numbers.
    """
    words = set(seen)
    pairs = [pair for pair in _PAIRS if words & set(pair)]
    whole = [pair for pair in pairs if set(pair) <= words]
    if not words <= _KNOWN or [true for true, _ in pairs] == ["1"]:
        return ()
    lone = [word for pair in pairs if pair not in whole for word in pair if word in words]
    if len(words) == 1 and len(lone[0]) > 1:
        return (pairs[0][0],)
    if not whole or any(len(word) == 1 and _FULL.get(word, word) not in words for word in lone):
        return ()
    return tuple(true for true, _ in pairs)


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


def _note_totals(case: Case, tally: Tally) -> None:
    """Warn of rows that add up others: a row of totals in the midst, or a class of all classes."""
    assert tally.distinct is not None
    sizes = tally.distinct.sizes or {}
    found = [str(word) for word in sizes if _TOTALS.fullmatch(str(word))]
    if not found or len(found) == len(sizes):
        return
    shown = ", ".join(shorten(word, 30) for word in found[:3])
    count = sum(sizes[word] for word in found)
    case.note(
        "schema",
        "warning",
        f"{counted(count, 'cells say')} {shown}: rows that add up others are no examples",
        count=count,
        remedy=f"remove these rows from the source; {setting(case.name, 'category')} settles it",
    )


def _note_form(case: Case, kind: ColumnType) -> bool:
    """Texts such as 120/80 or 10-20, which are more than words, and read as words."""
    kept = [] if case.context.type is not None else case.kept(MARKERS)
    found = named_form(kept, are_names=kind is ColumnType.IDENTIFIER) if kept else None
    if found is None:
        return False
    told, mend, first = found
    case.note(
        "type",
        "info",
        f"the cells look like {told} ({shorten(first, 30)}): read as {with_article(kind.value)}",
        remedy=f"{mend}; {setting(case.name, kind.value)} settles it",
    )
    return True


def _note_numbers(case: Case, kind: ColumnType) -> None:
    """Many numbers among the words: so it is where parts of different kinds were put together.

    Few different ones are levels: 0, 1, 5+.
    """
    kept = [] if case.context.is_target else case.kept(MARKERS)
    words = [text for text in kept if not NUMBER.fullmatch(text)]
    share = 1 - len(words) / max(1, len(kept))
    if words and share >= _MANY_NUMBERS and len({*kept} - {*words}) > _LEVELS:
        case.note(
            "type",
            "info",
            f"about {share:.0%} of the cells are numbers, and {shorten(words[0])} is none: read as"
            f" {with_article(kind.value)}",
            remedy=setting(case.name, kind.value)
            + " settles it; or look for where the file changes",
        )


def _seen(tally: Tally) -> set[str]:
    """The markers that stand in the column, read as missing or as words."""
    assert tally.distinct is not None
    values = tally.distinct.values
    words = set() if values is None else {*values.to_list()} & {*_WORD_MARKS}
    return words | set(tally.marks.texts)


def _marks_that_are_words(tally: Tally) -> set[str]:
    """Which of the usual markers are values here.

    `NA` is one where at least 90 % of the distinct words, itself among them, are two capitals, or all
    are capitals and missing is written as an empty field. `None`, `NULL` and `null` are one where
    missing is written as an empty field as well; `None` also where the others are capitalised words.
    """
    assert tally.distinct is not None
    values = tally.distinct.values
    if values is None:
        return set()
    words = {str(word) for word in values.to_list()} - {*_WORD_MARKS}
    if not words:
        return set()
    with_na = {*words, "NA"}
    codes = sum(re.fullmatch("[A-Z]{2}", word) is not None for word in with_na)
    capitals = all(re.fullmatch("[A-Z]{2,5}", word) for word in words)
    found = set()
    if codes >= 0.9 * len(with_na) or (capitals and tally.empty):
        found.add("NA")
    if tally.empty:
        found |= {"None", "NULL", "null"}
    elif all(word[:1].isupper() for word in words):
        found.add("None")
    return found


def _note_words(case: Case, tally: Tally) -> None:
    """Either reading of a word like NA is told, with the setting for the other."""
    assert tally.distinct is not None
    sizes = tally.distinct.sizes or {}
    long = any(len(str(word)) > 2 for word in list(sizes)[:50] if word not in _WORD_MARKS)
    for mark in _WORD_MARKS:
        if mark in sizes:
            two = ", like the other codes of two letters"
            because = "" if mark != "NA" else ", like the other codes" if long else two
            case.note(
                "missing",
                "warning",
                f"{mark} is read as a value{because}",
                count=sizes[mark],
                remedy=setting(case.name, f"{{type: category, nulls: {yaml_list([mark])}}}")
                + " reads it as missing",
            )
        elif mark in ("NA", "None") and mark in tally.gaps:
            case.note(
                "missing",
                "info",
                f"{mark} is read as missing",
                rows=tally.marks.rows if list(tally.marks.texts) == [mark] else None,
                count=tally.gaps[mark],
                remedy=setting(case.name, '{type: category, nulls: [""]}') + " reads it as a value",
            )
