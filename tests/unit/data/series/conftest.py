"""Small long tables, and stage 1 over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Snapshot
from trainwright.data.prepare import prepare
from trainwright.recipe import Reads, parse_recipe

Make = Callable[..., Snapshot]


def no_probe(*_: object, **__: object) -> Any:  # noqa: ANN401
    raise AssertionError("series are not asked for leaks")


def classes(num_series: int = 60) -> pl.DataFrame:
    """Ragged series of two channels and two classes, rows in no order."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "id": f"s{number}",
            "t": step,
            "x": rng.normal(),
            "y": rng.normal(),
            "label": "ab"[number % 2],
        }
        for number in range(num_series)
        for step in range(4 + number % 3)
    ]
    return pl.DataFrame(rows).sample(fraction=1.0, shuffle=True, seed=1)


def shops(steps: int = 120) -> pl.DataFrame:
    """Two series of a season of 6, and a further column."""
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        [
            {
                "shop": shop,
                "t": step,
                "sales": np.sin(step * np.pi / 3) + 0.1 * rng.normal() + 5 * number,
                "rain": rng.normal(),
            }
            for number, shop in enumerate(("A", "B"))
            for step in range(steps)
        ]
    )


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Stage 1 of a table with these `data` settings."""

    def made(frame: pl.DataFrame, *, task: str | None, **data: Any) -> Snapshot:  # noqa: ANN401
        frame.write_csv(tmp_path / "data.csv")
        document = {
            "data": {"source": "data.csv", **data},
            "model": {"family": "baseline"},
            **({"task": task} if task else {}),
        }
        recipe = parse_recipe(document)
        snapshots = tmp_path / "snapshots"
        return prepare(
            recipe, base=tmp_path, snapshots=snapshots, probe=no_probe, reads=Reads(recipe)
        )

    return made
