"""A row's life is told by its name, and so is that of a line which reading found to be no row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


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
    status, found = trainwright("lineage", sales, "--row", "sales.csv:0")
    assert (status, found["row"]["row"]) == (0, 0)


@pytest.mark.parametrize(
    "row", ["sales.csv:line 9", "other.csv:line 1", "line 30", "sales.csv:300"]
)
def test_a_line_that_is_a_row_or_is_not_there_is_refused_with_how_to_name_one(
    trainwright, sales: str, row: str
):
    status, said = trainwright("lineage", sales, "--row", row)
    assert status == 2
    assert "among 300 rows and 4 lines that are none" in str(said)
    assert "SOURCE:line LINE" in str(said)
