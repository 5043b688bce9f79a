"""Reading by known columns: what batch scoring and monitoring do."""

from pathlib import Path

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError
from trainwright.data.reading import read_typed

COLUMNS = (
    Column("a", ColumnType.NUMBER, nulls=("NA",)),
    Column("c", ColumnType.CATEGORY, nulls=("NA",)),
    Column("d", ColumnType.DATETIME, format="%Y-%m-%d"),
    Column("b", ColumnType.BOOLEAN, true=("yes",)),
)
ROWS = {"a": [1.5, None, 3.0], "c": ["x", None, "z"], "b": [True, False, None]}


def write(folder: Path, kind: str) -> Path:
    path = folder / f"t.{kind}"
    if kind == "csv":
        path.write_text("d,e,c,b,a\n2020-01-02,1,x,yes,1.5\n,2,NA,No, NA\n2020-01-04,3,z,, 3 \n")
    else:
        frame = pl.DataFrame(
            {**ROWS, "d": ["2020-01-02", None, "2020-01-04"], "e": [1, 2, 3]}
        ).select("d", "e", "c", "b", "a")
        frame.write_parquet(path) if kind == "parquet" else frame.write_ndjson(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("block_rows", [1, 2, 65_536])
def test_rows_are_the_same_from_every_format_in_any_blocks(
    kind: str, block_rows: int, tmp_path: Path
):
    blocks = list(read_typed(write(tmp_path, kind), COLUMNS, block_rows=block_rows))
    frame = pl.concat([block.frame for block in blocks])
    assert frame.columns == ["a", "c", "d", "b"]
    assert frame.select("a", "c", "b").to_dict(as_series=False) == ROWS
    assert frame["d"].dt.to_string("%F").to_list() == ["2020-01-02", None, "2020-01-04"]
    assert [block.first_row for block in blocks] == list(range(0, 3, block_rows))
    assert all(block.extra == ("e",) for block in blocks)


def test_missing_columns_are_all_named_and_optional_ones_are_not(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("A,x\n1,2\n")
    with pytest.raises(DataError) as caught:
        list(read_typed(path, COLUMNS, optional=("d",)))
    assert [fault.what for fault in caught.value.faults] == [
        f"column {name!r} is missing" for name in "acb"
    ]
    first, *others = (fault.mend for fault in caught.value.faults)
    assert first == "rename the column 'A' to 'a'"
    assert all("give the file every column" in mend for mend in others)
    path.write_text("a\n1\n")
    (block,) = read_typed(path, COLUMNS, optional=("b", "c", "d"))
    assert block.frame.columns == ["a"]


def test_a_column_under_a_similar_name_is_pointed_at(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("prices,y\n1,2\n")
    with pytest.raises(DataError) as caught:
        list(read_typed(path, [Column("price", ColumnType.NUMBER)]))
    assert caught.value.mend == "rename the column 'prices' to 'price'"


@pytest.mark.parametrize("block_rows", [1, 100])
def test_a_value_that_does_not_parse_is_named_with_line_column_and_text(
    block_rows: int, tmp_path: Path
):
    path = tmp_path / "t.csv"
    path.write_text('a,c,d,b\n1,"x\ny",2020-01-01,yes\noops,z,2020-02-31,maybe\n')
    with pytest.raises(DataError) as caught:
        list(read_typed(path, COLUMNS, block_rows=block_rows))
    assert [(fault.what, fault.where) for fault in caught.value.faults] == [
        ("'oops' in column 'a' is no number", "t.csv:4"),
        ("'2020-02-31' in column 'd' is no date-time", "t.csv:4"),
        ("'maybe' in column 'b' is none of yes, no", "t.csv:4"),
    ]


def test_a_parquet_column_of_another_type_is_refused_with_its_row(tmp_path: Path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": [None, True]}).write_parquet(path)
    with pytest.raises(DataError, match="True in column 'a' is no number") as caught:
        list(read_typed(path, COLUMNS[:1]))
    assert caught.value.where == "t.parquet row 1"


def test_native_dates_zones_and_categories_are_taken_as_they_are(tmp_path: Path):
    path = tmp_path / "t.parquet"
    pl.DataFrame(
        {
            "day": pl.Series(["2020-01-02"]).str.to_date(),
            "zoned": pl.Series(["2020-01-02T01:00:00+01:00"]).str.to_datetime(),
            "level": pl.Series(["low"], dtype=pl.Categorical),
            "code": [3.0],
        }
    ).write_parquet(path)
    columns = [
        Column("day", ColumnType.DATETIME),
        Column("zoned", ColumnType.DATETIME),
        Column("level", ColumnType.CATEGORY),
        Column("code", ColumnType.CATEGORY),
    ]
    (block,) = read_typed(path, columns)
    assert block.frame.select("level", "code").row(0) == ("low", "3")
    assert [str(value) for value in block.frame.select("day", "zoned").row(0)] == [
        "2020-01-02 00:00:00"
    ] * 2


def test_an_empty_table_gives_no_rows_but_is_still_checked(tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("a,c,d,b\n")
    assert sum(block.frame.height for block in read_typed(path, COLUMNS)) == 0
    path.write_text("a,c\n")
    with pytest.raises(DataError, match="'d' is missing"):
        list(read_typed(path, COLUMNS))


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (Column("y", ColumnType.CATEGORY, true=("true",)), "is none of true, false"),
        (Column("y", ColumnType.CATEGORY, integer=True), "is no whole number"),
    ],
    ids=["true and false", "whole numbers"],
)
def test_a_class_that_does_not_fit_is_told_by_what_its_column_holds(
    column: Column, told: str, tmp_path: Path
):
    (tmp_path / "t.csv").write_text("y\nodd\n")
    with pytest.raises(DataError, match=f"'odd' in column 'y' {told}"):
        list(read_typed(tmp_path / "t.csv", [column]))
