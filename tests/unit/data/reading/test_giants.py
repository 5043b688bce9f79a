"""A book is a document like any other, however it is kept; what is larger is refused by its place."""

from __future__ import annotations

import json

import polars as pl
import pytest

from trainwright.core.errors import DataError
from trainwright.data.reading import jsonlines, read_source
from trainwright.recipe.data import DataSettings, Inputs

BOOK = "Zwölf Boxkämpfer jagen Eva.\n" * 350_000  # 10 MB
FILES = ("docs", "t.jsonl", "t.parquet", "t.arrow")


def write(folder, name, texts):
    frame = pl.DataFrame({"text": texts, "note": ["x"] * len(texts)})
    if name == "docs":
        (folder / name).mkdir()
        for at, text in enumerate(texts):
            (folder / name / f"{at}.txt").write_text(text)
    elif name == "t.jsonl":
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in frame.to_dicts()))
    elif name == "t.parquet":
        frame.write_parquet(folder / name)
    else:
        frame.write_ipc(folder / name)


def read(folder, name, **said):
    inputs = {"inputs": Inputs(text="text")} if name == "docs" else {}
    return read_source(DataSettings(source=name, target="note", **inputs, **said), base=folder)


@pytest.mark.parametrize("name", FILES)
def test_a_document_of_ten_megabytes_is_a_row(tmp_path, name):
    assert len(BOOK.encode()) > 10_000_000
    write(tmp_path, name, ["short", BOOK])
    assert read(tmp_path, name).frame["text"].to_list() == ["short", BOOK]


@pytest.mark.parametrize(
    ("name", "place"),
    list(zip(FILES, ("docs/1.txt", ":2", " row 1", " row 1"), strict=True)),
)
def test_one_that_is_larger_than_a_document_may_be_is_refused_alike(
    tmp_path, name, place, monkeypatch
):
    for module in ("documents", "giants"):
        monkeypatch.setattr(f"trainwright.data.reading.{module}.LIMIT_DOCUMENT_BYTES", 1000)
    write(tmp_path, name, ["short", "ö" * 501])
    with pytest.raises(DataError, match="1002 bytes, more than the 0 MiB of a document") as caught:
        read(tmp_path, name)
    assert caught.value.where.endswith(place)
    assert "cut it into parts" in caught.value.mend


@pytest.mark.parametrize("name", FILES[1:])
def test_a_column_that_is_left_out_may_hold_anything(tmp_path, name, monkeypatch):
    monkeypatch.setattr("trainwright.data.reading.giants.LIMIT_DOCUMENT_BYTES", 1000)
    write(tmp_path, name, ["short", "ö" * 501])
    assert read(tmp_path, name, drop=("text",)).frame["note"].to_list() == ["x", "x"]


def test_json_lines_come_in_blocks_of_rows_and_of_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonlines, "_BLOCK_BYTES", 300)
    texts = [letter * 100 for letter in "abcdefg"]
    write(tmp_path, "t.jsonl", texts)
    with (tmp_path / "t.jsonl").open("rb") as stream:
        blocks = list(jsonlines.JsonLines(stream, "t.jsonl").blocks())
    assert [block.frame.height for block in blocks] == [3, 3, 1]
    assert [block.lines for block in blocks] == [1, 4, 7]
    assert [text for block in blocks for text in block.frame["0"]] == texts


def test_a_line_without_end_is_refused_before_it_fills_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonlines, "LIMIT_LINE_BYTES", 1 << 20)
    (tmp_path / "t.jsonl").write_bytes(b'{"a": 1}\n[' + b'{"a": 2}, ' * 2_000_000)
    with pytest.raises(DataError, match=r"a line of more than 1 MiB begins here: '\[{") as caught:
        read(tmp_path, "t.jsonl")
    assert caught.value.where == "t.jsonl:2"
    assert "jq" in caught.value.mend
