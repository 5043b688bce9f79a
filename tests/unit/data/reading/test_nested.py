"""JSON lines with objects in them: as many columns as keys, named with dots."""

import json

import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError
from trainwright.data.reading import read_source, read_typed
from trainwright.recipe.data import DataSettings


def read(folder, rows, **said):
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    (folder / "t.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_source(DataSettings(source="t.jsonl", target="y", **said), base=folder)


def test_objects_are_columns_named_with_dots(tmp_path):
    rows = [
        {"user": {"age": 3, "at": {"city": "Oslo"}}, "y": 1},
        {"y": 2, "user": {"at": {"city": "Rome"}, "age": None}},
    ]
    frame = read(tmp_path, rows).frame
    assert frame.to_dicts() == [
        {"user.age": 3, "user.at.city": "Oslo", "y": 1},
        {"user.age": None, "user.at.city": "Rome", "y": 2},
    ]


@pytest.mark.parametrize("void", [None, {}])
def test_an_object_that_is_null_or_empty_is_null_in_each_of_its_columns(tmp_path, void):
    whole = {"user": {"age": 3, "at": {"city": "Oslo"}}, "y": 1}
    rows = [whole, {"user": void, "y": 2}, {"user": {"age": 4, "at": void}, "y": 3}]
    expected = [(3, "Oslo", 1), (None, None, 2), (4, None, 3)]
    assert read(tmp_path, rows).frame.rows() == expected
    first = read(tmp_path, [rows[1], *rows]).frame
    assert first.columns == ["user.age", "user.at.city", "y"]
    assert first.rows() == [(None, None, 2), *expected]


def test_a_key_with_a_dot_stays_what_it_is(tmp_path):
    assert read(tmp_path, [{"a.b": 1, "a": {"c": 2}, "y": 3}]).frame.columns == ["a.b", "a.c", "y"]


@pytest.mark.parametrize(
    "row", ['{"a.b": 1, "a": {"b": 2}, "y": 3}', '{"a": {"b": 2}, "a.b": 1, "y": 3}']
)
def test_a_key_with_a_dot_and_a_nested_one_may_not_meet(tmp_path, row):
    with pytest.raises(DataError, match=r"two keys make the column 'a\.b'") as caught:
        read(tmp_path, ['{"a": {"c": 1}, "y": 3}', row])
    assert caught.value.where == "t.jsonl:2"


def test_a_missing_nested_key_is_named_with_its_line(tmp_path):
    with pytest.raises(DataError, match=r"key 'user\.age' is missing") as caught:
        read(tmp_path, [{"user": {"age": 1, "id": 2}, "y": 1}, {"user": {"id": 2}, "y": 1}])
    assert caught.value.where == "t.jsonl:2"
    assert '"user.age": null' in caught.value.mend


def test_a_nested_key_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match="'b' stands twice"):
        read(tmp_path, ['{"a": {"b": 1, "b": 2}, "y": 3}'])


def test_a_value_where_others_have_an_object_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"key 'a\.b' is missing"):
        read(tmp_path, [{"a": {"b": 1}, "y": 1}, {"a": 7, "y": 1}])


def test_sixteen_objects_within_each_other_are_read_and_seventeen_are_not(tmp_path):
    def row(depth):
        return '{"y":' + '{"a":' * depth + "1" + "}" * (depth + 1)

    assert read(tmp_path, [row(16)]).frame.width == 1
    with pytest.raises(DataError, match="nested too deeply"):
        read(tmp_path, [row(17)])


def test_lists_of_texts_become_one_text_and_a_finding_says_so(tmp_path):
    raw = read(tmp_path, [{"tags": ["a", "b c"], "y": 1}, {"tags": [], "y": 2}])
    assert raw.frame["tags"].to_list() == ["a, b c", ""]
    (noted,) = raw.findings
    assert (noted.kind, noted.severity, noted.column, noted.count) == ("schema", "info", "tags", 2)


@pytest.mark.parametrize("odd", [[1, 2], [{"a": 1}], [["a"]], ["a", None], ["a", 1]])
def test_other_lists_are_refused_until_they_are_dropped(tmp_path, odd):
    rows = [{"a": {"b": odd}, "y": 1}]
    with pytest.raises(DataError, match=r"'a\.b' holds a list of") as caught:
        read(tmp_path, rows)
    assert caught.value.mend.endswith('data: {drop: ["a.b"]}')
    assert read(tmp_path, rows, drop=("a.b",)).frame["y"].to_list() == [1]


def test_a_model_reads_the_dotted_columns_that_it_knows(tmp_path):
    read(tmp_path, [{"user": {"age": 3, "seen": [1]}, "y": 1}], drop=("user.seen",))
    (block,) = read_typed(tmp_path / "t.jsonl", [Column("user.age", ColumnType.NUMBER)])
    assert block.frame["user.age"].to_list() == [3.0]
    assert block.extra == ("user.seen", "y")
