"""Image files are found in one order, proved sound, and never read from outside the folder named."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from trainwright.core.errors import DataError
from trainwright.data.images.files import (
    Place,
    folder_key,
    image_column,
    is_image_folder,
    list_images,
    read_images,
)


def write(path: Path, *, value: int = 0) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 4), value, dtype=np.uint8)).save(stream, "PNG")
    path.write_bytes(stream.getvalue())
    return stream.getvalue()


def place(row: int) -> str:
    return f"t.csv:{row + 2}"


def test_images_are_listed_in_the_order_of_paths_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/1.PNG", "a/sub/0.png", ".x/1.png", "a/.1.png", "_y/1.png", "z.png"):
        write(tmp_path / name)
    (tmp_path / "a" / "notes.txt").write_text("no image")
    assert list_images(tmp_path) == ["a/1.PNG", "a/sub/0.png", "b/2.png", "z.png"]
    assert is_image_folder(tmp_path)
    assert not is_image_folder(tmp_path / ".x" / "nothing")


def test_the_key_of_a_folder_moves_with_names_and_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png")
    first = folder_key(tmp_path)
    write(tmp_path / "a" / "1.png", value=9)
    second = folder_key(tmp_path)
    (tmp_path / "a" / "1.png").rename(tmp_path / "a" / "2.png")
    assert len({first, second, folder_key(tmp_path)}) == 3


def test_every_damaged_image_is_named_up_to_ten(tmp_path: Path) -> None:
    names = [f"{number:02}.png" for number in range(12)]
    for name in names:
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    with pytest.raises(DataError, match="image") as caught:
        read_images([Place(name, f"f/{name}") for name in names], roots=[tmp_path])
    assert [fault.where for fault in caught.value.faults] == [f"f/{name}" for name in names[:10]]
    assert all("remove it" in fault.mend for fault in caught.value.faults)


@pytest.mark.parametrize(
    "path", ["../secret.png", "in/../../secret.png", "link.png", "sub/one.png"]
)
def test_what_lies_outside_is_not_read(path: str, tmp_path: Path) -> None:
    write(tmp_path / "secret.png")
    folder = tmp_path / "data"
    (folder / "in").mkdir(parents=True)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    write(tmp_path / "elsewhere" / "one.png")
    (folder / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="leads out of data"):
        read_images([Place(path, path)], roots=[folder])


def test_an_absolute_path_outside_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "secret.png")
    (tmp_path / "data").mkdir()
    secret = str(tmp_path / "secret.png")
    with pytest.raises(DataError, match="leads out of data"):
        read_images([Place(secret, secret)], roots=[tmp_path / "data"])


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    data = write(tmp_path / "one.png")
    (tmp_path / "two.png").symlink_to(tmp_path / "one.png")
    assert read_images([Place("two.png", "two.png")], roots=[tmp_path]) == [data]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match="not a regular file") as caught:
        read_images([Place("pipe.png", "pipe.png")], roots=[tmp_path])
    assert "plain file" in caught.value.mend


def test_paths_in_a_column_become_bytes_and_empty_ones_are_missing(tmp_path: Path) -> None:
    data = write(tmp_path / "pictures" / "1.png")
    paths = pl.Series("scan", ["pictures/1.png", None, "  "])
    found = image_column(paths, roots=[tmp_path], place=place)
    assert found.dtype == pl.Binary
    assert found.to_list() == [data, None, None]


def test_the_second_root_counts_where_the_first_has_no_such_file(tmp_path: Path) -> None:
    data = write(tmp_path / "table" / "1.png")
    roots = [tmp_path, tmp_path / "table"]
    assert image_column(pl.Series("scan", ["1.png"]), roots=roots, place=place).to_list() == [data]


def test_a_missing_file_is_told_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such image") as caught:
        image_column(pl.Series("scan", [None, "gone.png"]), roots=[tmp_path], place=place)
    assert caught.value.where == "t.csv:3: 'gone.png'"
    assert "mend the path" in caught.value.mend


def test_structs_of_bytes_and_path_give_their_bytes(tmp_path: Path) -> None:
    data = write(tmp_path / "1.png")
    structs = pl.Series("scan", [{"bytes": data, "path": "1.png"}, {"bytes": None, "path": None}])
    assert image_column(structs, roots=[tmp_path], place=place).to_list() == [data, None]
    paths = pl.DataFrame(
        {"scan": [{"bytes": None, "path": "1.png"}]},
        schema={"scan": pl.Struct({"bytes": pl.Binary, "path": pl.String})},
    )
    assert image_column(paths["scan"], roots=[tmp_path], place=place).to_list() == [data]


def test_bytes_that_are_no_image_are_told_by_their_row(tmp_path: Path) -> None:
    files = pl.Series("scan", [write(tmp_path / "1.png"), b"no"], dtype=pl.Binary)
    with pytest.raises(DataError, match="no image") as caught:
        image_column(files, roots=[tmp_path], place=place)
    assert caught.value.where == "t.csv:3, column 'scan'"


def test_a_column_of_numbers_is_no_column_of_images(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither paths") as caught:
        image_column(pl.Series("scan", [1.5]), roots=[tmp_path], place=place)
    assert "image: COLUMN" in caught.value.mend
