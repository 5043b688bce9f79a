"""PostgreSQL, against a real server: rows, order, types, refusals, and a password that is nowhere."""

import hashlib
from urllib.parse import quote

import polars as pl
import pytest

from machinery import needs
from servers import Postgres, free_port, postgres_server
from trainwright.core.errors import DataError, EnvironmentFault
from trainwright.data.reading import read_source
from trainwright.data.reading.naming import expand, named_hashes
from trainwright.recipe.data import DataSettings

pytestmark = needs("postgres")


@pytest.fixture(scope="module")
def server():
    with postgres_server() as running:
        running.run(
            "CREATE TABLE orders (id int PRIMARY KEY, who text, price numeric(8,2), y bool)",
            "INSERT INTO orders SELECT i, CASE WHEN i % 3 > 0 THEN 'wé' || i END, i * 1.5, i % 2 = 0"
            " FROM generate_series(1, 500) i ORDER BY i * 7919 % 503",
            'CREATE TABLE loose (word text COLLATE "en-x-icu", y int)',
            "INSERT INTO loose VALUES ('b', 1), ('B', 2), ('a', 3), (NULL, 4), ('ä', 5), ('b', 0)",
            "CREATE SCHEMA other",
            "CREATE TABLE other.far (k int, y int)",
            "INSERT INTO other.far VALUES (2, 1), (1, 2)",
        )
        yield running


@pytest.fixture(autouse=True)
def password(server: Postgres, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHOP_WORD", server.password)
    monkeypatch.setenv("SHOP_URL", server.uri.replace(server.password, quote(server.password)))


def address(server, user="tester", word="env:SHOP_WORD"):
    return f"postgresql://{user}:{word}@127.0.0.1:{server.port}/shop"


def settings(server, **said):
    return DataSettings(**{"source": address(server), "target": "y", **said})


def read(server, folder, **said):
    return read_source(settings(server, **said), base=folder)


@pytest.mark.parametrize("said", [{"table": "paid"}, {"query": "SELECT * FROM paid"}])
def test_money_is_in_its_unit_and_not_in_cents(server, tmp_path, said):
    server.run(
        "DROP TABLE IF EXISTS paid",
        "CREATE TABLE paid (id bigint, price money, y int)",
        "INSERT INTO paid VALUES (2, '12.50', 1), (3, NULL, 0), (1, '-1,234.05', 1)",
    )
    frame = read(server, tmp_path, **said).frame
    assert frame["id"].to_list() == [1, 2, 3]
    assert frame["price"].to_list() == ["-1234.05", "12.50", None]
    server.run("DROP TABLE paid")


def test_a_table_comes_in_the_order_of_its_primary_key(server, tmp_path):
    raw = read(server, tmp_path, table="orders")
    assert raw.frame.schema == {
        "id": pl.Int32,
        "who": pl.String,
        "price": pl.String,
        "y": pl.Boolean,
    }
    assert raw.frame["id"].to_list() == list(range(1, 501))
    assert raw.frame.row(3) == (4, "wé4", "6.00", True)
    assert raw.frame["who"][2] is None
    (noted,) = raw.findings
    assert noted.message.endswith("rows are in the order of the primary key ('id')")
    assert raw.place(2) == f"postgresql://127.0.0.1:{server.port}/shop#orders row 2"


def test_without_a_key_the_order_is_that_of_all_columns_by_their_bytes(server, tmp_path):
    raw = read(server, tmp_path, table="loose")
    expected = [("B", 2), ("a", 3), ("b", 0), ("b", 1), ("ä", 5), (None, 4)]
    assert raw.frame.rows() == expected
    assert "in the order of all columns" in raw.findings[0].message


def test_a_query_is_read_in_place_of_a_table(server, tmp_path):
    query = "SELECT who, y::int AS y FROM orders WHERE id < 4 ORDER BY id DESC; "
    raw = read(server, tmp_path, query=query)
    assert raw.frame.rows() == [("wé1", 0), ("wé2", 1), (None, 0)]
    assert raw.files[0].name.endswith("/shop#query")


def test_a_table_of_another_schema_is_named_with_it(server, tmp_path):
    assert read(server, tmp_path, table="other.far").frame.rows() == [(1, 2), (2, 1)]


def test_a_table_that_is_reached_without_its_schema_may_be_named_with_it(server, tmp_path):
    raw = read(server, tmp_path, table="public.orders")
    assert raw.frame["id"].to_list() == list(range(1, 501))
    assert raw.findings[0].message.endswith("rows are in the order of the primary key ('id')")


def test_what_has_no_plain_type_comes_as_the_servers_text(server, tmp_path):
    query = (
        "SELECT '{\"a\": 1}'::jsonb AS j, ARRAY[1, 2] AS l, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"
        " AS u, '1 day'::interval AS i, '10:30'::time AS t, '10.0.0.1'::inet AS ip, date '2024-02-29' AS d,"
        " timestamptz '2024-02-29 12:00+02' AS z, 1.5::real AS r, NULL::int AS n, 1 AS y"
    )
    frame = read(server, tmp_path, query=query).frame
    texts = frame.select("j", "l", "u", "i", "t", "ip").row(0)
    unique = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert texts == ('{"a": 1}', "{1,2}", unique, "1 day", "10:30:00", "10.0.0.1/32")
    assert frame["d"].dtype == pl.Date
    assert str(frame["z"][0]) == "2024-02-29 10:00:00+00:00"
    assert frame.select("r", "n").row(0) == (1.5, None)


def test_the_hash_goes_by_the_rows_and_not_by_the_place(server, tmp_path):
    first = read(server, tmp_path, table="other.far").files[0]
    again = read(server, tmp_path, query="SELECT * FROM (VALUES (1, 2), (2, 1)) AS v (k, y)").files[
        0
    ]
    other = read(server, tmp_path, query="SELECT * FROM (VALUES (1, 2), (2, 9)) AS v (k, y)").files[
        0
    ]
    assert first.sha256 == again.sha256 != other.sha256
    assert first.bytes > 0
    assert named_hashes(settings(server, table="orders"), tmp_path) is None  # it is asked anew


def test_many_rows_come_in_blocks(server, tmp_path):
    raw = read(server, tmp_path, query="SELECT i AS y FROM generate_series(1, 150000) i")
    assert raw.frame["y"].to_list() == list(range(1, 150_001))


def test_the_whole_address_may_stand_in_a_variable(server, tmp_path):
    assert read(server, tmp_path, source="env:SHOP_URL", table="loose").frame.height == 6
    with pytest.raises(EnvironmentFault, match="variable 'SHOP_GONE' is not set") as caught:
        read(server, tmp_path, source="env:SHOP_GONE", table="loose")
    assert "export SHOP_GONE=" in caught.value.mend


def test_a_table_that_is_not_named_or_not_there_is_told_with_those_that_are(server, tmp_path):
    with pytest.raises(
        DataError, match=r"3 tables are there: 'loose', 'orders', 'other\.far'"
    ) as caught:
        read(server, tmp_path)
    assert caught.value.mend == "data: {table: loose}"
    with pytest.raises(DataError, match="no table 'order'") as caught:
        read(server, tmp_path, table="order")
    assert caught.value.mend == "data: {table: orders}"


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT gone FROM orders", 'column "gone" does not exist'),
        ("SELECT 1/0 AS y", "division by zero"),
        ("SELECT 1 AS y; DROP TABLE loose", "syntax error"),
        ("SELECT 1 AS y) AS q; DROP TABLE loose; --", "syntax error"),
    ],
)
def test_a_wrong_statement_is_refused_with_what_the_server_says(server, tmp_path, query, what):
    with pytest.raises(DataError, match=what) as caught:
        read(server, tmp_path, query=query)
    assert "data.query" in caught.value.mend
    assert read(server, tmp_path, table="loose").frame.height == 6


