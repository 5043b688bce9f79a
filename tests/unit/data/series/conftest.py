"""Stage 1 over small long tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trainwright.core.artifacts import Snapshot
from trainwright.data.prepare import prepare
from trainwright.recipe import Reads, parse_recipe

Make = Callable[..., Snapshot]


def no_probe(*_: object, **__: object) -> Any:
    raise AssertionError("series are not asked for leaks")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Stage 1 of a table with these `data` settings."""

    def made(frame: pl.DataFrame, *, task: str | None, **data: Any) -> Snapshot:
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
