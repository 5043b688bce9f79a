"""What spares work on texts gives what reading each of them gives."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from trainwright.data.types.repeats import each_once
from trainwright.data.types.values import is_missing, without_nulls
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


@given(st.text())
def test_the_first_word_of_a_text_is_that_of_its_view(text: str) -> None:
    assert Views.of(pl.Series([text])).begin[0] == first_word(text)


@given(st.lists(TEXTS, min_size=1, max_size=20), st.integers(0, 3))
def test_repeated_texts_are_read_as_each_of_them(texts: list[str | None], start: int) -> None:
    column = pl.Series("c", texts * 5_000, dtype=pl.String)[start:]
    read = each_once(column, lambda some: some.str.len_bytes())
    assert read.equals(column.str.len_bytes(), check_names=True)
