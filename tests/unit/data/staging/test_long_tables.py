"""A table that is worked on in many small parts gives the snapshot that it gives in one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from trainwright.data import prepare as stage
from trainwright.data.reading.delimited import Delimited
from trainwright.data.snapshot import load_profile, verify_snapshot
from trainwright.data.staging.arrays import Arrays
from trainwright.recipe import parse_recipe

ROWS = 3_000


def probe(
    features: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    folds: NDArray[np.int64],
    task: str,
) -> NDArray[np.float64]:
    """Knows nothing."""
    if task == "regression":
        return np.full(len(target), target.mean())
    return np.full((len(target), int(target.max()) + 1), 1 / (target.max() + 1))


def table() -> pl.DataFrame:
    """Copies, conflicts, gaps, rare classes, groups and times."""
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "x": random.normal(size=ROWS).round(3),
            "kind": random.choice(["red", "green", "blue"], ROWS),
            "who": random.choice([f"p{i}" for i in range(300)], ROWS),
            "note": [f"said {i % 900} and more, as one does" for i in range(ROWS)],
            "when": pl.datetime_range(
                pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 1) + pl.duration(hours=ROWS - 1), "1h",
                eager=True,
            ).dt.to_string("%Y-%m-%d %H:%M"),
            "part": random.choice(["train", "train", "validation", "test"], ROWS),
            "y": random.choice(["up", "down", "side"], ROWS, p=[0.6, 0.38, 0.02]),
        }
    )  # fmt: skip
    lost = pl.Series(random.random(ROWS) < 0.02)
    frame = frame.with_columns(y=pl.when(~lost).then(pl.col("y")))
    again = frame[100:160].with_columns(y=pl.lit("up"))
    return pl.concat([frame, frame[:50], again, frame[40:70]])


SPLITS = {
    "random": {},
    "dropping copies": {"duplicates": "drop"},
    "group": {"split": {"by": "group", "column": "who"}},
    "time": {"split": {"by": "time", "column": "when", "gap": "2d"}, "accept": ["leakage"]},
    "few days": {"split": {"by": "time", "column": "x"}, "accept": ["leakage"]},
    "group-time": {
        "split": {"by": "group-time", "column": "x", "group": "note"}, "accept": ["leakage"],
    },
    "given": {"split": {"by": "given", "column": "part"}, "accept": ["leakage"]},
    "regression": {"target": "x", "drop": ["note"]},
    "few distinct rows": {"drop": ["x", "who", "note", "when", "part"]},
}  # fmt: skip


@pytest.mark.parametrize("said", SPLITS.values(), ids=SPLITS.keys())
def test_many_small_parts_give_the_same_snapshot_as_one(
    said: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table().write_csv(tmp_path / "t.csv")
    recipe = parse_recipe({"data": {"source": "t.csv", "target": "y", **said}})
    whole = stage.prepare(recipe, base=tmp_path, snapshots=tmp_path / "one", probe=probe)
    monkeypatch.setattr(
        stage, "Arrays", partial(Arrays, in_memory=100, span_rows=97, sorted_rows=128)
    )
    monkeypatch.setattr(Delimited.__init__, "__defaults__", _small(Delimited.__init__.__defaults__))
    parts = stage.prepare(recipe, base=tmp_path, snapshots=tmp_path / "many", probe=probe)
    assert parts.hash == whole.hash
    assert parts.source_key == whole.source_key
    assert [f.to_json() for f in parts.findings] == [f.to_json() for f in whole.findings]
    assert load_profile(parts).to_json() == load_profile(whole).to_json()
    assert all(check.passed for check in verify_snapshot(parts.folder))
    assert {path.name for path in (tmp_path / "many").iterdir()} == {parts.hash, "prepared"}


def _small(defaults: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """Blocks of 8 KiB in place of 8 MiB."""
    assert defaults is not None
    return tuple(8 << 10 if value == 8 << 20 else value for value in defaults)
