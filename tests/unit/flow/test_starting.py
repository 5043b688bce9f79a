"""The recipe that `init` writes is read back, whatever stands in the data."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trainwright.core.errors import CommandError
from trainwright.flow.starting import init
from trainwright.recipe import load_recipe

NASTY = ["a\nb: 1", "#x", "y: {z", "'", '"', "{{7*7}}", "ünï", "no", "12:30", "-", "a, b"]


@pytest.mark.parametrize("name", NASTY)
def test_a_hostile_column_name_cannot_break_out_of_the_recipe(tmp_path: Path, name: str):
    frame = pl.DataFrame(
        {name: [f"v\n- {i % 3}" for i in range(60)], "t": [i % 2 for i in range(60)]}
    )
    frame.write_csv(tmp_path / "d.csv")
    started = init(tmp_path / "d.csv", target=name, output=tmp_path / "r.yaml")
    recipe = load_recipe(started.recipe)
    assert recipe.data.target == name.strip()
    assert recipe.data.source == "d.csv"
    assert recipe.data.drop == ()


def test_a_recipe_that_is_there_is_not_overwritten(tmp_path: Path):
    (tmp_path / "r.yaml").write_text("mine")
    pl.DataFrame({"a": [1, 2] * 30, "b": [1, 2] * 30}).write_csv(tmp_path / "d.csv")
    with pytest.raises(CommandError, match="not overwritten"):
        init(tmp_path / "d.csv", target="b", output=tmp_path / "r.yaml")
    assert (tmp_path / "r.yaml").read_text() == "mine"
