from __future__ import annotations

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType, Task
from trainwright.core.errors import DataError
from trainwright.data.types.case import Context
from trainwright.data.types.label_lists import looks_like_labels, read_labels, type_labels
from trainwright.data.types.values import parse_series


def texts(*cells: str | None) -> pl.Series:
    return pl.Series("tags", cells, dtype=pl.String)


def found(typed, kind: str) -> list[tuple[str, int | None]]:
    return [(one.severity, one.count) for one in typed.findings if one.kind == kind]


def test_lists_become_sorted_distinct_labels_and_an_empty_one_is_no_missing_label():
    raw = pl.Series("tags", [["b", "a", " b "], [], None], dtype=pl.List(pl.String))
    typed, target = type_labels(raw, Context())
    assert typed.values.to_list() == [["a", "b"], [], None]
    assert (target.task, target.classes) == (Task.MULTI_LABEL, ("a", "b"))
    assert typed.column.type is ColumnType.LABELS
    assert typed.receipt.changed == {"labels that stood twice": 1}


def test_the_mark_that_stands_in_most_cells_separates_and_a_finding_says_so():
    typed, _ = type_labels(texts("a|b", "b|c, d", "a"), Context())
    assert typed.column.separator == "|"
    assert typed.values.to_list() == [["a", "b"], ["b", "c, d"], ["a"]]
    assert found(typed, "type") == [("info", 2)]


def test_the_recipe_may_name_the_separator():
    typed, target = type_labels(texts("a / b", "c|d"), Context(separator="/"))
    assert target.classes == ("a", "b", "c|d")
    assert typed.findings == ()


def test_an_empty_cell_is_not_labelled_yet_unless_the_recipe_says_otherwise():
    cells = texts("a;b", "", ";", None, "NA")
    typed, _ = type_labels(cells, Context())
    assert typed.values.to_list() == [["a", "b"], None, [], None, None]
    assert found(typed, "missing") == [("warning", 1)]
    assert "nulls: []" in next(f for f in typed.findings if f.kind == "missing").remedy
    typed, target = type_labels(cells, Context(nulls=()))
    assert typed.values.to_list() == [["a", "b"], [], [], None, ["NA"]]
    assert target.classes == ("NA", "a", "b")


def test_whole_numbers_stay_numbers_in_what_is_told():
    _, target = type_labels(pl.Series("tags", [[10, 2], [0]]), Context())
    assert target.classes == ("0", "2", "10")
    assert target.label(2) == 10


@pytest.mark.parametrize("lists", [[["a"], ["a"]], [[], []]])
def test_one_label_or_none_cannot_be_learned(lists):
    with pytest.raises(DataError, match="names another column"):
        type_labels(pl.Series("tags", lists, dtype=pl.List(pl.String)), Context())


def test_far_too_many_labels_are_refused():
    with pytest.raises(DataError, match="separator"):
        type_labels(pl.Series("tags", [[f"x{k}" for k in range(1001)]]), Context())


def test_a_list_with_a_hole_and_a_plain_number_are_errors():
    typed, _ = type_labels(pl.Series("tags", [["a", "b"], ["a", None]]), Context())
    assert found(typed, "type")[0] == ("error", 1)
    column = Column("tags", ColumnType.LABELS, separator=";")
    assert parse_series(column, pl.Series("tags", [1, None])).misfits == (0,)


def test_lists_written_as_text_are_an_error_since_brackets_are_no_labels():
    typed, _ = type_labels(texts("['a', 'b']", "c,d"), Context())
    assert ("error", 1) in found(typed, "type")


def test_labels_that_differ_in_case_alone_are_told():
    typed, _ = type_labels(texts("Drama;drama", "Comedy;Drama"), Context())
    assert found(typed, "category-variant") == [("warning", 1)]


def test_one_label_a_row_is_told_to_be_classification():
    typed, _ = type_labels(texts("a", "b"), Context())
    assert any("task: classification" in one.remedy for one in typed.findings)


def test_a_text_where_lists_were_learned_from_is_a_misfit():
    _, target = type_labels(pl.Series("tags", [["a"], ["b"]]), Context())
    lists, odd = read_labels(target.column, texts("a;b", None))
    assert (lists.to_list(), odd.to_list()) == ([None, None], [True, False])


def test_the_separator_survives_the_contract_and_stands_there_only_where_it_is_said():
    column = Column("tags", ColumnType.LABELS, separator="|")
    assert Column.from_json(column.to_json()) == column
    assert "separator" not in Column("tags", ColumnType.LABELS).to_json()


@pytest.mark.parametrize(
    ("cells", "is_so"),
    [
        (["a|b", "b|c", "a|c", "a|b|c", "a", "b"] * 3, True),
        (["Rome, Italy", "Bern, Switzerland", "Oslo, Norway"] * 3, False),
        (["plain", "words"] * 3, False),
    ],
)
def test_few_labels_in_many_combinations_look_like_labels(cells, is_so):
    assert looks_like_labels(pl.Series("tags", cells)) is is_so
