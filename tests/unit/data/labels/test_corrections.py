"""A file of corrections: which row, which column, which label, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.errors import DataError, RecipeError
from trainwright.data.labels.corrections import read_corrections

ROWS = np.array([0, 1, 2, 5])


def read(folder: Path, text: str) -> dict[str, dict[int, str]]:
    (folder / "c.csv").write_text(text)
    return read_corrections(
        folder / "c.csv", target="y", also=["news"], rows=ROWS, files=[("a.csv", 3), ("b.csv", 3)]
    )


def test_a_line_without_a_column_is_about_the_target(tmp_path: Path) -> None:
    assert read(tmp_path, "row,label\n1,ham\nb.csv:2,spam\n") == {"y": {1: "ham", 3: "spam"}}
    found = read(tmp_path, "row,column,label\n1,,ham\n1,news,yes\na.csv:2,y,spam\n")
    assert found == {"y": {1: "ham", 2: "spam"}, "news": {1: "yes"}}


def test_a_parquet_file_says_the_same(tmp_path: Path) -> None:
    frame = pl.DataFrame({"row": [5], "column": ["news"], "label": [True]})
    frame.write_parquet(tmp_path / "c.parquet")
    path = tmp_path / "c.parquet"
    found = read_corrections(path, target="y", also=["news"], rows=ROWS, files=[])
    assert found == {"news": {3: "true"}}


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ("4,news,yes", "row '4' is not there"),
        (",news,yes", "is not there"),
        ("1,size,big", "'size' is no column of labels"),
        ("1,news,yes\n1,news,no", "stands twice, with 'yes' and 'no'"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, lines: str, what: str) -> None:
    with pytest.raises(DataError, match=what):
        read(tmp_path, f"row,column,label\n{lines}\n")


def test_the_same_row_may_be_mended_in_two_columns_and_said_twice_alike(tmp_path: Path) -> None:
    found = read(tmp_path, "row,column,label\n1,news,yes\n1,,spam\n1,news,yes\n")
    assert found == {"news": {1: "yes"}, "y": {1: "spam"}}


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="has no column 'label'"):
        read(tmp_path, "row,column\n1,news\n")
