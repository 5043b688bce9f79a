"""Texts that hold more than words are never read as words without a word about it."""

from __future__ import annotations

import polars as pl
import pytest

from trainwright.core.columns import ColumnType
from trainwright.data.types import Context, type_column
from trainwright.data.types.unread import named_form

NUMBERS = range(3, 40)
NAMED = {
    "two numbers": (lambda n: f"{100 + n}/{60 + n}", "two numbers, parted by a slash"),
    "scores": (lambda n: f"{n}/20", "fractions, days or scores"),
    "out of": (lambda n: f"{n % 9} out of 10", "fractions, days or scores"),
    "open spans": (
        lambda n: "65+" if n % 6 == 0 else f"{n}-{n + 9}",
        "spans from one number to another",
    ),
    "other months": (
        lambda n: f"{n % 28 + 1}. {['Januar', 'März', 'Mai'][n % 3]} 2024",
        "days with a name for the month, or with more beside the day, that is not read",
    ),
    "ranks of days": (
        lambda n: f"{n % 28 + 1}th of May {1990 + n}",
        "days with a name for the month, or with more beside the day, that is not read",
    ),
    "days of C": (
        lambda n: f"Tue Feb {n % 28 + 1:02} 00:00:00 {1990 + n}",
        "days with a name for the month, or with more beside the day, that is not read",
    ),
    "days of the east": (
        lambda n: f"{1990 + n}年{n % 12 + 1}月{n % 28 + 1}日",
        "days with a name for the month, or with more beside the day, that is not read",
    ),
    "rates": (lambda n: f"{n}/day", "a number for each of something"),
    "seasons": (lambda n: f"{1960 + n}/{60 + n}", "years with the next one"),
    "days of the year": (lambda n: f"2024-{n * 5:03}", "days of the year"),
    "spans": (lambda n: f"{n}-{n + 9}", "spans from one number to another"),
    "intervals": (lambda n: f"[{n}, {n + 9})", "spans from one number to another"),
    "errors": (lambda n: f"{n}.5 ± 0.2", "numbers with their error"),
    "powers of ten": (lambda n: f"{n}×10⁵", "numbers with a power of ten"),
    "sides": (lambda n: f"{n}x{n + 3} cm", "measures of two or three sides"),
    "feet": (lambda n: f"{n}'11\"", "feet and inches"),
    "degrees": (lambda n: f"{n}°{n}'{n}\"N", "degrees, minutes and seconds"),
    "sides of the world": (lambda n: f"{n}.25° S", "degrees with a side of the world"),
    "lengths": (lambda n: f"{n}h {n}m", "lengths of time in several units"),
    "ISO lengths": (lambda n: f"PT{n}H{n}M", "lengths of time in several units"),
    "ago": (lambda n: f"{n} days ago", "spans of time until now"),
    "limits": (lambda n: f"<{n}" if n % 5 == 0 else str(n), "limits of numbers"),
    "about": (lambda n: f"~{n}" if n % 2 else f"ca. {n}", "numbers that are about right"),
    "notes": (lambda n: f"{n}*" if n % 5 == 0 else str(n), "numbers with notes"),
    "debit": (lambda n: f"{n}.00 {'CR' if n % 2 else 'DR'}", "amounts of debit and credit"),
    "cents": (lambda n: f"{n},- €", "whole amounts with a dash for the cents"),
    "ranks": (lambda n: f"{n}th", "ranks"),
    "hexadecimal": (lambda n: hex(n), "numbers of base 16 or 2"),
    "results": (lambda n: f"{n % 7}:{n % 5}", "ratios, results or times"),
    "quotes": (lambda n: f"'{n}", "numbers in quotes"),
    "bare weeks": (lambda n: f"KW {n}", "weeks without their year"),
    "fiscal years": (lambda n: f"FY{1980 + n}", "years of accounts"),
    "halves": (lambda n: f"{1980 + n}H1", "halves of years"),
    "JavaScript": (lambda n: f"/Date({n}000)/", "moments as JavaScript writes them"),
    "several": (lambda n: f"{n};{n};{n}", "several numbers in a cell"),
    "vectors": (lambda n: f"[{n}.5, {n}.25]", "several numbers in a cell"),
    "JSON": (lambda n: f'{{"a": {n}}}', "objects or lists as JSON"),
    "other digits": (lambda n: chr(0x0660 + n % 10) + "٣", "digits of another script"),
    "unseen": (lambda n: f"\u200b{n}", "texts with signs that cannot be seen (U+200B)"),
}


@pytest.mark.parametrize(("write", "told"), NAMED.values(), ids=NAMED.keys())
def test_texts_that_are_no_words_are_named_with_what_to_do(write, told: str) -> None:
    texts = [write(n) for n in NUMBERS] * 2
    typed = type_column(pl.Series("x", texts), Context())
    assert typed.column.type is not ColumnType.NUMBER
    (found,) = [f for f in typed.findings if "look like" in f.message]
    assert (found.kind, found.severity) == ("type", "info")
    assert f"the cells look like {told} (" in found.message
    assert f"data: {{columns: {{x: {typed.column.type.value}}}}} settles it" in found.remedy
    said = type_column(pl.Series("x", texts), Context(type=typed.column.type))
    assert said.findings == ()


WORDS = {
    "codes": [f"A{n}" for n in NUMBERS],
    "versions": [f"{n}.2.{n}" for n in NUMBERS],
    "phones": [f"+49 151 {1000 + n * 37}" for n in NUMBERS],
    "addresses": [f"{n} Main Street" for n in NUMBERS],
    "parts of the day": ["morning", "noon", "evening"] * 9,
    "grades": ["A", "B", "C+", "D-"] * 9,
    "plates": [f"B-XY {n}" for n in NUMBERS],
    "mixed": [f"{n}-{n + 9}" if n % 2 else f"x{n}" for n in NUMBERS],
    "numbers": [f"0{n}" for n in NUMBERS],
}


@pytest.mark.parametrize("texts", WORDS.values(), ids=WORDS.keys())
def test_words_are_not_named(texts: list[str]) -> None:
    assert named_form(texts) is None


def test_codes_that_name_the_rows_are_no_spans() -> None:
    texts = [f"{877 + n}-{76317 + n}" for n in NUMBERS]
    assert named_form(texts, are_names=True) is None
    assert named_form([f"{n + 9}-{n}" for n in range(200, 240)]) == (
        "ratios, results or times",
        "make a column of each",
        "209-200",
    )


def test_a_few_texts_are_no_form() -> None:
    assert named_form(["10-20", "20-30", "30-40", "10-20"]) is None


def test_rows_that_add_up_others_are_warned_of() -> None:
    texts = ["North", "South", "Subtotal", "East", "Grand Total"] * 5 + ["East total"]
    typed = type_column(pl.Series("x", texts), Context())
    (warned,) = typed.findings
    assert (warned.kind, warned.severity, warned.count) == ("schema", "warning", 11)
    assert (
        "11 cells say 'East total', 'Grand Total', 'Subtotal': rows that add up" in warned.message
    )
    for words in (["North", "Totally", "A total of 5"], ["total", "Total"], ["Totals row", "z"]):
        assert type_column(pl.Series("x", words * 9), Context()).findings == ()
