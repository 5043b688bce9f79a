"""The split to paste: in place of a random one, of a column of parts, of files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from detector_view import view_of, yes_no
from trainwright.data.leakage.remedies import split_by
from trainwright.recipe.loading import load_recipe

FRAME = pl.DataFrame({"x": [1.0, 2.0]}).with_columns(yes_no(pl.Series([True, False]).to_numpy()))
WANTED = "{by: group, column: site}"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ({}, "data: {split: {by: group, column: site}}"),
        (
            {"split": {"by": "given", "column": "my part"}},
            'data: {split: {by: group, column: site}, drop: ["my part"]}',
        ),
        (
            {"split": {"by": "given"}, "validation": "v.csv", "test": "t.csv"},
            "data: {split: {by: group, column: site}}"
            "  # with the rows of validation and test among those of source",
        ),
    ],
)
def test_what_was_given_is_out_of_the_way(said: dict[str, object], remedy: str) -> None:
    assert split_by(view_of(FRAME, **said), WANTED) == remedy


def test_what_is_pasted_is_a_recipe(tmp_path: Path) -> None:
    split = {"by": "given", "column": "part"}
    remedy = split_by(view_of(FRAME, split=split), WANTED, read="columns: {site: category}, ")
    (tmp_path / "r.yaml").write_text(remedy.replace("{", "{source: a.csv, target: y, ", 1))
    data = load_recipe(tmp_path / "r.yaml").data
    assert (data.split.by, data.split.column, data.drop) == ("group", "site", ("part",))
