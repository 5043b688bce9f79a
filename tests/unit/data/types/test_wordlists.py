from __future__ import annotations

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types import parse_series, parse_value
from trainwright.data.types.wordlists import joined, split_words, words_of

WORDS = Column("w", ColumnType.WORDS)


def test_a_text_is_cut_at_its_blanks_and_an_empty_one_is_missing():
    values, misfits = split_words(pl.Series("w", [" the  cat\tsat ", "", None, "one"]))
    assert values.to_list() == [["the", "cat", "sat"], None, None, ["one"]]
    assert not misfits.any()


def test_a_list_stays_and_one_with_a_missing_word_is_a_misfit():
    values, misfits = split_words(pl.Series("w", [["a b", "c"], [], None, ["x", None]]))
    assert values.to_list() == [["a b", "c"], [], None, None]
    assert misfits.to_list() == [False, False, False, True]


def test_whole_numbers_are_tags_as_texts():
    values, _ = split_words(pl.Series("w", [[0, 12], [3]]))
    assert values.to_list() == [["0", "12"], ["3"]]


def test_numbers_in_place_of_lists_are_misfits():
    parsed = parse_series(WORDS, pl.Series("w", [1.5, None]))
    assert parsed.misfits == (0,)
    assert parsed.values.dtype == pl.List(pl.String)


def test_different_lists_have_different_texts():
    lists = pl.Series([[], [""], ["", ""], ["a", "b"], ["a b"], ["2\x1ea"], ["a"]])
    texts = joined(lists)
    assert texts.n_unique() == len(lists)
    assert joined(pl.Series([None], dtype=pl.List(pl.String))).to_list() == [None]


@pytest.mark.parametrize(
    ("value", "words"),
    [("in Paris", ["in", "Paris"]), (["a b"], ["a b"]), ([], None), (None, None)],
)
def test_a_value_of_a_request_is_read_as_in_batch(value, words):
    assert parse_value(WORDS, value) == words


@pytest.mark.parametrize("value", [3, ["a", 1], {"a": 1}, True])
def test_another_value_is_no_list_of_words(value):
    with pytest.raises(ValueError, match="no list of words"):
        words_of(value)
