"""Rows and lines."""

from pathlib import Path

import polars as pl

from trainwright.data.reading import read_source
from trainwright.data.types import infer_types
from trainwright.recipe import Reads, parse_recipe
from trainwright.recipe.data import DataSettings


def test_every_row_knows_its_file_and_line(tmp_path: Path):
    (tmp_path / "p1.csv").write_text('a,y\n1,2\n\n"x\ny",3\n4,5\n')
    (tmp_path / "p2.csv").write_text("y,a\n1,2\n3,4\n")
    raw = read_source(DataSettings(source="p*.csv", target="y"), base=tmp_path)
    assert [raw.place(row) for row in range(5)] == [
        "p1.csv:2",
        "p1.csv:4",
        "p1.csv:6",
        "p2.csv:2",
        "p2.csv:3",
    ]
    assert [(file.name, file.first_row, file.num_rows) for file in raw.files] == [
        ("p1.csv", 0, 3),
        ("p2.csv", 3, 2),
    ]
    assert raw.frame["y"].to_list() == ["2", "3", "5", "1", "3"]


def test_files_of_a_given_split_say_their_part_and_outside_files_keep_a_relative_name(
    tmp_path: Path,
):
    base = tmp_path / "recipes"
    base.mkdir()
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.csv").write_text("a,y\n1,2\n")
    told = DataSettings(
        source="../train.csv", target="y", validation="../valid.csv", test="../test.csv"
    )
    raw = read_source(told, base=base)
    assert [(file.name, file.part) for file in raw.files] == [
        ("../train.csv", "train"), ("../valid.csv", "validation"), ("../test.csv", "test"),
    ]  # fmt: skip


def test_a_folder_is_read_in_the_order_of_names_whatever_lies_beside(tmp_path: Path):
    for name in ("b.csv", "a.csv", ".hidden.csv", "_SUCCESS", "notes.md"):
        (tmp_path / name).write_text(f"a,y\n{name},2\n")
    raw = read_source(DataSettings(source=".", target="y"), base=tmp_path)
    assert raw.frame["a"].to_list() == ["a.csv", "b.csv"]
    assert len({file.sha256 for file in raw.files}) == 2


def test_settings_of_text_are_not_read_for_files_that_say_their_types(tmp_path: Path) -> None:
    pl.DataFrame({"x": [1, 2], "y": [0, 1]}).write_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text('{"x": 1, "y": 0}\n{"x": 2, "y": 1}\n')
    (tmp_path / "t.csv").write_text("x;y\n1,5;0\n2,5;1\n")
    text = {"encoding": "utf-8", "delimiter": ";", "decimal": ","}
    unread = {"t.parquet": 3, "t.jsonl": 2, "t.csv": 0}
    for name, count in unread.items():
        recipe = parse_recipe({"data": {"source": name, "target": "y", **text}})
        reads = Reads(recipe)
        with reads.by("data"):
            infer_types(read_source(recipe.data, base=tmp_path), recipe.data, task=None)
        assert len([key for key in reads.unread(["data"]) if key[5:] in text]) == count
