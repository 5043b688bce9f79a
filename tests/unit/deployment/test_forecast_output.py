"""A forecast's lines: a column a step in CSV, one list elsewhere."""

from __future__ import annotations

import json

import polars as pl

from trainwright.deployment.writers import CsvWriter, JsonLinesWriter

TABLE = pl.DataFrame(
    {"row": [0, 1], "id": ["=A", "B"], "prediction": [[1.0, 2.0], [3.0, 4.0]]},
    schema={"row": pl.Int64, "id": pl.String, "prediction": pl.Array(pl.Float64, 2)},
)


def test_csv_has_a_column_a_step() -> None:
    writer = CsvWriter()
    text = (writer.head(TABLE.clear()) + writer.lines(TABLE)).decode()
    assert text.splitlines() == [
        "row,id,prediction_1,prediction_2",
        "0,'=A,1.0,2.0",
        "1,B,3.0,4.0",
    ]


def test_json_lines_have_one_list() -> None:
    lines = JsonLinesWriter().lines(TABLE).decode().splitlines()
    assert json.loads(lines[1]) == {"row": 1, "id": "B", "prediction": [3.0, 4.0]}


def test_a_file_whose_name_is_a_formula_is_inert_in_a_csv():
    lines = CsvWriter().lines(
        pl.DataFrame({"row": [0], "path": ["=cmd|calc.png"], "prediction": ["a"]})
    )
    assert lines == b"0,'=cmd|calc.png,a\n"
