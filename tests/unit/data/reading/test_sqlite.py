"""SQLite: a table or a query, read-only, each value with the type that it has."""

import sqlite3
from contextlib import closing

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError
from trainwright.data.reading import read_source, read_typed
from trainwright.recipe.data import DataSettings


def write(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def read(folder, source="t.db", **said):
    return read_source(DataSettings(source=source, target="y", **said), base=folder)


ORDERS = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, word TEXT, y REAL)",
    "INSERT INTO orders VALUES (3, 'c', 0.5), (1, 'é', 1), (2, NULL, 2.5)",
)


@pytest.mark.parametrize("source", ["t.db", "sqlite:///t.db"])
def test_a_table_comes_in_the_order_of_its_primary_key(tmp_path, source):
    write(tmp_path / "t.db", *ORDERS)
    raw = read(tmp_path, source)
    assert raw.frame.rows() == [(1, "é", 1.0), (2, None, 2.5), (3, "c", 0.5)]
    assert "the primary key ('id')" in raw.findings[0].message
    assert raw.place(1) == "t.db row 1"


def test_an_absolute_address_has_four_slashes(tmp_path):
    write(tmp_path / "t.db", *ORDERS)
    assert read(tmp_path / "elsewhere", f"sqlite:///{tmp_path}/t.db").frame.height == 3


def test_without_a_key_the_order_is_that_of_all_columns(tmp_path):
    write(
        tmp_path / "t.db",
        "CREATE TABLE t (word TEXT COLLATE NOCASE, y INT)",
        "INSERT INTO t VALUES ('b', 1), ('A', 1), ('B', 0), ('a', 2), (NULL, 0)",
    )
    raw = read(tmp_path)
    assert raw.frame.rows() == [(None, 0), ("A", 1), ("B", 0), ("a", 2), ("b", 1)]
    assert "in the order of all columns" in raw.findings[0].message


def test_a_column_of_several_types_is_text_and_one_that_is_null_at_first_is_not_guessed(tmp_path):
    write(
        tmp_path / "t.db",
        "CREATE TABLE t (k INTEGER PRIMARY KEY, late, mixed, blob, y)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        " INSERT INTO t SELECT i, CASE WHEN i > 2500 THEN 'x' END, i, x'00ff', i FROM n",
        "UPDATE t SET mixed = 'n/a' WHERE k = 2999",
    )
    frame = read(tmp_path).frame
    assert frame["late"].drop_nulls().to_list() == ["x"] * 500
    assert frame["mixed"].dtype == pl.String
    assert frame["mixed"][[0, 2998]].to_list() == ["1", "n/a"]
    assert frame["blob"][0] == b"\x00\xff"


def test_a_query_is_read_in_place_of_a_table(tmp_path):
    write(tmp_path / "t.db", *ORDERS)
    raw = read(
        tmp_path, query="WITH big AS (SELECT * FROM orders WHERE y > 0.7) SELECT word, y FROM big;"
    )
    assert raw.frame.rows() == [(None, 2.5), ("é", 1.0)]
    assert raw.files[0].name == "t.db#query"


def test_of_several_tables_the_recipe_names_one(tmp_path):
    write(tmp_path / "t.db", *ORDERS, 'CREATE VIEW "my view" AS SELECT word, y FROM orders')
    with pytest.raises(DataError, match="2 tables are there: 'my view', 'orders'") as caught:
        read(tmp_path)
    assert caught.value.mend == "data: {table: my view}"
    assert read(tmp_path, table="my view").frame.columns == ["word", "y"]
    with pytest.raises(DataError, match="no table 'order'") as caught:
        read(tmp_path, table="order")
    assert caught.value.mend == "data: {table: orders}"


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("DELETE FROM orders", "syntax error"),
        ("SELECT gone FROM orders", "no such column: gone"),
        ("SELECT 1) ; DROP TABLE orders; --", r"syntax error|one statement"),
        ("SELECT load_extension('x') AS y", r"not authorized|no such function|does more"),
        ("SELECT * FROM pragma_database_list", "does more than read"),
    ],
)
def test_a_statement_that_is_wrong_or_does_more_than_read_is_refused(tmp_path, query, what):
    write(tmp_path / "t.db", *ORDERS)
    before = (tmp_path / "t.db").read_bytes()
    with pytest.raises(DataError, match=what):
        read(tmp_path, query=query)
    assert (tmp_path / "t.db").read_bytes() == before


def test_rows_that_are_written_meanwhile_are_not_seen(tmp_path):
    write(tmp_path / "t.db", "PRAGMA journal_mode = wal", *ORDERS)
    columns = [Column("y", ColumnType.NUMBER)]
    blocks = read_typed(tmp_path / "t.db", columns)
    first = next(blocks)
    write(tmp_path / "t.db", "DELETE FROM orders")
    assert first.frame.height + sum(block.frame.height for block in blocks) == 3


def test_a_file_that_is_none_and_a_damaged_one_are_refused(tmp_path):
    (tmp_path / "t.db").write_bytes(b"a,y\n1,2\n")
    with pytest.raises(DataError, match="no SQLite database") as caught:
        read(tmp_path)
    assert ".csv" in caught.value.mend
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path, "gone.db")
    (tmp_path / "t.db").unlink()
    write(tmp_path / "t.db", *ORDERS)
    whole = (tmp_path / "t.db").read_bytes()
    (tmp_path / "t.db").write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    with pytest.raises(DataError, match="SQLite: ") as caught:
        read(tmp_path)
    assert "backup" in caught.value.mend


def test_a_text_that_is_no_utf_8_is_refused_with_a_way_to_read_it(tmp_path):
    write(tmp_path / "t.db", "CREATE TABLE t (y)", "INSERT INTO t VALUES (CAST(x'e9' AS TEXT))")
    with pytest.raises(DataError, match="decode to UTF-8") as caught:
        read(tmp_path)
    assert "CAST" in caught.value.mend


def test_two_columns_of_one_name_are_refused(tmp_path):
    write(tmp_path / "t.db", *ORDERS)
    with pytest.raises(DataError, match="'y' stands twice"):
        read(tmp_path, query="SELECT y, id AS y FROM orders")


def test_the_hash_goes_by_names_and_rows(tmp_path):
    write(tmp_path / "t.db", *ORDERS)
    whole = read(tmp_path).files[0]
    again = read(tmp_path, query="SELECT id, word, y FROM orders ORDER BY y").files[0]
    assert whole.sha256 == again.sha256
    assert (
        whole.sha256 != read(tmp_path, query="SELECT id, word AS w, y FROM orders").files[0].sha256
    )
