"""Numbers that stand for missing: what programs fill gaps with, far from all other values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.data.types.case import Context, TypedColumn
from trainwright.data.types.columns import type_column
from trainwright.data.types.values import parse_series

ROWS = 120


def filled(mark: str, *, decimal: str = ".", context: Context | None = None) -> TypedColumn:
    """A column of 10 to 40 with a mark in every sixth row."""
    others = (f"{10 + row % 30}{decimal}{row % 9 + 1}" for row in range(ROWS))
    texts = [mark if row % 6 == 0 else text for row, text in enumerate(others)]
    return type_column(pl.Series("x", texts), context or Context())


@pytest.mark.parametrize(
    "mark",
    ["1e+30", "1E20", "9.96921e+36", "-3.4028235e+38", "1.70141E+38", "1.7976931348623157e308",
     "2147483647", "-2147483648", "65535", "-32768", "-9223372036854775808", "-9999.0", "-999.25"],
)  # fmt: skip
def test_what_a_program_fills_gaps_with_is_missing_and_told(mark: str) -> None:
    typed = filled(mark)
    assert typed.values.null_count() == ROWS / 6
    assert (typed.values.min(), typed.values.max()) == (11.2, 39.9)
    (told,) = typed.findings
    assert (told.kind, told.severity, told.count) == ("missing", "warning", ROWS / 6)
    assert typed.receipt is not None
    assert list(typed.receipt.missing.values()) == [ROWS / 6]
    later = parse_series(typed.column, pl.Series("x", [mark, "12.5"]))
    assert later.values.to_list() == [None, 12.5]


@pytest.mark.parametrize(("mark", "shown"), [("999.9", "999.9"), ("9999.9", "9999.9")])
def test_nines_with_a_fraction_may_be_a_price_and_are_asked_about(mark: str, shown: str) -> None:
    typed = filled(mark)
    assert typed.values.max() == float(mark)
    (told,) = typed.findings
    assert f"{shown} in {ROWS // 6} rows stands apart" in told.message
    again = filled(mark, context=Context(nulls=(shown,)))
    assert again.values.null_count() == ROWS / 6


def test_a_mark_is_named_with_the_decimal_mark_of_its_column() -> None:
    typed = filled("-999,25", decimal=",")
    assert typed.values.null_count() == ROWS / 6
    assert "-999,25" in typed.column.nulls


def test_floats_of_32_bits_hold_other_marks() -> None:
    numbers = np.where(np.arange(ROWS) % 6 == 0, -999.9, np.arange(ROWS) % 30).astype(np.float32)
    typed = type_column(pl.Series("x", numbers), Context())
    assert typed.values.null_count() == ROWS / 6


def test_prices_just_below_a_round_one_are_no_marks() -> None:
    assert filled("99.99").findings == ()
