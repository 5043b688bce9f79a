"""A row's life is told by its name, and so is that of a line which reading found to be no row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.errors import CommandError
from trainwright.flow.lineage import _line_of, _named, _position_of


@pytest.fixture
def sales(trainwright, tmp_path: Path) -> str:
    """A run on a sheet with a title, a row of units, totals and a note."""
    rng = np.random.default_rng(0)
    weight, price = rng.uniform(1, 9, 300).round(2), rng.uniform(1, 9, 300).round(2)
    rows = [f"{w},{'rgb'[int(w) % 3]},{p}" for w, p in zip(weight, price, strict=True)]
    lines = ["Sales of the year", "weight,colour,price", "(kg),,(EUR)", *rows]
    lines += [f"Total,,{price.sum():.2f}", "* as told by the shops"]
    (tmp_path / "sales.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "r.yaml").write_text(
        "name: sales\ndata: {source: sales.csv, target: price}\nmodel: {family: linear}\n"
        "training: {budget: 10s, threads: 1}\ntracking: {kind: none}\n"
    )
    status, run = trainwright("run", tmp_path / "r.yaml")
    assert status in (0, 1), run  # there is nothing to learn
    return str(run["run"])


def test_lines_that_are_no_rows_are_found_by_their_line(trainwright, sales: str):
    told = {}
    for row in ("sales.csv:line 1", "sales.csv:line 3", "line 304", "sales.csv:line 305"):
        status, found = trainwright("lineage", sales, "--row", row)
        assert status == 0, found
        assert found["row"]["row"] is None
        told[row] = (found["row"]["bucket"], found["row"]["step"], found["row"]["reason"])
    assert told == {
        "sales.csv:line 1": ("dropped", "reading", "not a row: a title above the header (line 1)"),
        "sales.csv:line 3": ("dropped", "reading", "not a row: units below the header (line 3)"),
        "line 304": ("dropped", "reading", "not a row: a row of totals (line 304)"),
        "sales.csv:line 305": ("dropped", "reading", "not a row: a note below the rows (line 305)"),
    }
    for row in ("sales.csv:0", "sales.csv:line 4", "line 4", "0"):
        status, found = trainwright("lineage", sales, "--row", row)
        assert status == 0, found
        assert (found["row"]["row"], found["row"]["line"]) == (0, 4)


@pytest.mark.parametrize(
    "row", ["sales.csv:line 2", "other.csv:line 1", "line 306", "sales.csv:300"]
)
def test_a_line_that_is_not_there_is_refused_with_how_to_name_one(
    trainwright, sales: str, row: str
):
    status, said = trainwright("lineage", sales, "--row", row)
    assert status == 2
    assert "among 300 rows and 4 lines that are none" in str(said)
    assert "SOURCE:line LINE" in str(said)


LEDGER = pl.DataFrame(
    {
        "row": [0, 1, 2, 3],
        "source": ["d/im", "d/im", "d/t.csv", "e/t.csv"],
        "position": [0, 1, 0, 0],
        "reason": [None] * 4,
    },
    schema_overrides={"reason": pl.String},
)
PATHS = pl.DataFrame({"row": [0, 1], "path": ["d/im/cat/0.png", "d/im/dog/0.png"]})


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("1", 1), ("d/im:1", 1), ("im:1", 1), ("im row 1", 1), ("d/im/dog/0.png", 1), ("dog/0.png", 1),
        ("./cat/0.png", 0), ("d/t.csv:0", 2), ("e/t.csv row 0", 3),
    ],
)  # fmt: skip
def test_a_row_is_named_by_number_source_or_path(name: str, row: int):
    assert _named(name, LEDGER, PATHS)["row"].to_list() == [row]


@pytest.mark.parametrize("name", ["t.csv:0", "0.png"])
def test_a_name_that_is_several_is_refused_with_one_in_full(name: str):
    with pytest.raises(CommandError, match="is 2 files") as caught:
        _named(name, LEDGER, PATHS)
    assert caught.value.mend in ("--row d/t.csv", "--row d/im/cat/0.png")


@pytest.mark.parametrize(
    ("position", "line"), [(0, 2), (9, 11), (10, None), (19, None), (20, 45), (25, 50)]
)
def test_lines_and_positions_go_both_ways(position: int, line: int | None):
    spans = {"source": ["t.csv"] * 3, "position": [0, 10, 20], "line": [2, None, 45]}
    lines = pl.DataFrame(spans)
    assert _line_of({"source": "t.csv", "position": position}, lines) == line
    if line is not None:
        assert _position_of("t.csv", line, lines) == position
    assert _position_of("t.csv", 30, lines) is None
    assert _position_of("u.csv", 45, lines) is None
    assert _line_of({"source": "t.csv", "position": position}, None) is None


def test_a_run_is_named_by_its_folder_too(trainwright, sales: str, tmp_path: Path):
    [folder] = [path for path in tmp_path.rglob(sales) if (path / "events.jsonl").is_file()]
    status, by_name = trainwright("audit", sales)
    assert trainwright("audit", str(folder)) == (status, by_name)
    assert "the package alone was audited" not in str(by_name)
