"""The rules of a contract say the same of a frame and of a single row."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.columns import Column, ColumnType, Rule
from trainwright.summaries.constraints import (
    Comparison,
    broken_by,
    matches,
    microseconds,
    parse_comparison,
    violations,
)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("end >= start", Comparison("end", ">=", "start")),
        ("age>18", Comparison("age", ">", None, 18.0)),
        ("x != -1.5e3", Comparison("x", "!=", None, -1500.0)),
        ('state == "NY"', Comparison("state", "==", None, "NY")),
        ("state == 'NY'", Comparison("state", "==", None, "NY")),
        ("state != ''", Comparison("state", "!=", None, "")),
        ("name == 'say \"x\"'", Comparison("name", "==", None, 'say "x"')),
        ("`unit price` < `list price`", Comparison("unit price", "<", "list price")),
    ],
)
def test_a_comparison_is_read(text, parsed):
    assert parse_comparison(text) == parsed


@pytest.mark.parametrize(
    "text",
    ["", "end", "end >= start + 1", "len(end) > 1", "1 > end", "a > b > c", "a = b", "__import__('os') == 1",
     "a >= b; c", 'a == "x" or 1', "a == 'x\"", "a" * 2_000 + " > 1"],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="no comparison"):
        parse_comparison(text)


COLUMNS = (
    Column("a", ColumnType.NUMBER, rule=Rule(low=0, high=5, comparisons=("a <= b", "a != 3"))),
    Column("b", ColumnType.NUMBER),
    Column("c", ColumnType.CATEGORY, rule=Rule(categories=("x", "y"), pattern="[xyz]")),
    Column("t", ColumnType.DATETIME, rule=Rule(comparisons=('t >= "2024-01-01"', "t <= u"))),
    Column("u", ColumnType.DATETIME),
)
numbers = st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 3.0, 5.0, 6.0]))
moments = st.one_of(
    st.none(), st.sampled_from([datetime(2023, 12, 31), datetime(2024, 1, 1), datetime(2025, 5, 5)])
)
rows = st.fixed_dictionaries(
    {
        "a": numbers,
        "b": numbers,
        "c": st.sampled_from([None, "x", "z", "xx", "w"]),
        "t": moments,
        "u": moments,
    }
)


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=6))
def test_a_frame_and_its_rows_break_the_same_rules(values):
    frame = pl.DataFrame(values, schema={"a": pl.Float64, "b": pl.Float64, "c": pl.String,
                                         "t": pl.Datetime("us"), "u": pl.Datetime("us")})  # fmt: skip
    whole = {
        (int(row), one.column, one.what) for one in violations(COLUMNS, frame) for row in one.rows
    }
    alone = set()
    for number, row in enumerate(values):
        sent = {
            k: microseconds(v.isoformat()) if isinstance(v, datetime) else v for k, v in row.items()
        }
        alone |= {(number, *broken) for broken in broken_by(COLUMNS, sent)}
    assert whole == alone


def test_a_pattern_holds_for_the_whole_text_and_takes_linear_time():
    assert matches("[A-Z]{2}|x", "AB")
    assert not matches("[A-Z]{2}|x", "ABx")
    assert not matches("(a+)+", "a" * 50_000 + "!")


def test_a_rule_about_a_column_that_is_not_there_is_passed_over():
    assert list(violations(COLUMNS[:1], pl.DataFrame({"a": [1.0]}))) == []
