"""Fractions are numbers where something proves that they are fractions."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.core.columns import Column, ColumnType, NumberFormat
from trainwright.data.types import Context, parse_series, parse_value, type_column
from trainwright.data.types.fractions import SIGNS, read_fractions

READ = {
    "1/2": 0.5, "1 1/2": 1.5, "1-1/2": 1.5, "3 + 1/4": 3.25, "-2 3/4": -2.75, "½": 0.5, "1½": 1.5,
    "1 ½": 1.5, "−¾": -0.75, "7⁄8": 0.875, "5/0": None, "1/2/3": None, "½½": None, "a": None, "2": None,
}  # fmt: skip


def test_each_form_of_a_fraction_is_its_value() -> None:
    assert read_fractions(pl.Series(list(READ))).to_list() == list(READ.values())


def test_signs_are_what_they_show() -> None:
    import unicodedata

    for sign, (upper, lower) in SIGNS.items():
        assert upper / lower == pytest.approx(unicodedata.numeric(sign))


@given(st.integers(0, 99), st.integers(1, 63), st.sampled_from([2, 3, 4, 8, 16, 64]), st.booleans())
def test_a_fraction_is_the_same_in_a_column_and_in_a_cell(whole, upper, lower, minus) -> None:
    text = f"{'-' if minus else ''}{f'{whole} ' if whole else ''}{upper}/{lower}"
    column = Column("x", ColumnType.NUMBER, written=NumberFormat(fractions=True))
    value = float(whole + Fraction(upper, lower)) * (-1 if minus else 1)
    assert parse_series(column, pl.Series([text, "3"])).values.to_list() == [
        pytest.approx(value),
        3.0,
    ]
    assert parse_value(column, text) == pytest.approx(value)


PROVEN = {
    "a whole number before one": ["1/2", "3/4", "1 1/2"],
    "a sign": ["½", "¼", "1/8"],
    "numbers beside": ["1/2", "3/4", "2", "3"],
}


@pytest.mark.parametrize("texts", PROVEN.values(), ids=PROVEN.keys())
def test_fractions_that_are_proven_are_read_with_a_receipt(texts: list[str]) -> None:
    typed = type_column(pl.Series("x", texts * 10), Context())
    assert typed.column.type is ColumnType.NUMBER
    assert typed.values.null_count() == 0
    (told,) = typed.findings
    assert (told.severity, "fraction read as its value" in told.message) == ("info", True)
    assert typed.receipt.changed["fraction read as its value"] == told.count


@pytest.mark.parametrize(
    "texts", [["3/4", "1/2", "5/8"], ["120/80", "118/76", "99/61", "101/60", "7/3"]]
)
def test_a_slash_alone_is_named_and_not_read(texts: list[str]) -> None:
    typed = type_column(pl.Series("x", texts * 4), Context())
    assert typed.column.type is ColumnType.CATEGORY
    (told,) = typed.findings
    assert "fraction" in told.message or "two numbers" in told.message


def test_the_recipe_proves_what_the_texts_do_not() -> None:
    typed = type_column(pl.Series("x", ["3/4", "1/2"] * 4), Context(type=ColumnType.NUMBER))
    assert typed.values.to_list() == [0.75, 0.5] * 4
