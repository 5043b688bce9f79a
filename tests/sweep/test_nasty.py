"""A table that nobody has seen ends well or is refused in words: never with a bug, nor without a mend."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from sweep.nasty import Nasty, nasty_tables
from sweep.walk import NotPasted, mends, merged, snippet

RECIPE = {
    "data": {"source": "table.csv", "target": "target"},
    "training": {"budget": "1s", "threads": 1},
    "tracking": {"kind": "none"},
}
Command = Callable[..., tuple[int, dict[str, Any]]]
ENDS = {0, 2, 3}  # done; a fault of the recipe; a fault of the data
PASTES = 3


def look_at(table: Nasty, command: Command) -> None:
    """Run one table in a fresh folder, pasting what can be pasted, and judge how it ended."""
    with tempfile.TemporaryDirectory() as name:
        folder, recipe = Path(name), RECIPE
        (folder / "table.csv").write_bytes(table.csv())
        for _ in range(PASTES):
            (folder / "nasty.yaml").write_text(yaml.safe_dump(recipe, allow_unicode=True))
            status, result = command("run", folder / "nasty.yaml", "--new")
            assert status in ENDS, (table, recipe, result)
            if status == 0:
                break
            found = mends({"findings": [], **result})
            try:
                recipe = reduce(merged, map(snippet, found), recipe)
            except NotPasted:
                return  # the file has to be changed, or another target named
        if status == 0:
            rows = result["rows"]
            parts = ("train", "validation", "test", "dropped")
            assert rows["input"] == table.rows == sum(rows[part] for part in parts), table


SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=SHARED, database=None
)
@given(table=nasty_tables())
def test_a_nasty_table_ends_well_or_is_refused_in_words(table, trainwright):
    look_at(table, trainwright)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=SHARED)
@given(table=nasty_tables())
def test_many_nasty_tables_end_well_or_are_refused_in_words(table, trainwright):
    look_at(table, trainwright)
