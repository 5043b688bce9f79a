"""Labels out and in again: tables, and what Label Studio takes and gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from trainwright.core.errors import CommandError, DataError
from trainwright.data.labels.book import SCHEMA
from trainwright.data.labels.exchange import read_labels, read_row_ids, write_labels
from trainwright.data.labels.items import Items, read_items
from trainwright.recipe.data import DataSettings

CLASSES = ("ham & eggs", 'sp"am')
LABELS = pl.DataFrame(
    [("a.csv:0", "ham & eggs", "anna"), ("a.csv:0", 'sp"am', "bert"), ("a.csv:2", 'sp"am', "anna")],
    schema=SCHEMA,
    orient="row",
)


@pytest.fixture
def items(tmp_path: Path) -> Items:
    (tmp_path / "a.csv").write_text('text,n\n"one, <b>",1\ntwo,2\nthree,3\n')
    return read_items(DataSettings(source="a.csv", target="label"), base=tmp_path)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".json", ".CSV"])
def test_what_goes_out_comes_in_again(items: Items, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    write_labels(path, LABELS, items, CLASSES)
    assert read_labels(path).rows() == LABELS.rows()


def test_no_label_at_all_is_no_error(items: Items, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_labels(path, LABELS.clear(), items, CLASSES)
    assert read_labels(path).is_empty()


def test_another_ending_is_refused_before_anything_is_written(items: Items, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"\.csv, \.jsonl, \.parquet, \.json"):
        write_labels(tmp_path / "out.xyz", LABELS, items, CLASSES)
    assert not (tmp_path / "out.xyz").exists()


def test_label_studio_is_given_every_row_and_the_choices(items: Items, tmp_path: Path) -> None:
    write_labels(tmp_path / "out.json", LABELS, items, CLASSES)
    tasks = json.loads((tmp_path / "out.json").read_text())
    assert [task["data"]["row"] for task in tasks] == list(items.ids)
    assert tasks[0]["data"]["fields"] == {"text": "one, <b>", "n": "1"}
    assert [len(task["annotations"]) for task in tasks] == [2, 0, 1]
    shown = ET.fromstring((tmp_path / "out.config.xml").read_text())
    assert [choice.get("value") for choice in shown.iter("Choice")] == list(CLASSES)
    assert shown.find("Table") is not None


def annotated(**more: Any) -> dict[str, Any]:
    result = {"type": "choices", "value": {"choices": ["ham"]}, "meta": {"annotator": "anna"}}
    return {"result": [result], "completed_by": 1, **more}


@pytest.mark.parametrize(
    ("annotation", "annotator"),
    [
        (annotated(), "anna"),
        (annotated(updated_by=None), "anna"),
        (annotated(updated_by=7), "label-studio-7"),
        (annotated(updated_by=2, completed_by={"id": 3}), "label-studio-2"),
    ],
)
def test_an_answer_that_was_changed_is_of_who_changed_it(
    tmp_path: Path, annotation: dict[str, Any], annotator: str
) -> None:
    path = tmp_path / "in.json"
    path.write_text(json.dumps([{"data": {"row": "a.csv:0"}, "annotations": [annotation]}]))
    assert read_labels(path).rows() == [("a.csv:0", "ham", annotator)]


def test_what_was_cancelled_or_says_nothing_is_no_label(tmp_path: Path) -> None:
    odd = [annotated(was_cancelled=True), {"result": [{"type": "rating", "value": {}}]}, None, 3]
    odd += [{"result": None}, {"result": [4, {"type": "choices", "value": 3}]}]
    path = tmp_path / "in.json"
    path.write_text(json.dumps([{"data": {"row": "a.csv:0"}, "annotations": odd}]))
    assert read_labels(path).is_empty()


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({}, "no list of tasks"),
        ([3], "no data.row"),
        ([{"data": {"row": 4}}], "no data.row"),
        (
            [
                {
                    "data": {"row": "a.csv:0"},
                    "annotations": [
                        {"result": [{"type": "choices", "value": {"choices": ["a", "b"]}}]}
                    ],
                }
            ],
            "2 choices for one row",
        ),
    ],
)
def test_an_export_of_something_else_is_refused(tmp_path: Path, said: Any, match: str) -> None:
    path = tmp_path / "in.json"
    path.write_text(json.dumps(said))
    with pytest.raises(DataError, match=match):
        read_labels(path)


def test_a_table_without_annotators_is_of_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "carla.csv").write_text("label,row\nham,a.csv:0\n")
    assert read_labels(tmp_path / "carla.csv").rows() == [("a.csv:0", "ham", "carla")]


def test_a_table_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("row,says\na.csv:0,ham\n")
    with pytest.raises(DataError, match="label is missing"):
        read_labels(tmp_path / "x.csv")


def test_rows_are_named_by_id_or_as_findings_name_them(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("row\na.csv:2\na.csv:0\n")
    assert read_row_ids(tmp_path / "rows.csv") == ["a.csv:2", "a.csv:0"]
    pl.DataFrame({"row": [2], "source": ["a.csv"], "position": [2]}).write_parquet(
        tmp_path / "finding.parquet"
    )
    assert read_row_ids(tmp_path / "finding.parquet") == ["a.csv:2"]
    (tmp_path / "odd.csv").write_text("id,b\n1,2\n")
    with pytest.raises(DataError, match="source and position"):
        read_row_ids(tmp_path / "odd.csv")
