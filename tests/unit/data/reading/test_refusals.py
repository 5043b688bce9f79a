"""Bad files: each is refused with its line and a mend, or read as it was meant."""

# ruff: noqa: E501 - tables of cases, one a line

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as arrow_parquet
import pytest

from trainwright.core.errors import DataError, RecipeError
from trainwright.data.reading import read_source
from trainwright.recipe.data import DataSettings


def read(folder: Path, name: str = "t.csv", **settings):
    return read_source(DataSettings(source=name, target="y", **settings), base=folder)


@dataclass
class Refused:
    content: bytes
    what: str
    where: str
    mend: str
    name: str = "t.csv"


GOOD = b"a,b,y\n" + b"1,2,3\n" * 3
REFUSED = {
    "empty file": Refused(b"", "the file is empty", "t.csv", "header and rows"),
    "header only": Refused(b"a,b,y\n", "0 data rows", "t.csv", "has rows"),
    "only newlines": Refused(b"\n\n\n", "only blank lines", "t.csv", "header and rows"),
    "latin-1": Refused(
        b"a,y\nx,1\ncaf\xe9,2\n", "0xE9 is not UTF-8", "t.csv:3:4", "encoding: latin-1"
    ),
    "windows": Refused(b"a,y\n\x93x\x94,1\n", "0x93 is not UTF-8", "t.csv:2:1", "encoding: cp1252"),
    "bad byte far down": Refused(
        b"a,y\n" + "é,1\n".encode() * 500_000 + b"caf\xe9,2\n", "0xE9", "t.csv:500002:4", "encoding"
    ),
    "short row": Refused(GOOD + b"1,2\n", "has 2 fields, expected 3", "t.csv:5", "mend the row"),
    "long row": Refused(
        GOOD + b"1,2,3,4\n" + GOOD[6:], "has 4 fields, expected 3", "t.csv:5", "quote"
    ),
    "every row one too many": Refused(
        b"a,b,y\n" + b"1,2,3,4\n" * 3,
        "every row has 4 fields, but the header names 3",
        "t.csv:2",
        "do not shift",
    ),
    "title above the header": Refused(
        b"Report of 2020\na,b,y\n1,2,3\n", "every row has 3 fields", "t.csv:2", "a title"
    ),
    "unclosed quote": Refused(
        b'a,y\n1,2\n"x,3\n4,5\n', "is never closed", "t.csv:3:1", "close the quote"
    ),
    "unclosed quote, another later": Refused(
        b'a,y\n1,2\n"x,3\n4,5\n"ok",6\n', "is not closed", "t.csv:3:1", "close the quote"
    ),
    "stray quote": Refused(b'a,y\n5" pipe,2\n', "stands inside a field", "t.csv:2:2", "twice"),
    "blanks before quotes": Refused(
        b'a, y\n"x", "2"\n', "stands inside a field", "t.csv:2:6", "remove the blanks"
    ),
    "text after quote": Refused(b'a,y\n"x"z,2\n', "is not closed", "t.csv:2:1", "twice"),
    "NUL": Refused(b"a,y\n1,\x002\n", "a NUL byte", "t.csv:2:3", "remove it"),
    "one bare return": Refused(b"a,y\n1,2\r3,4\n", "carriage return", "t.csv:2:4", "tr "),
    "huge field": Refused(
        b"a,y\n" + b"x" * (2 << 20) + b",1\n", "over the limit of 1 MiB", "t.csv:2", "shorten"
    ),
    "too many columns": Refused(
        b",".join(b"c%d" % i for i in range(30_000)) + b"\n",
        "30000 columns",
        "t.csv:1",
        "on its side",
    ),
    "HTML": Refused(b"<!DOCTYPE html><html>403</html>", "looks like HTML", "t.csv", "fetch"),
    "gzip": Refused(gzip.compress(GOOD), "gzip magic", "t.csv", "gunzip"),
    "xlsx": Refused(b"PK\x03\x04....", "Excel", "t.csv", "save it as CSV"),
    "two names alike": Refused(
        b"a,b,a,y\n1,2,3,4\n", "stands twice: columns 1 and 3", "t.csv:1", 'drop: ["a"]'
    ),
    "no name": Refused(b"a,,y\n1,2,3\n", "no name for column 2", "t.csv:1", 'drop: [""]'),
    "first without a name": Refused(
        b",a,y\nx,2,3\n", "column 1 has no name", "t.csv:1", 'drop: [""]'
    ),
    "reserved name": Refused(b"__row__,y\n1,2\n", "is reserved", "t.csv:1", "rename"),
    "endless name": Refused(
        b"x" * 5000 + b",y\n1,2\n", "a column name of 5000 bytes", "t.csv:1", "name the columns"
    ),
    "JSON: bad line": Refused(
        b'{"a":1,"y":2}\n{"a":1,\n', "not valid JSON", "t.jsonl:2", "one object a line", "t.jsonl"
    ),
    "JSON: NaN": Refused(
        b'{"a":NaN,"y":2}\n', "NaN is not a JSON number", "t.jsonl:1", "null", "t.jsonl"
    ),
    "JSON: a number of 5000 digits": Refused(
        b'{"a":' + b"9" * 5000 + b',"y":2}\n',
        "thousands of digits",
        "t.jsonl:1",
        "in quotes",
        "t.jsonl",
    ),
    "JSON: key twice": Refused(
        b'{"a":1,"a":2,"y":2}\n', "'a' stands twice", "t.jsonl:1", "keep one", "t.jsonl"
    ),
    "JSON: deep": Refused(
        b'{"a":' + b"[" * 100_000, "nested too deeply", "t.jsonl:1", "", "t.jsonl"
    ),
    "JSON: missing key": Refused(
        b'{"a":1,"y":2}\n\n{"a":1}\n', "key 'y' is missing", "t.jsonl:3", '"y": null', "t.jsonl"
    ),
    "JSON: new key": Refused(
        b'{"y":2}\n{"a":1,"y":2}\n',
        "key 'a' is not in the first",
        "t.jsonl:2",
        "same keys",
        "t.jsonl",
    ),
    "JSON: list of numbers": Refused(
        b'{"a":[1,2],"y":2}\n', "a list of numbers", "t.jsonl:1", 'drop: ["a"]', "t.jsonl"
    ),
    "JSON: two keys of one column": Refused(
        b'{"a.b":1,"a":{"b":2},"y":2}\n', "two keys make", "t.jsonl:1", "of its own", "t.jsonl"
    ),
    "JSON: 17 objects": Refused(
        b'{"y":' + b'{"a":' * 17 + b"1" + b"}" * 18 + b"\n",
        "nested too deeply",
        "t.jsonl:1",
        "",
        "t.jsonl",
    ),
    "JSON: a giant": Refused(
        b'{"a":{"b":"x"},"y":2}\n{"a":{"b":"' + b"x" * (17 << 20) + b'"},"y":2}\n',
        "'a.b' holds a text of 17825792 bytes, more than the 16 MiB of a document",
        "t.jsonl:2",
        "a row each; or data: {drop: ['a.b']}".replace("'", '"'),
        "t.jsonl",
    ),
    "JSON: half a character": Refused(
        b'{"a":"x \\uD83D y","y":2}\n', "half a character", "t.jsonl:1", "ufffd", "t.jsonl"
    ),
    "JSON: half a character in a key": Refused(
        b'{"\\udc00":1,"y":2}\n', "half a character", "t.jsonl:1", "ufffd", "t.jsonl"
    ),
    "JSON: a list": Refused(
        b"[1,2]\n", "a list, expected an object", "t.jsonl:1", "one a line: jq -c '.[]'", "t.jsonl"
    ),
    "JSON: empty": Refused(b"\n", "empty", "t.jsonl", "has rows", "t.jsonl"),
    "Parquet: cut": Refused(
        b"PAR1" + b"\0" * 50, "damaged or cut", "t.parquet", "again", "t.parquet"
    ),
    "Parquet: wrong magic": Refused(
        b"hello world!", "damaged or cut", "t.parquet", "again", "t.parquet"
    ),
    "Parquet: empty": Refused(b"", "the file is empty", "t.parquet", "has rows", "t.parquet"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_file_is_refused_with_its_place_and_a_mend(case: Refused, tmp_path: Path):
    (tmp_path / case.name).write_bytes(case.content)
    with pytest.raises(DataError) as caught:
        read(tmp_path, case.name)
    fault = caught.value.faults[0]
    assert case.what in fault.what
    assert fault.where == case.where
    assert case.mend in fault.mend
    assert caught.value.status == 3
    assert len(str(caught.value)) < 3000


READ = {
    "plain": (GOOD, {"a": ["1"] * 3}, None),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, {"a": ["1"] * 3}, None),
    "UTF-16 LE": ("\ufeffa,y\né,1\n".encode("utf-16-le"), {"a": ["é"]}, "encoding"),
    "UTF-16 BE": ("\ufeffa,y\né,1\n".encode("utf-16-be"), {"a": ["é"]}, "encoding"),
    "semicolon": (b"a;y\n1,5;2\n", {"a": ["1,5"]}, "schema"),
    "a delimiter at the end of each row": (b"a,y\n1,2,\n3,4,\n", {"y": ["2", "4"]}, "schema"),
    "a delimiter at the end of each line": (b"a,y,\n1,2,\n3,4,\n", {"y": ["2", "4"]}, "schema"),
    "tab": (b"a\ty\n1,5\t2\n", {"a": ["1,5"]}, "schema"),
    "bar": (b"a|y\n1,5|2\n", {"a": ["1,5"]}, "schema"),
    "CRLF": (b"a,y\r\n1,2\r\n", {"y": ["2"]}, None),
    "old Mac line ends": (b"a,y\r1,2\r3,4\r", {"y": ["2", "4"]}, "schema"),
    "mixed line ends": (b"a,y\r\n1,2\n3,4\r\n", {"y": ["2", "4"]}, None),
    "last line cut": (b"a,y\n1,2\n3,4", {"y": ["2", "4"]}, "schema"),
    "blank lines": (b"\n\na,y\n\n1,2\n\n\n3,4\n", {"y": ["2", "4"]}, None),
    "quoted newline": (b'a,y\n"1\n2",3\n', {"a": ["1\n2"]}, None),
    "quoted quote": (b'a,y\n"1""2",3\n"""",4\n', {"a": ['1"2', '"']}, None),
    "quoted bare return": (b'a,y\n"1\r2",3\n', {"a": ["1\r2"]}, None),
    "empty and quoted empty": (b'a,y\n,3\n"",4\n', {"a": ["", ""]}, None),
    "names of others": (b'"a[0]","b<c","{""d""}","e:f,g",y\n1,2,3,4,5\n', {"a[0]": ["1"], '{"d"}': ["3"], "e:f,g": ["4"]}, None),
    "emoji and right-to-left": ("😀,שלום,y\n1,2,3\n".encode(), {"😀": ["1"], "שלום": ["2"]}, None),
    "padded names": (b" a , y \n1,2\n", {"a": ["1"], "y": ["2"]}, None),
    "row index": (b",a,y\n0,5,6\n1,7,8\n", {"a": ["5", "7"], "y": ["6", "8"]}, "schema"),
    "row names of R": (b'"","a","y"\n"1",5,6\n"2",7,8\n', {"a": ["5", "7"]}, "schema"),
    "names alike but for case": (b"a,A,y\n1,2,3\n", {"a": ["1"], "A": ["2"]}, "schema"),
    "names alike but for accents": ("é,e\u0301,y\n1,2,3\n".encode(), {"é": ["1"]}, "schema"),
    "no header": (b"1,2,3\n4,5,6\n", {"1": ["4"]}, "schema"),
}  # fmt: skip


@pytest.mark.parametrize("case", READ.values(), ids=READ.keys())
def test_an_odd_but_sound_file_is_read_and_its_oddity_noted(case, tmp_path: Path):
    content, expected, kind = case
    (tmp_path / "t.csv").write_bytes(content)
    raw = read(tmp_path)
    assert {name: raw.frame[name].to_list() for name in expected} == expected
    assert [finding.kind for finding in raw.findings] == ([kind] if kind else [])


def test_with_the_mend_pasted_latin_1_is_read(tmp_path: Path):
    (tmp_path / "t.csv").write_bytes(b"a,y\ncaf\xe9,2\n")
    assert read(tmp_path, encoding="latin-1").frame["a"].to_list() == ["café"]


def test_an_unknown_encoding_is_a_fault_of_the_recipe(tmp_path: Path):
    (tmp_path / "t.csv").write_bytes(GOOD)
    with pytest.raises(RecipeError, match="no encoding is called 'klingon'") as caught:
        read(tmp_path, encoding="klingon")
    assert "latin-1" in caught.value.mend


def test_nameless_columns_are_left_out_when_the_recipe_says_so(tmp_path: Path):
    (tmp_path / "t.csv").write_bytes(b",a,,y\nx,1,q,2\n")
    assert read(tmp_path, drop=("",)).frame.columns == ["a", "y"]


def test_columns_of_one_name_are_left_out_on_demand(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b,a,y\n1,2,3,4\n5,6,7,8\n")
    frame = read(tmp_path, drop=("a",)).frame
    assert frame.columns == ["a", "b", "y"]  # one stays, to be dropped by its name
    assert frame["b"].to_list() == ["2", "6"]


def test_a_pipe_a_device_and_a_folder_are_no_files(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("pipe.csv", "/dev/zero"):
        with pytest.raises(DataError, match="a pipe, a socket or a device") as caught:
            read(tmp_path, name)
        assert "regular" in caught.value.what
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="matches no data file"):
        read(tmp_path, "folder.csv")


def test_a_link_that_the_user_names_is_followed(tmp_path: Path):
    (tmp_path / "real.csv").write_bytes(GOOD)
    (tmp_path / "t.csv").symlink_to(tmp_path / "real.csv")
    assert read(tmp_path).frame.height == 3


def test_an_address_a_missing_file_and_a_void_pattern_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="is an address"):
        read(tmp_path, "https://example.org/x.csv")
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path, "none.csv")
    with pytest.raises(DataError, match="matches no data file"):
        read(tmp_path, "*.csv")


