"""A recipe of two lines on a real table ends well, or is refused with words that can be pasted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from sweep.tables import MANY, SMALL, Table
from sweep.walk import Command, merged, snippet, walk

SLACK_SECONDS = 3.0


def run_table(table: Table, command: Command, folder: Path, *, budget: int) -> dict[str, Any]:
    """Write the table, run it, and look whether the result can be right."""
    table.write(folder / "table.csv")
    recipe = {"data": {"source": "table.csv", "target": table.target}, "tracking": {"kind": "none"}}
    result = walk(command, folder, recipe, budget=budget)
    rows = result["rows"]
    assert rows["input"] == rows["train"] + rows["validation"] + rows["test"] + rows["dropped"]
    assert result["validation"]
    assert all(
        math.isfinite(number)
        for metric in result["validation"].values()
        for number in metric.values()
    )
    return result


@pytest.mark.parametrize("table", SMALL, ids=lambda table: table.id)
def test_a_small_real_table_goes_the_whole_way_with_a_recipe_of_two_lines(
    table, trainwright, tmp_path
):
    run_table(table, trainwright, tmp_path, budget=4)


@pytest.mark.slow
@pytest.mark.parametrize("table", MANY, ids=lambda table: table.id)
def test_a_real_table_goes_the_whole_way_with_a_recipe_of_two_lines(table, trainwright, tmp_path):
    result = run_table(table, trainwright, tmp_path, budget=10)
    assert result["seconds"] <= 10 + SLACK_SECONDS  # the snapshot was there already


@pytest.mark.parametrize(
    ("mend", "settings"),
    [
        ("data: {duplicates: drop}", {"data": {"duplicates": "drop"}}),
        ("task: regression", {"task": "regression"}),
        ('or say data: {columns: {"a}b": number}}', {"data": {"columns": {"a}b": "number"}}}),
        ("data: {drop: [a]}  # or data: {accept: [b]}", {"data": {"drop": ["a"]}}),
    ],
)
def test_what_a_mend_says_is_pasted(mend, settings):
    assert snippet(mend) == settings


def test_a_mend_without_settings_is_no_mend():
    with pytest.raises(AssertionError, match="nothing to paste"):
        snippet("look at the data")


def test_pasting_joins_sections_and_lengthens_lists():
    recipe = {"data": {"source": "a", "accept": ["x"]}}
    assert merged(recipe, {"data": {"accept": ["y"], "drop": ["z"]}}) == {
        "data": {"source": "a", "accept": ["x", "y"], "drop": ["z"]}
    }
