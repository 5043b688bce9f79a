"""Columns of lists: words and their tags, where the recipe or the model says so, and nowhere else."""

from __future__ import annotations

import json

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError
from trainwright.data.reading import read_source, read_typed
from trainwright.recipe.data import DataSettings

ROWS = [{"id": 1, "words": ["a", "b"], "tags": [0, 1]}, {"id": 2, "words": [], "tags": []},
        {"id": 3, "words": None, "tags": None}]  # fmt: skip
WORDS = Column("words", ColumnType.WORDS)


def write(folder, rows=ROWS, name="rows.jsonl"):
    path = folder / name
    if name.endswith(".parquet"):
        pl.DataFrame(rows).write_parquet(path)
    else:
        path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def settings(path, **said):
    return DataSettings.model_validate(
        {"source": str(path), "target": "tags", "inputs": {"text": "words"}, **said}
    )


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_lists_of_the_words_and_of_the_target_are_read(tmp_path, name):
    frame = read_source(settings(write(tmp_path, name=name)), base=tmp_path).frame
    assert frame["words"].to_list() == [["a", "b"], [], None]
    assert frame["tags"].to_list() == [[0, 1], [], None]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_lists_elsewhere_are_refused_as_before(tmp_path, name):
    with pytest.raises(DataError, match="flatten it"):
        read_source(settings(write(tmp_path, name=name), target="id"), base=tmp_path)
    with pytest.raises(DataError, match="flatten it"):
        read_source(settings(write(tmp_path, name=name), target="id", inputs=None), base=tmp_path)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_lists_of_a_target_beside_other_columns_are_read(tmp_path, name):
    dropping = settings(write(tmp_path, name=name), inputs=None, drop=("words",))
    frame = read_source(dropping, base=tmp_path).frame
    assert frame["tags"].to_list() == [[0, 1], [], None]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_lists_that_the_recipe_drops_are_passed_over(tmp_path, name):
    dropping = settings(
        write(tmp_path, name=name), target="id", inputs=None, drop=("tags", "words")
    )
    frame = read_source(dropping, base=tmp_path).frame
    assert frame["id"].to_list() == [1, 2, 3]
    assert frame["tags"].null_count() == 3


def test_a_text_among_lists_is_its_words(tmp_path):
    rows = [{"words": ["a"], "tags": ["O"]}, {"words": "b c", "tags": "O O"}]
    frame = read_source(settings(write(tmp_path, rows)), base=tmp_path).frame
    assert frame["words"].to_list() == [["a"], ["b", "c"]]


@pytest.mark.parametrize("odd", [[["a"]], [1.5], [None], [{"a": 1}], ["a", 1]])
def test_a_list_of_something_else_is_refused_with_its_line(tmp_path, odd):
    rows = [*ROWS, {"id": 4, "words": odd, "tags": []}]
    with pytest.raises(DataError, match="list of texts") as caught:
        read_source(settings(write(tmp_path, rows)), base=tmp_path)
    assert "rows.jsonl:4" in caught.value.where


def test_lists_and_plain_values_do_not_mix(tmp_path):
    rows = [*ROWS, {"id": 4, "words": 7, "tags": []}]
    with pytest.raises(DataError, match="a list in every row") as caught:
        read_source(settings(write(tmp_path, rows)), base=tmp_path)
    assert "words" in caught.value.where


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_a_model_of_words_reads_its_column_and_passes_the_tags_by(tmp_path, name):
    path = write(tmp_path, name=name)
    (block,) = read_typed(path, [WORDS], ignored=["tags"])
    assert block.frame["words"].to_list() == [["a", "b"], [], None]
    assert set(block.extra) == {"id", "tags"}
    (block,) = read_typed(path, [Column("id", ColumnType.NUMBER)])
    assert block.frame["id"].to_list() == [1, 2, 3]  # lists that nobody asked for are no fault


def test_a_text_among_lists_of_labels_is_one_label_and_told(tmp_path):
    rows = [
        {"text": "one two", "labels": ["billing", "needs work"]},
        {"text": "three", "labels": "needs work"},
        {"text": "four", "labels": []},
    ]
    path = write(tmp_path, rows)
    said = DataSettings(source=str(path), target="labels", inputs={"text": "text"})
    for settings_ in (said, DataSettings(source=str(path), target="labels")):
        raw = read_source(settings_, base=tmp_path)
        assert raw.frame["labels"].to_list() == [["billing", "needs work"], ["needs work"], []]
        (told,) = raw.findings
        assert (told.kind, told.severity, told.count) == ("schema", "warning", 1)
        assert told.message == (
            "rows.jsonl: 1 text stands among the lists of 'labels': read as one label each"
        )
    column = Column("labels", ColumnType.LABELS)
    (block,) = read_typed(path, [column], ignored=["text"])
    assert block.frame["labels"].to_list()[1] == ["needs work"]


def test_a_text_among_lists_of_words_is_cut_and_told(tmp_path):
    rows = [{"words": ["a"], "tags": ["O"]}, {"words": "b c", "tags": "O P"}]
    raw = read_source(settings(write(tmp_path, rows)), base=tmp_path)
    assert raw.frame["tags"].to_list() == [["O"], ["O", "P"]]
    assert ["cut at their blanks" in told.message for told in raw.findings] == [True, True]