def test_many_ragged_rows_are_told_at_once_up_to_ten(tmp_path: Path):
    (tmp_path / "t.csv").write_bytes(b"a,y\n" + b"1,2\n1,2,3\n" * 30)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert [fault.where for fault in caught.value.faults] == [
        f"t.csv:{3 + 2 * i}" for i in range(10)
    ]


def test_a_fault_in_a_later_block_keeps_its_line(tmp_path: Path):
    rows = b'"x\ny",2\n' * 600_000
    (tmp_path / "t.csv").write_bytes(b"a,y\n" + rows + rows + b"1\n" + rows)
    assert (tmp_path / "t.csv").stat().st_size > 2 * (8 << 20) / 1.3
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert caught.value.where == "t.csv:2400002"


def test_files_with_other_columns_are_refused_and_both_are_named(tmp_path: Path):
    (tmp_path / "p1.csv").write_bytes(b"a,y\n1,2\n")
    (tmp_path / "p2.csv").write_bytes(b"b,y\n1,2\n")
    with pytest.raises(DataError, match=r"p2\.csv lacks 'a' and has 'b' besides") as caught:
        read(tmp_path, "p*.csv")
    assert caught.value.where == "p1.csv and p2.csv"


def test_files_with_other_types_are_refused_and_both_are_named(tmp_path: Path):
    pl.DataFrame({"a": [1], "y": [1]}).write_parquet(tmp_path / "p1.parquet")
    pl.DataFrame({"a": ["x"], "y": [1]}).write_parquet(tmp_path / "p2.parquet")
    with pytest.raises(DataError, match="column 'a' is Int64 in one file and String"):
        read(tmp_path, "p*.parquet")


