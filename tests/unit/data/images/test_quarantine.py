"""Images that cannot be decoded are refused by name, or their rows are left out within a budget."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from trainwright.core.artifacts import Snapshot
from trainwright.core.errors import DataError
from trainwright.data.images.marks import marked, read_mark
from trainwright.data.prepare import prepare
from trainwright.data.snapshot import read_ledger, verify_snapshot
from trainwright.recipe import parse_recipe


def no_probe(*arguments: object, **settings: object) -> np.ndarray:
    raise AssertionError("a lone column is not probed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty sound images of three classes, and two that are not."""
    rng = np.random.default_rng(0)
    for row in range(60):
        path = tmp_path / "d" / str(row % 3) / f"{row:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (5, 5), dtype=np.uint8)).save(path)
    (tmp_path / "d" / "1" / "004x.png").write_bytes(b"no image at all")
    whole = (tmp_path / "d" / "2" / "005.png").read_bytes()
    (tmp_path / "d" / "2" / "005x.png").write_bytes(whole[: len(whole) // 2])
    return tmp_path


def prepared(folder: Path, **data: Any) -> Snapshot:
    recipe = parse_recipe({"data": {"source": "d", "target": "label", **data}})
    return prepare(recipe, base=folder, snapshots=folder / "s", probe=no_probe)


def test_without_a_budget_damaged_images_are_refused_by_name(folder):
    with pytest.raises(DataError) as caught:
        prepared(folder)
    told = [fault.where for fault in (caught.value, *caught.value.others)]
    assert told == ["d/1/004x.png", "d/2/005x.png"]


@pytest.mark.parametrize("budget", [2, 5, 0.05])
def test_within_a_budget_their_rows_are_left_out_with_what_the_decoder_said(folder, budget):
    snapshot = prepared(folder, unreadable={"quarantine": budget})
    dropped = read_ledger(snapshot).filter(pl.col("bucket") == "dropped")
    assert dropped["step"].to_list() == ["unreadable"] * 2
    assert "no image: it begins with b'no image'" in dropped["reason"][0]
    assert "damaged" in dropped["reason"][1]
    (said,) = [finding for finding in snapshot.findings if finding.kind == "unreadable"]
    assert said.rows == tuple(dropped["row"])
    assert not [finding for finding in snapshot.findings if finding.kind == "duplicate"]
    assert all(check.passed for check in verify_snapshot(snapshot.folder))


@pytest.mark.parametrize("budget", [1, 0.02])
def test_more_than_the_budget_stops_the_run_and_names_them(folder, budget):
    with pytest.raises(DataError, match="2 images cannot be decoded, more than the 1") as caught:
        prepared(folder, unreadable={"quarantine": budget})
    assert [fault.where for fault in caught.value.others] == ["d/1/004x.png", "d/2/005x.png"]


def test_bytes_in_a_column_are_left_out_likewise(tmp_path):
    rng = np.random.default_rng(0)
    files = []
    for row in range(60):
        path = tmp_path / f"{row}.png"
        Image.fromarray(rng.integers(0, 256, (5, 5), dtype=np.uint8)).save(path)
        files.append(path.read_bytes())
    files[7] = base64.b64encode(files[7])
    frame = pl.DataFrame({"picture": files, "label": ["a", "b"] * 30})
    frame.write_parquet(tmp_path / "t.parquet")
    recipe = parse_recipe({"data": {"source": "t.parquet", "target": "label", "inputs": {"image": "picture"},
                                    "unreadable": {"quarantine": 1}}})  # fmt: skip
    snapshot = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    assert snapshot.rows["dropped"] == 1


def test_a_mark_gives_back_what_it_says():
    assert read_mark(marked("d/é.png", "damaged: x")) == ("d/é.png", "damaged: x")
