from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl
import pytest

from trainwright.core.errors import DataError
from trainwright.core.protocols import Silent
from trainwright.data.reading import formats
from trainwright.data.reading.delimited import Delimited
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import BlockStore
from trainwright.data.staging.first import FirstPass, is_enough
from trainwright.data.staging.keeping import Keeper
from trainwright.data.staging.source import stage_source
from trainwright.data.staging.typed import TypedRows, type_rows
from trainwright.recipe import parse_recipe
from trainwright.recipe.data import DataSettings

NUM_ROWS = 600
COLUMNS = {
    "plain": lambda row: row * 0.5,
    "late word": lambda row: "odd" if row >= NUM_ROWS - 200 else row,
    "late zeros": lambda row: f"0{row}" if row >= NUM_ROWS - 50 else row + 1000,
    "late fraction": lambda row: row + 0.5 * (row == NUM_ROWS - 1),
    "flag": lambda row: row % 2,
    "late flag": lambda row: "yes" if row == NUM_ROWS - 1 else "no",
    "late month": lambda row: f"{1 + row % 12:02}/{13 if row > 500 else 5}/2020",
    "name": lambda row: f"name {row % 7} ",
    "gap": lambda row: "" if row % 9 else "NA",
    "y": lambda row: "ab"[row % 2],
}


def settings_of(**said: object) -> DataSettings:
    return parse_recipe({"data": {"source": "rows.csv", "target": "y", **said}}).data


def typed_rows(folder: Path, settings: DataSettings, *, once: bool, name: str) -> TypedRows:
    scratch = folder / name
    scratch.mkdir()
    first = FirstPass(settings, task=None, store=BlockStore(scratch / "typed")) if once else None
    arrays = Arrays(scratch)
    staged = stage_source(
        settings, base=folder, folder=scratch, arrays=arrays, keeper=Keeper(scratch / "kept"),
        progress=Silent(), first=first,
    )  # fmt: skip
    assert any(scratch.glob("source-*/rows.blocks")) is not once
    return type_rows(staged, settings, task=None, folder=scratch)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = {name: [str(value(row)) for row in range(NUM_ROWS)] for name, value in COLUMNS.items()}
    pl.DataFrame(rows).write_csv(tmp_path / "rows.csv")
    monkeypatch.setattr(formats, "Delimited", partial(Delimited, block_bytes=4_000))
    return tmp_path


@pytest.mark.parametrize("said", [{}, {"columns": {"plain": "category", "flag": "boolean"}}])
def test_rows_typed_as_they_pass_are_typed_as_by_two_looks_at_them(
    source: Path, said: dict[str, object]
) -> None:
    settings = settings_of(**said)
    once = typed_rows(source, settings, once=True, name="once")
    twice = typed_rows(source, settings, once=False, name="twice")
    names = list(COLUMNS)
    assert len(list(once.blocks(names))) > 3
    assert pl.concat(once.blocks(names)).equals(pl.concat(twice.blocks(names)))
    assert once.columns == twice.columns
    assert once.findings == twice.findings
    assert once.receipts == twice.receipts
    assert (once.target, once.source_key) == (twice.target, twice.source_key)


def test_a_file_that_changed_since_is_not_read_again(source: Path) -> None:
    settings = settings_of()
    scratch = source / "scratch"
    scratch.mkdir()
    first = FirstPass(settings, task=None, store=BlockStore(scratch / "typed"))
    staged = stage_source(
        settings, base=source, folder=scratch, arrays=Arrays(scratch),
        keeper=Keeper(scratch / "kept"), progress=Silent(), first=first,
    )  # fmt: skip
    text = (source / "rows.csv").read_text()
    (source / "rows.csv").write_text(text.replace("name 3", "name 4", 1))
    with pytest.raises(DataError, match="run again when nothing writes to it"):
        list(staged.blocks(["name"]))


def test_columns_that_are_no_plain_values_take_more_than_one_look() -> None:
    assert is_enough(settings_of(), None)
    assert not is_enough(settings_of(inputs={"text": "note"}), None)
    assert not is_enough(settings_of(labels={"annotators": ["a", "b"]}), None)