def test_a_nested_parquet_column_is_refused(tmp_path: Path):
    pl.DataFrame({"a": [[1]], "y": [1]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="no plain value") as caught:
        read(tmp_path, "t.parquet")
    assert "flatten" in caught.value.mend


def test_a_parquet_file_that_lies_of_its_rows_is_refused(tmp_path: Path):
    frame = pl.DataFrame({"a": list(range(300)), "y": ["x"] * 300})
    frame.write_parquet(tmp_path / "w.parquet", compression="uncompressed")
    whole = (tmp_path / "w.parquet").read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    rows, fewer = b"\x16\xd8\x04", b"\x16\xd6\x04"  # a field of Thrift's: 300, and 299
    assert whole.count(rows, footer) >= 3  # of the file, its row group and its columns
    at = footer
    while (at := whole.find(rows, at + 1)) >= 0:
        (tmp_path / "t.parquet").write_bytes(whole[:at] + fewer + whole[at + 3 :])
        told = arrow_parquet.read_metadata(tmp_path / "t.parquet")
        if told.num_rows == told.row_group(0).num_rows:  # a lie of one column's values harms none
            assert read(tmp_path, "t.parquet").frame.height == 300
            continue
        with pytest.raises(DataError, match="the footer tells of"):
            read(tmp_path, "t.parquet")


def test_a_truncated_parquet_file_is_refused_at_every_cut(tmp_path: Path):
    pl.DataFrame({"a": list(range(50)), "y": ["x"] * 50}).write_parquet(tmp_path / "w.parquet")
    whole = (tmp_path / "w.parquet").read_bytes()
    for cut in range(0, len(whole) - 1, 37):
        (tmp_path / "t.parquet").write_bytes(whole[:cut])
        with pytest.raises(DataError):
            read(tmp_path, "t.parquet")
