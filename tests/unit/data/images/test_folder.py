"""A folder whose sub-folders are classes becomes a table, and a snapshot whose images are mapped."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from trainwright.core.artifacts import Split
from trainwright.core.columns import ColumnType, Task
from trainwright.core.errors import DataError
from trainwright.data.images.folder import read_folder
from trainwright.data.look import look
from trainwright.data.prepare import prepare
from trainwright.data.reading.typed import read_typed
from trainwright.data.snapshot import load_profile, read_places, read_split, verify_snapshot
from trainwright.recipe.loading import load_recipe
from trainwright.summaries.profile import draw_rows


def no_probe(*arguments: object, **settings: object) -> np.ndarray:
    raise AssertionError("a lone column is not probed")


def digits(folder: Path, *, rows: int = 60) -> Path:
    rng = np.random.default_rng(0)
    for row in range(rows):
        path = folder / str(row % 3) / f"{row:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (5, 5), dtype=np.uint8)).save(path)
    return folder


def test_sub_folders_are_labels_and_images_beside_them_have_none(tmp_path: Path) -> None:
    digits(tmp_path / "d", rows=4)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "d" / "lone.png")
    (tmp_path / "d" / "README").write_text("hello")
    frame, source, findings = read_folder(tmp_path / "d", name="d")
    assert frame.columns == ["image", "label"]
    assert frame["label"].to_list() == ["0", "0", "1", "2", None]
    assert [source.place(row) for row in (0, 4)] == ["d/0/000.png", "d/lone.png"]
    assert [(one.count, one.severity) for one in findings] == [(1, "info")]
    assert "hidden: no ending (1)" in findings[0].message


def test_pictures_of_other_formats_are_warned_of_by_their_endings(tmp_path: Path) -> None:
    digits(tmp_path / "d", rows=4)
    for name in ("0/a.HEIC", "1/b.heic", ".hidden.png", "notes.txt"):
        (tmp_path / "d" / name).write_bytes(b"ftypheic")
    _, _, (one,) = read_folder(tmp_path / "d", name="d")
    assert (one.severity, one.count) == ("warning", 4)
    assert one.message.endswith(".heic (2), hidden (1), .txt (1)")


def test_a_link_to_a_folder_and_a_sub_folder_without_images_are_told(tmp_path: Path) -> None:
    digits(tmp_path / "d", rows=4)
    (tmp_path / "d" / "9").mkdir()
    (tmp_path / "d" / "0" / "more").symlink_to(tmp_path / "d" / "1")
    frame, _, findings = read_folder(tmp_path / "d", name="d")
    assert frame.height == 4
    assert [(one.kind, one.severity) for one in findings] == [
        ("unreadable", "warning"),
        ("schema", "warning"),
    ]
    assert findings[0].message.endswith("links to folders are passed over: 'more'")
    assert findings[1].message.endswith("'9'")


def test_a_name_that_is_no_text_is_told_by_its_bytes(tmp_path: Path) -> None:
    digits(tmp_path / "d", rows=60)
    odd = os.fsdecode(os.fsencode(tmp_path / "d" / "0") + b"/\xff.png")
    (tmp_path / "d" / "0" / "000.png").rename(odd)
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    snapshot = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    _, source, _ = read_folder(tmp_path / "d", name="d")
    assert snapshot.rows["input"] == 60
    assert r"d/0/\xff.png" in {source.place(row) for row in range(60)}
    assert r"0/\xff.png" in [
        path
        for block in read_typed(tmp_path / "d", snapshot.inputs)
        for path in block.frame["path"]
    ]


def test_a_folder_whose_first_and_last_image_are_equal_is_prepared(tmp_path: Path) -> None:
    folder = digits(tmp_path / "d")
    (folder / "2" / "059.png").write_bytes((folder / "0" / "000.png").read_bytes())
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    snapshot = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    assert snapshot.rows["input"] == 60


def test_rows_that_are_files_are_named_by_their_paths(tmp_path: Path) -> None:
    digits(tmp_path / "d")
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "d" / "lone.png")
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    snapshot = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    places = read_places(snapshot, range(61))
    assert read_places(snapshot, [60])["place"].to_list() == ["d/lone.png"]
    assert places["place"].to_list()[::60] == ["d/0/000.png", "d/lone.png"]
    assert places.filter(pl.col("bucket") == "dropped")["place"].to_list() == ["d/lone.png"]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no images") as caught:
        read_folder(tmp_path, name="empty")
    assert "sub-folder a class" in caught.value.mend


def test_a_folder_becomes_a_snapshot_and_equal_bytes_give_it_again(tmp_path: Path) -> None:
    digits(tmp_path / "d")
    (tmp_path / "d" / "notes.txt").write_text("scanned in May\n")
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    snapshot = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    assert [(column.name, column.type) for column in snapshot.inputs] == [
        ("image", ColumnType.IMAGE)
    ]
    train = read_split(snapshot, Split.TRAIN)
    assert train["image"].dtype == pl.Binary
    assert train["image"][0].startswith(b"\x89PNG")
    assert (snapshot.folder / "train.images.arrow").exists()
    assert read_split(snapshot, Split.TRAIN, columns=["label"]).columns == ["label"]
    assert all(check.passed for check in verify_snapshot(snapshot.folder))
    again = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    assert again.hash == snapshot.hash


def test_another_pixel_is_another_snapshot_and_copies_are_told(tmp_path: Path) -> None:
    folder = digits(tmp_path / "d")
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    first = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    (folder / "0" / "000.png").write_bytes((folder / "0" / "003.png").read_bytes())
    second = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    assert second.hash != first.hash
    assert "duplicate" in [finding.kind for finding in second.findings]
    assert "duplicate" not in [finding.kind for finding in first.findings]


def test_a_changed_file_of_images_is_found_out(tmp_path: Path) -> None:
    digits(tmp_path / "d")
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    snapshot = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    file = snapshot.folder / "train.images.arrow"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    failed = [check.name for check in verify_snapshot(snapshot.folder) if not check.passed]
    assert failed == ["snapshot: train.images.arrow"]


def test_a_damaged_image_stops_the_preparation_by_name(tmp_path: Path) -> None:
    folder = digits(tmp_path / "d")
    (folder / "1" / "001.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    with pytest.raises(DataError, match="image") as caught:
        prepare(
            load_recipe(tmp_path / "r.yaml"),
            base=tmp_path,
            snapshots=tmp_path / "s",
            probe=no_probe,
        )
    assert caught.value.where == "d/1/001.png"


def test_rows_drawn_from_the_profile_hold_noise_and_no_image_of_anybodys(tmp_path: Path) -> None:
    digits(tmp_path / "d")
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    snapshot = prepare(
        load_recipe(tmp_path / "r.yaml"),
        base=tmp_path,
        snapshots=tmp_path / "s",
        probe=no_probe,
    )
    profile = load_profile(snapshot)
    assert profile["image"].top == {"5x5x1": 42}
    assert 90 < (profile["image"].quantiles.min or 0) < 160  # type: ignore[union-attr]
    rows = draw_rows(profile, snapshot.inputs, count=4, seed=0)
    assert rows[0] == {"image": None}
    assert rows == draw_rows(profile, snapshot.inputs, count=4, seed=0)
    assert len({row["image"] for row in rows}) == 4


def test_a_first_look_shows_no_bytes(tmp_path: Path) -> None:
    seen = look(digits(tmp_path / "d"), target="label")
    assert [(one.column.name, one.examples) for one in seen.columns] == [
        ("image", ()),
        ("label", ("0.0", "1.0", "2.0")),
    ]
    assert seen.task is Task.CLASSIFICATION
