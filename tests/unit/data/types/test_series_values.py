"""A series as a client sends it."""

from __future__ import annotations

import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types import parse_value
from trainwright.data.types.cells import MAX_STEPS

COLUMN = Column("x", ColumnType.SERIES)


def test_numbers_and_nulls_are_steps() -> None:
    assert parse_value(COLUMN, [1, None, 2.5]) == [1.0, None, 2.5]
    assert parse_value(COLUMN, []) == []
    assert parse_value(COLUMN, None) is None


@pytest.mark.parametrize(
    "value", ["1,2", 3, {"0": 1}, [True], ["1"], [[1]], [float("nan")], [1e999]]
)
def test_what_is_no_list_of_finite_numbers_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"no list of numbers|no number|must be finite"):
        parse_value(COLUMN, value)


def test_a_series_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="more than the 100000"):
        parse_value(COLUMN, [0] * (MAX_STEPS + 1))