def test_a_query_cannot_write(server, tmp_path):
    server.run(
        "CREATE OR REPLACE FUNCTION sly() RETURNS int LANGUAGE sql AS"
        " 'INSERT INTO loose VALUES (''new'', 9) RETURNING y'"
    )
    with pytest.raises(DataError, match="does more than read") as caught:
        read(server, tmp_path, query="SELECT sly() AS y")
    assert "SELECT" in caught.value.mend
    assert read(server, tmp_path, table="loose").frame.height == 6


def test_a_connection_that_ends_while_rows_are_read_is_told(server, tmp_path):
    with pytest.raises(EnvironmentFault, match="stopped answering") as caught:
        read(server, tmp_path, query="SELECT pg_terminate_backend(pg_backend_pid())::int AS y")
    assert "server's log" in caught.value.mend


def test_a_table_that_the_user_may_not_read_is_told(server, tmp_path):
    server.run("CREATE USER guest PASSWORD 'guest-word'", "GRANT CONNECT ON DATABASE shop TO guest")
    source = address(server, user="guest", word="env:GUEST")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUEST", "guest-word")
        with pytest.raises(DataError, match="permission denied") as caught:
            read(server, tmp_path, source=source, table="orders")
    assert "GRANT SELECT" in caught.value.mend


def test_a_wrong_password_is_told_and_not_said(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_WORD", "wrong word/1%")
    with pytest.raises(EnvironmentFault, match="password authentication failed") as caught:
        read(server, tmp_path, table="orders")
    assert "env:PGPASSWORD" in caught.value.mend
    assert "wrong" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_server_that_is_down_is_told_with_where_it_should_be(server, tmp_path):
    source = f"postgresql://tester:env:SHOP_WORD@127.0.0.1:{free_port()}/shop"
    with pytest.raises(EnvironmentFault, match="cannot be reached") as caught:
        read(server, tmp_path, source=source, table="orders")
    assert "start the server" in caught.value.mend
    assert server.password not in str(caught.value)


def test_a_database_that_is_not_there_is_told(server, tmp_path):
    source = address(server).replace("/shop", "/shed")
    with pytest.raises(EnvironmentFault, match='database "shed" does not exist'):
        read(server, tmp_path, source=source, table="orders")


def test_the_password_is_in_nothing_that_is_kept_or_shown(server, tmp_path):
    (location,) = expand("env:SHOP_URL", base=tmp_path)
    raw = read(server, tmp_path, table="orders")
    shown = [
        repr(location),
        str(location),
        repr(raw.files),
        repr(raw.findings),
        repr(settings(server)),
    ]
    assert server.password not in "".join(shown)
    assert hashlib.sha256(server.password.encode()).hexdigest() not in "".join(shown)
