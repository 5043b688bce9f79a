"""Digits that a float does not keep: kept as text where neighbours would be one, told otherwise."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.core.columns import ColumnType
from trainwright.data.types.case import Context
from trainwright.data.types.columns import type_column
from trainwright.data.types.precision import rounded

BEYOND = [f"115292150460684697{n}.{n % 4 * 25:02d}" for n in range(200)]
LONG = [f"61100144380{n:04d}.81{n:04d}" for n in range(200)]


def as_decimals(texts: list[str], scale: int) -> pl.Series:
    return pl.Series("x", [Decimal(text) for text in texts], dtype=pl.Decimal(38, scale))


@pytest.mark.parametrize(
    "series", [pl.Series("x", BEYOND), as_decimals(BEYOND, 2)], ids=["text", "decimal"]
)
def test_numbers_beyond_what_is_exact_are_kept_as_text_with_their_fraction(
    series: pl.Series,
) -> None:
    typed = type_column(series, Context())
    assert typed.column.type is not ColumnType.NUMBER
    assert typed.values.to_list() == BEYOND
    assert any("would lose precision" in one.message for one in typed.findings)


@pytest.mark.parametrize(
    "series", [pl.Series("x", LONG), as_decimals(LONG, 6)], ids=["text", "decimal"]
)
def test_digits_that_are_lost_are_told(series: pl.Series) -> None:
    typed = type_column(series, Context())
    assert typed.column.type is ColumnType.NUMBER
    (told,) = [one for one in typed.findings if "more digits than a number keeps" in one.message]
    assert told.severity == "info"
    assert told.message.split("'")[3] in LONG


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_what_a_program_writes_of_a_float_loses_nothing(number: float) -> None:
    written = [repr(number), f"{number:.17g}", str(Decimal(number)), f"{number:.3f}"]
    assert rounded(text for text in written if "e" not in text.lower()) == []


def test_what_it_does_not_hold_is_named_with_what_is_read() -> None:
    assert rounded(["1.5", "611001443802713.8166", "1e400", ""]) == [
        ("611001443802713.8166", 611001443802713.9)
    ]
