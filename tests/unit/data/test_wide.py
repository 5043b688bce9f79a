"""What is asked of all columns at once is not asked again for each: a wide table costs as much a column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.data.prepare import prepare
from trainwright.data.staging.typed import TypedRows
from trainwright.recipe import parse_recipe
from trainwright.reports import data_plots

NUM_COLUMNS = 150


def counting(monkeypatch: pytest.MonkeyPatch, kind: type, name: str, *, few: int) -> list[int]:
    """Counts how often a property of wide tables is asked for."""
    asked: list[int] = []
    given = getattr(kind, name).fget

    def found(self: object) -> object:
        value = given(self)
        if len(value) > few:
            asked.append(len(value))
        return value

    monkeypatch.setattr(kind, name, property(found))
    return asked


def test_the_schema_of_all_columns_is_not_made_for_each(tmp_path: Path, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    rows = {f"g{n}": rng.normal(size=60).round(3) for n in range(NUM_COLUMNS)}
    rows |= {"y": rng.choice(["a", "b"], 60)}
    pl.DataFrame(rows).write_csv(tmp_path / "t.csv")
    recipe = parse_recipe({"name": "wide", "data": {"source": "t.csv", "target": "y"}})
    asked = [
        counting(monkeypatch, kind, "schema", few=NUM_COLUMNS // 2)
        for kind in (TypedRows, pl.DataFrame)
    ]
    prepare(
        recipe,
        base=tmp_path,
        snapshots=tmp_path / "snapshots",
        probe=lambda features, target, *, folds, task: np.full((len(target), 2), 0.5),
    )
    assert [len(one) < NUM_COLUMNS // 2 for one in asked] == [True, True], list(map(len, asked))


def test_only_the_plots_that_are_shown_are_drawn(monkeypatch) -> None:
    drawn = []
    monkeypatch.setattr(data_plots, "_column_figure", lambda name, _: drawn.append(name) or name)
    columns = [(f"g{n}", {}) for n in range(NUM_COLUMNS)]
    assert data_plots.column_figures(columns) == drawn == [f"g{n}" for n in range(12)]
