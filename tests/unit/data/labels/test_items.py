"""What is shown of a row, what a row is called, and the label that it has already."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trainwright.core.errors import DataError
from trainwright.data.labels.items import MOST_TEXT, Items, read_items
from trainwright.recipe.data import DataSettings


def items_of(folder: Path, **data: object) -> Items:
    return read_items(DataSettings.model_validate(data), base=folder)


def test_a_text_is_shown_cut_at_its_most(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["x" * (MOST_TEXT + 5), None], "y": [" ham ", ""]}).write_csv(
        tmp_path / "mails.csv"
    )
    items = items_of(tmp_path, source="mails.csv", target="y", inputs={"text": "text"})
    assert items.kind == "text"
    assert items.ids == ("mails.csv:0", "mails.csv:1")
    assert items.show(0) == {"text": "x" * MOST_TEXT}
    assert items.show(1) == {"text": ""}
    assert items.given.to_list() == ["ham", None]


def test_a_row_is_its_fields_without_the_target_and_what_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,age,late\n1,31,yes\n2,,no\n")
    items = items_of(tmp_path, source="a.csv", target="late", drop=("id",))
    assert items.kind == "row"
    assert [items.show(row) for row in (0, 1)] == [
        {"fields": [["age", "31"]]},
        {"fields": [["age", ""]]},
    ]


def test_the_target_may_be_missing_from_the_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("age\n31\n22\n")
    assert items_of(tmp_path, source="a.csv", target="late").given.null_count() == 2


def test_rows_of_several_files_are_called_by_their_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("age\n31\n22\n")
    items = items_of(tmp_path, source=("a.csv", "b.csv"), target="late")
    assert items.ids == ("a.csv:0", "a.csv:1", "b.csv:0", "b.csv:1")


def test_the_hash_tells_what_is_shown_and_not_the_label(tmp_path: Path) -> None:
    def hashes(text: str) -> tuple[str, ...]:
        (tmp_path / "a.csv").write_text(text)
        return items_of(tmp_path, source="a.csv", target="y").shown

    one = hashes("a,b,y\n1,2,yes\n12,,no\n")
    assert hashes("a,b,y\n1,2,no\n12,,no\n") == one
    assert one[0] != one[1]
    assert hashes("a,b,y\n1,3,yes\n12,,no\n")[0] != one[0]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("age\n31\n22\n")
    with pytest.raises(DataError, match="the columns are age") as refused:
        items_of(tmp_path, source="a.csv", target="late", inputs={"text": "body"})
    assert "no column 'body'" in refused.value.what


def test_a_table_with_nothing_but_its_target_has_nothing_to_show(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("late\nyes\nno\n")
    with pytest.raises(DataError, match="nothing to show"):
        items_of(tmp_path, source="a.csv", target="late")


def test_the_kind_of_an_image_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    from PIL import Image

    kinds = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
    (tmp_path / "pictures").mkdir()
    for kind in kinds:
        Image.new("RGB", (2, 2)).save(tmp_path / "pictures" / kind.lower(), kind)
    pl.DataFrame({"file": [f"pictures/{kind.lower()}" for kind in kinds]}).write_csv(
        tmp_path / "a.csv"
    )
    items = items_of(tmp_path, source="a.csv", target="y", inputs={"image": "file"})
    assert [items.media_type(row) for row in range(len(kinds))] == list(kinds.values())
    assert items.show(1) == {"image": f"/image/1/{items.shown[1]}"}
