"""Texts that read as numbers, and may be something else."""

from __future__ import annotations

import polars as pl
import pytest

from trainwright.core.columns import ColumnType
from trainwright.data.types.case import Context, TypedColumn
from trainwright.data.types.columns import type_column


def typed(texts: list[str], context: Context | None = None) -> TypedColumn:
    return type_column(pl.Series("x", texts), context or Context())


@pytest.mark.parametrize("first", ["1", "12"])
def test_a_version_that_ends_in_ten_is_warned_of(first: str) -> None:
    (told,) = typed([f"{first}.{last}" for last in [1, 2, 8, 9, 10, 11, 20] * 9]).findings
    assert f"'{first}.10' is read as the number {first}.1" in told.message
    assert told.severity == "warning"
    assert "category" in told.remedy


@pytest.mark.parametrize(
    "texts",
    [
        ["1.5", "2.50", "2.05", "3.1", "4.2", "5.25"],  # written by hand
        ["1.50", "2.50", "2.10", "3.10", "4.20", "5.25"],  # two places in every row
        ["1.5", "2.25", "2.75", "3.1", "4.2", "5.125"],  # no zero at the end
        ["1.5", "2.5", "10", "3.0", "4.5", "20"],
    ],
)
def test_numbers_with_places_of_several_lengths_are_no_versions(texts: list[str]) -> None:
    assert typed(texts * 9).findings == ()


def test_days_of_six_digits_are_told_and_read_as_the_remedy_says() -> None:
    texts = [f"2{row % 4}{1 + row % 12:02}{1 + row % 28:02}" for row in range(90)]
    first = typed(texts)
    assert first.column.type is ColumnType.NUMBER
    (told,) = first.findings
    assert "YYMMDD they run from 2020-01-01 to 2023-12-28" in told.message
    assert 'format: "%y%m%d"' in told.remedy
    again = typed(texts, Context(type=ColumnType.DATETIME, format="%y%m%d"))
    assert str(again.values[0]) == "2020-01-01 00:00:00"
    assert typed([*texts, "231332"]).findings == ()


def test_telephone_numbers_keep_their_plus() -> None:
    texts = [f"+49151{10_000_000 + 7919 * row}" for row in range(60)]
    column = typed(texts)
    assert column.column.type is ColumnType.IDENTIFIER
    assert column.values.to_list() == texts
    assert "kept as text" in column.findings[0].message
    signed = typed([f"{row - 30:+d}" for row in range(60)] * 2)
    assert signed.column.type is ColumnType.NUMBER


def test_numbers_without_the_sign_of_all_others_are_not_called_infinite() -> None:
    (told, _) = typed([f"{10 + row % 70}%" for row in range(99)] + ["12"]).findings
    assert told.severity == "error"
    assert "1 of 100 values is not written like the others: '12'" in told.message


def test_few_values_that_prove_a_decimal_comma_are_said_to_be_few() -> None:
    texts = [f"{10 + row % 80},{100 + row % 900}" for row in range(297)] + ["12,5", "13,5", "14,5"]
    assert "which few values prove" in typed(texts).findings[0].message


def test_texts_that_name_rows_are_not_left_out_without_a_word() -> None:
    (told,) = typed([f"{row * 7919 % 65536:04x}x" for row in range(60)]).findings
    assert (told.kind, told.severity) == ("identifier", "info")
    assert "kept out of the features" in told.message
