"""Rows and lines."""

from pathlib import Path

import numpy as np
import polars as pl

from trainwright.data.reading import read_source
from trainwright.data.reading.tables import LineMap
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


def test_blocks_of_rows_that_go_on_in_step_with_lines_are_one_span():
    parted = np.array([30, 33, 34])
    lines = LineMap((0, 10, 20, 23, 26, 30), (2, 12, parted, parted + 10, 50, 55))
    assert lines.spans() == [(0, 2), (20, 30), (21, 33), (23, 40), (24, 43), (26, 50), (30, 55)]
    often = LineMap((0, 70_000), (np.arange(0, 140_000, 2), 200_000))
    assert often.spans() == [(0, None), (70_000, 200_000)]
    assert [lines.line(row) for row in (0, 19, 21, 26, 31)] == [2, 21, 33, 50, 56]
