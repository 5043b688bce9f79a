"""A table that nobody has seen ends well or is refused in words: never with a bug, nor without a mend."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from sweep.nasty import Nasty, nasty_tables
from sweep.walk import mends

RECIPE = """\
data: {source: table.csv, target: target}
training: {budget: 1s, threads: 1}
tracking: {kind: none}
"""
Command = Callable[..., tuple[int, dict[str, Any]]]
ENDS = {0, 2, 3}  # done; a fault of the recipe; a fault of the data


def look_at(table: Nasty, command: Command) -> None:
    """Run one table in a fresh folder and judge how it ended."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "table.csv").write_bytes(table.csv())
        (folder / "nasty.yaml").write_text(RECIPE)
        status, result = command("run", folder / "nasty.yaml", "--new")
        assert status in ENDS, (table, json.dumps(result)[:2000])
        if status:
            assert all(mends({"findings": [], **result})), table
        else:
            rows = result["rows"]
            assert rows["input"] == table.rows, table
            assert rows["input"] == sum(
                rows[part] for part in ("train", "validation", "test", "dropped")
            )


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
