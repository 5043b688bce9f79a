from __future__ import annotations

import polars as pl
import pytest

from trainwright.core.columns import ColumnType, Task
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.types.case import Context
from trainwright.data.types.tags import check_lengths, refuse_lists, type_tags, type_words


def test_all_tags_are_the_classes():
    typed, target = type_tags(pl.Series("t", [["O", "B-LOC"], None, ["I-LOC"]]), Context())
    assert target.classes == ("B-LOC", "I-LOC", "O")
    assert (target.task, target.class_kind) == (Task.TOKEN_CLASSIFICATION, "text")
    assert typed.column.type is ColumnType.WORDS


def test_whole_numbers_stay_numbers_in_what_is_told():
    _, target = type_tags(pl.Series("t", [[10, 2], [0]]), Context())
    assert target.classes == ("0", "2", "10")
    assert target.label(2) == 10


@pytest.mark.parametrize("lists", [[["O"], ["O"]], [[], []]])
def test_one_tag_or_none_cannot_be_learned(lists):
    with pytest.raises(DataError, match="names another column"):
        type_tags(pl.Series("t", lists, dtype=pl.List(pl.String)), Context())


def test_other_lengths_are_refused_with_the_first_row():
    words, tags = pl.Series("w", [["a"], ["b", "c"]]), pl.Series("t", [["O"], ["O"]])
    with pytest.raises(DataError, match="give each word one tag") as caught:
        check_lengths(words, tags, Context(place=lambda row: f"file:{row + 1}"))
    assert "file:2" in caught.value.where


def test_a_row_without_tags_is_no_fault_of_length():
    check_lengths(pl.Series("w", [["a"], ["b"]]), pl.Series("t", [["O"], None]), Context())


def test_a_cell_that_is_no_list_is_an_error_with_its_row():
    typed = type_words(pl.Series("w", [["a", None], ["b"]]), Context())
    assert [(f.severity, f.rows) for f in typed.findings] == [("error", (0,))]


def test_lists_where_one_value_a_row_is_wanted_name_the_task():
    with pytest.raises(RecipeError, match="task: token-classification"):
        refuse_lists(pl.Series("t", [["O"]]))
    refuse_lists(pl.Series("t", ["O"]))
