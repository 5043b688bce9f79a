from __future__ import annotations

import sqlite3
from pathlib import Path

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import CommandError, DataError, EnvironmentFault
from trainwright.data.reading.live import is_address, live_sources, read_all
from trainwright.recipe.data import DataSettings

COLUMNS = [Column("a", ColumnType.NUMBER), Column("b", ColumnType.CATEGORY)]
RECIPE = DataSettings(source="t.csv", target="y")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pl.DataFrame({"a": [1, 2], "b": ["u", "v"]}).write_csv("one.csv")
    pl.DataFrame({"b": ["w"], "a": [3]}).write_parquet("two.parquet")
    with sqlite3.connect("live.sqlite3") as database:
        for table in ("orders", "others"):
            database.execute(f"CREATE TABLE {table} (a INTEGER PRIMARY KEY, b TEXT)")
        database.execute("INSERT INTO orders VALUES (5, 'x'), (6, 'y')")
    database.close()
    return tmp_path


def rows(data: str | Path, settings: DataSettings = RECIPE, **how: object) -> list[tuple]:
    blocks = list(read_all(live_sources(data, settings), COLUMNS, **how))
    places = [block.first_row + k for block in blocks for k in range(block.frame.height)]
    assert places == list(range(len(places)))
    return pl.concat([block.frame.select("a", "b") for block in blocks]).rows()


def test_files_of_a_pattern_are_read_one_after_another_and_numbered_through() -> None:
    assert rows("[ot]*.[cp]*") == [(1.0, "u"), (2.0, "v"), (3.0, "w")]
    assert rows("[ot]*.[cp]*", block_rows=1) == [(1.0, "u"), (2.0, "v"), (3.0, "w")]


def test_a_path_that_is_there_is_itself_whatever_it_looks_like(here: Path) -> None:
    (here / "one.csv").rename(here / "o[n]e#1.csv")
    assert rows("o[n]e#1.csv") == rows(Path("o[n]e#1.csv")) == [(1.0, "u"), (2.0, "v")]


def test_of_a_database_the_table_is_named_by_the_address_or_the_recipe() -> None:
    expected = [(5.0, "x"), (6.0, "y")]
    assert rows("sqlite:///live.sqlite3#orders") == expected
    said = DataSettings(source="live.sqlite3", target="y", table="orders")
    assert rows("sqlite:///live.sqlite3", said) == rows("live.sqlite3", said, table="orders")
    query = DataSettings(source="live.sqlite3", target="y", query="SELECT 1 AS a")
    assert rows("sqlite:///live.sqlite3#orders", query) == expected
    with pytest.raises(DataError, match="orders"):
        rows("sqlite:///live.sqlite3")


def test_a_variable_may_hold_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVE", "sqlite:///live.sqlite3")
    assert rows("env:LIVE#orders") == [(5.0, "x"), (6.0, "y")]


@pytest.mark.parametrize(
    ("data", "error", "what"),
    [
        ("postgresql://me:word@host/shop", CommandError, "password in plain words"),
        ("ftp://host/file.csv", DataError, "is an address, not a file"),
        ("a" * 5000, DataError, "cannot be the path"),
        ("a\0b", DataError, "cannot be the path"),
        ("gone*.csv", DataError, "matches no data file"),
        ("env:NOT_SET", EnvironmentFault, "is not set"),
    ],
)
def test_what_names_nothing_is_refused(data: str, error: type[Exception], what: str) -> None:
    with pytest.raises(error, match=what):
        live_sources(data, RECIPE)


def test_a_path_is_no_address() -> None:
    assert is_address("s3://bucket/key.csv")
    assert not is_address("a:b.csv")
    assert not is_address(Path("env:x"))
