"""What spares work on texts gives what reading each of them gives."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.data.types.blanks import BLANKS, is_missing, stripped, without_nulls
from trainwright.data.types.ranges import Numbers
from trainwright.data.types.repeats import each_once
from trainwright.data.types.views import Views, first_word

MARKS = ("NA", "null", "NULL", "n/a", "missing", "#DIV/0!")
TEXTS = st.one_of(st.none(), st.sampled_from([*MARKS, "", "N", "nulls", "missive", "ä"]), st.text())


@given(st.lists(TEXTS), st.lists(st.sampled_from(MARKS), unique=True))
def test_marks_for_missing_are_found_by_their_first_bytes(
    texts: list[str | None], marks: list[str]
) -> None:
    column = pl.Series(texts, dtype=pl.String)
    found = without_nulls(column, tuple(marks))
    gone = is_missing(column, tuple(marks)).to_list()
    assert found.to_list() == [
        None if hide else text for text, hide in zip(texts, gone, strict=True)
    ]


PADDED = st.text(alphabet=" \t\r\u00a0ab1é", max_size=14)


@given(
    st.one_of(
        st.lists(PADDED, min_size=1, max_size=4),
        st.integers(1, 14).flatmap(
            lambda size: st.lists(
                st.text(alphabet=" \tab1", min_size=size, max_size=size), min_size=1, max_size=4
            )
        ),
    )
)
def test_blanks_are_found_at_both_ends_of_texts_of_any_length(texts: list[str]) -> None:
    column = pl.Series(["plain"[: len(texts[0])], *texts] * 40)
    assert stripped(column).to_list() == [text.strip(BLANKS) for text in column]


@pytest.mark.parametrize("size", range(1, 15))
@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\r"])
def test_a_blank_at_the_end_of_one_text_among_others_of_its_length_is_found(
    size: int, blank: str
) -> None:
    column = pl.Series(["x" * size] * 99 + ["x" * (size - 1) + blank])
    assert stripped(column).to_list() == ["x" * size] * 99 + ["x" * (size - 1)]


@given(st.lists(st.from_regex(r" ?[+-]?[0-9]{1,6} ?", fullmatch=True), min_size=1, max_size=9))
def test_zeros_in_front_are_found_whatever_stands_before_them(texts: list[str]) -> None:
    column = pl.Series(texts)
    values = pl.Series([float(text) for text in texts])
    rows = [row for row, text in enumerate(texts) if re.fullmatch(r" ?[+-]?0[0-9]+ ?", text)]
    found = Numbers.of(values, column, first_row=7).zeros
    assert found.rows.tolist() == [row + 7 for row in rows]
    assert found.count == len(rows)


@given(st.text())
def test_the_first_word_of_a_text_is_that_of_its_view(text: str) -> None:
    assert Views.of(pl.Series([text])).begin[0] == first_word(text)


@given(st.lists(TEXTS, min_size=1, max_size=20), st.integers(0, 3))
def test_repeated_texts_are_read_as_each_of_them(texts: list[str | None], start: int) -> None:
    column = pl.Series("c", texts * 5_000, dtype=pl.String)[start:]
    read = each_once(column, lambda some: some.str.len_bytes())
    assert read.equals(column.str.len_bytes(), check_names=True)
