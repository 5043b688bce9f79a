"""Text files as rows: in the order of their paths, with the sub-folder as label."""

import os
from pathlib import Path

import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.reading import read_source, read_typed
from trainwright.data.reading.naming import named_hashes
from trainwright.recipe.data import DataSettings, Inputs


def settings(source="docs", **said):
    return DataSettings(source=source, target="label", **{"inputs": Inputs(text="text"), **said})


def read(folder, source="docs", **said):
    return read_source(settings(source, **said), base=folder)


def write(folder: Path, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


TWO = {"docs/bad/2.txt": "no\r\n", "docs/good/10.md": "yes, é", "docs/good/9.txt": ""}


def test_a_folder_of_nothing_but_documents_is_a_table_of_them(tmp_path):
    write(tmp_path, {**TWO, "docs/.git/x.bin": b"\0", "docs/good/_draft.txt": "?"})
    raw = read(tmp_path)
    assert raw.frame.columns == ["text", "path", "label"]
    assert raw.frame.rows() == [
        ("no\r\n", "bad/2.txt", "bad"),
        ("yes, é", "good/10.md", "good"),
        ("", "good/9.txt", "good"),
    ]
    assert raw.place(1) == "docs/good/10.md"


def test_without_sub_folders_there_is_no_label(tmp_path):
    write(tmp_path, {"docs/a.txt": "x", "docs/b.txt": "y"})
    assert read(tmp_path).frame.columns == ["text", "path"]


def test_beside_other_files_the_recipe_asks_for_documents(tmp_path):
    write(tmp_path, {**TWO, "docs/table.csv": "text,label\nx,y\n"})
    assert read(tmp_path).frame.height == 1  # the table
    assert read(tmp_path, read="documents").frame.height == 3


def test_text_files_without_inputs_are_tables_as_ever(tmp_path):
    write(tmp_path, {"docs/a.txt": "label,a\n1,2\n"})
    assert read(tmp_path, inputs=None).frame.to_dicts() == [{"label": "1", "a": "2"}]
    write(tmp_path, {"deep/pos/a.txt": "x"})
    with pytest.raises(DataError, match="matches no data file") as caught:
        read(tmp_path, "deep", inputs=None)
    assert "data: {read: documents}" in caught.value.mend


@pytest.mark.parametrize("pattern", ["docs/**/*.txt", "docs/*/*.txt"])
def test_a_pattern_names_documents_and_paths_start_where_it_does(tmp_path, pattern):
    write(tmp_path, TWO)
    raw = read(tmp_path, pattern, read="documents")
    assert raw.frame["path"].to_list() == ["bad/2.txt", "good/9.txt"]
    assert raw.frame["label"].to_list() == ["bad", "good"]
    assert raw.files[0].name == "docs"
    with pytest.raises(DataError, match="matches no data file"):
        read(tmp_path, "docs/*.rst", read="documents")


def test_one_file_is_a_table_of_one_document(tmp_path):
    write(tmp_path, {"a.txt": "hello, you"})
    assert read(tmp_path, "a.txt", read="documents").frame.rows() == [("hello, you", "a.txt")]


def test_encodings_are_told_by_mark_or_by_the_recipe(tmp_path):
    write(
        tmp_path, {"docs/a.txt": b"\xef\xbb\xbfcaf\xc3\xa9", "docs/b.txt": "café".encode("utf-16")}
    )
    assert read(tmp_path).frame["text"].to_list() == ["café"] * 2
    write(tmp_path, {"old/a.txt": b"caf\xe9"})
    assert read(tmp_path, "old", encoding="latin-1").frame["text"].to_list() == ["café"]
    with pytest.raises(RecipeError, match="no encoding is called 'klingon'"):
        read(tmp_path, "old", encoding="klingon")


def test_a_byte_that_is_none_is_told_with_file_and_place_for_up_to_ten_files(tmp_path):
    write(tmp_path, {f"docs/{i:02}.txt": b"caf\xe9" for i in range(12)})
    with pytest.raises(DataError, match=r"byte 3 of the file, 0xE9, is not UTF-8") as caught:
        read(tmp_path)
    assert [fault.where for fault in caught.value.faults] == [f"docs/{i:02}.txt" for i in range(10)]
    assert "latin-1" in caught.value.mend


def test_links_out_of_the_folder_pipes_and_giants_are_refused(tmp_path, monkeypatch):
    write(tmp_path, {"secret.txt": "s", "docs/a.txt": "x"})
    (tmp_path / "docs" / "b.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(DataError, match="leads out of the folder") as caught:
        read(tmp_path)
    assert caught.value.where == "docs/b.txt"
    (tmp_path / "docs" / "b.txt").unlink()
    os.mkfifo(tmp_path / "docs" / "b.txt")
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert caught.value.where == "docs/b.txt"
    (tmp_path / "docs" / "b.txt").unlink()
    monkeypatch.setattr("trainwright.data.reading.documents.LIMIT_DOCUMENT_BYTES", 10)
    write(tmp_path, {"docs/b.txt": "eleven byte"})
    with pytest.raises(DataError, match="11 bytes, more than"):
        read(tmp_path)


def test_a_link_that_leads_round_in_a_circle_is_refused_by_its_name(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").symlink_to("a.txt")
    (tmp_path / "docs" / "b.txt").write_text("sound")
    with pytest.raises(DataError, match="symbolic link") as caught:
        read(tmp_path)
    assert caught.value.where == "docs/a.txt"


def test_documents_come_in_blocks_and_all_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr("trainwright.data.reading.documents._BLOCK_ROWS", 4)
    write(tmp_path, {f"docs/{i % 2}/{i:02}.txt": f"text {i}" for i in range(10)})
    raw = read(tmp_path)
    assert raw.frame["text"].to_list() == [f"text {i}" for i in (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)]
    assert raw.frame["label"].to_list() == ["0"] * 5 + ["1"] * 5


def test_the_hash_goes_by_paths_and_bytes_and_is_known_before_reading(tmp_path):
    write(tmp_path, TWO)
    first = read(tmp_path).files[0].sha256
    assert named_hashes(settings(), tmp_path) == [("docs", first)]
    write(tmp_path, {"docs/bad/2.txt": "No\r\n"})
    assert read(tmp_path).files[0].sha256 != first


def test_a_model_reads_a_folder_of_documents(tmp_path):
    write(tmp_path, TWO)
    columns = [Column("text", ColumnType.TEXT), Column("label", ColumnType.CATEGORY)]
    (block,) = read_typed(tmp_path / "docs", columns, optional=["label"])
    assert block.frame["label"].to_list() == ["bad", "good", "good"]


def test_what_stands_beside_documents_is_told_by_its_endings(tmp_path):
    for name in ("d/a/1.txt", "d/b/2.txt", "d/b/3.pdf", "d/b/4.csv", "d/b/.5.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("hello")
    (tmp_path / "d" / "more").symlink_to(tmp_path / "d" / "a")
    raw = read_source(DataSettings(source="d", target="text", read="documents"), base=tmp_path)
    assert raw.frame.height == 2
    assert [(one.kind, one.severity, one.count) for one in raw.findings] == [
        ("unreadable", "warning", 3),
        ("unreadable", "warning", 1),
    ]
    told = raw.findings[0].message.rpartition(": ")[2].split(", ")
    assert set(told) == {".pdf (1)", ".csv (1)", "hidden (1)"}


def test_a_document_whose_name_is_no_text_is_told_by_its_bytes(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / os.fsdecode(b"d/\xff.txt")).write_text("hello")
    raw = read_source(DataSettings(source="d", target="text", read="documents"), base=tmp_path)
    assert raw.frame["path"].to_list() == [r"\xff.txt"]
    assert raw.place(0) == r"d/\xff.txt"
