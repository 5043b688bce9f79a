"""Two snapshots side by side, and old ones collected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.errors import CommandError
from trainwright.flow.preparation import prepare
from trainwright.flow.snapshots import collect, diff
from trainwright.runs.workspace import Workspace


def table(rows: int = 300) -> pl.DataFrame:
    random = np.random.default_rng(6)
    size = random.normal(10, 2, rows).round(3)
    return pl.DataFrame(
        {
            "size": size,
            "town": random.choice(["Ulm", "Bonn", "Jena"], rows),
            "sold": np.where(size + random.normal(0, 3, rows) > 10, "yes", "no"),
        }
    )


def prepared(folder: Path, frame: pl.DataFrame, more: str = "") -> str:
    frame.write_csv(folder / "t.csv")
    (folder / "r.yaml").write_text(f"name: t\ndata: {{source: t.csv, target: sold{more}}}\n")
    return prepare(folder / "r.yaml", workspace=folder / "w")[0].hash


def test_what_came_went_and_changed_is_counted(tmp_path: Path):
    frame = table()
    first = prepared(tmp_path, frame)
    other = frame.with_columns(
        sold=pl.when(pl.int_range(300) == 5).then(pl.lit("no")).otherwise("sold"),
        size=pl.when(pl.int_range(300) < 3).then(99.5 + pl.int_range(300)).otherwise("size"),
    )
    flipped = int(frame["sold"][5] != "no")
    second = prepared(tmp_path, other.head(290))
    found = diff(first[:12], second[:12], workspace=tmp_path / "w")
    rows = found["rows"]
    assert (rows["first"], rows["second"]) == (300, 290)
    assert (rows["added"], rows["removed"], rows["kept"]) == (3, 13, 287)
    assert found["labels"]["changed"] == flipped
    assert found["schema"]["added"] == found["schema"]["removed"] == []
    assert found["distributions"]["town"] < 0.1


def test_of_equal_rows_as_little_as_can_be_has_changed(tmp_path: Path):
    """One of two equal rows with two labels goes: no label changed, whichever goes."""
    frame = table()
    twin = frame[7].with_columns(sold=pl.lit("no"))
    other = frame[7].with_columns(sold=pl.lit("yes"))
    rest = frame.filter(pl.int_range(300) != 7)
    first = prepared(tmp_path, pl.concat([rest, twin, other]))
    for stays in (twin, other):
        found = diff(first, prepared(tmp_path, pl.concat([rest, stays])), workspace=tmp_path / "w")
        assert (found["rows"]["kept"], found["rows"]["removed"]) == (300, 1)
        assert found["labels"]["changed"] == 0
    flipped = prepared(tmp_path, pl.concat([rest, twin, twin]))
    assert diff(first, flipped, workspace=tmp_path / "w")["labels"]["changed"] == 1


def test_equal_snapshots_differ_in_nothing_and_a_shift_shows(tmp_path: Path):
    first = prepared(tmp_path, table())
    same = diff(first, first, workspace=tmp_path / "w")
    assert (same["rows"]["added"], same["rows"]["removed"], same["rows"]["moved"]) == (0, 0, 0)
    assert same["distributions"]["size"] == 0
    moved = prepared(tmp_path, table().with_columns(pl.col("size") + 2))
    assert diff(first, moved, workspace=tmp_path / "w")["distributions"]["size"] > 0.25


def test_other_shares_of_the_classes_show(tmp_path: Path):
    first = prepared(tmp_path, table())
    assert diff(first, first, workspace=tmp_path / "w")["labels"]["distance"] == 0
    mostly = table().with_columns(
        sold=pl.when(pl.int_range(300) % 3 > 0).then(pl.lit("yes")).otherwise("sold")
    )
    second = prepared(tmp_path, mostly)
    assert diff(first, second, workspace=tmp_path / "w")["labels"]["distance"] > 0.25


def test_another_seed_moves_rows_and_a_dropped_column_is_named(tmp_path: Path):
    first = prepared(tmp_path, table())
    other = prepared(tmp_path, table(), ", drop: [town], split: {seed: 1}")
    found = diff(first, other, workspace=tmp_path / "w")
    assert found["schema"]["removed"] == ["town"]
    assert found["rows"]["kept"] == 300
    assert found["rows"]["moved"] > 50


def test_a_snapshot_that_a_run_names_is_never_collected(tmp_path: Path):
    first = prepared(tmp_path, table())
    second = prepared(tmp_path, table(200))
    run = Workspace.open(tmp_path / "w").new_run("t")
    run.event("started", snapshot=first)
    found = collect(workspace=tmp_path / "w")
    assert (found["kept"], found["removed"]) == ([first], [second])
    assert found["bytes"] > 0
    assert not (tmp_path / "w" / "snapshots" / second).exists()
    assert prepared(tmp_path, table(200)) == second  # it is made again


def test_a_snapshot_that_is_not_there_is_refused(tmp_path: Path):
    first = prepared(tmp_path, table())
    with pytest.raises(CommandError, match="no snapshot 'zz'"):
        diff(first, "zz", workspace=tmp_path / "w")


def test_snapshots_that_share_no_input_keep_no_row(tmp_path: Path):
    first = prepared(tmp_path, table())
    second = prepared(tmp_path, table().rename({"size": "length", "town": "place"}))
    found = diff(first, second, workspace=tmp_path / "w")
    assert found["rows"] == {
        "first": 300, "second": 300, "kept": 0, "added": 300, "removed": 300, "moved": 0,
    }  # fmt: skip
    assert found["labels"]["changed"] == 0


def test_labels_of_another_target_are_not_compared(tmp_path: Path):
    first = prepared(tmp_path, table())
    (tmp_path / "r.yaml").write_text("data: {source: t.csv, target: town}\n")
    other = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")[0].hash
    assert diff(first, other, workspace=tmp_path / "w")["labels"] == {
        "changed": None,
        "distance": None,
    }


def test_whole_numbers_of_many_rows_are_no_others_than_those_of_few(tmp_path: Path):
    """Beyond 8,192 rows the profile keeps buckets; half of both tables are fives, and an edge."""
    many = pl.concat(
        [table(9_000).with_columns(stars=pl.Series([1, 5, 5, 3, 4, 5] * 1_500)).head(9_000)] * 2
    )
    many = many.with_columns(
        size=pl.Series(np.random.default_rng(1).normal(10, 2, 18_000).round(3))
    )
    first, second = prepared(tmp_path, many.head(7_000)), prepared(tmp_path, many)
    found = diff(first[:12], second[:12], workspace=tmp_path / "w")
    assert found["distributions"]["stars"] < 0.02
