"""PostgreSQL, by ADBC: the server sends the rows in its binary COPY format, and they come as record batches.

What has no plain type here (uuid, json, enums, arrays, intervals ...) is sent as the text that the server
writes for it. Texts are ordered by their bytes, so that the order of rows does not hang on a server's locale.

The password is in the environment: `postgresql://me:env:PGPASSWORD@host/db`, `env:DATABASE_URL` for the whole
address, or libpq's own PGPASSWORD and .pgpass. It is taken out of whatever the server or the driver says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import polars as pl
import pyarrow as pa

from trainwright.core.errors import DataError, EnvironmentFault, RecipeError, TrainwrightError
from trainwright.core.extras import require
from trainwright.data.reading.arrow import block_of
from trainwright.data.reading.schema import check_moments
from trainwright.recipe.sources import VARIABLE, value_of
from trainwright.runs.redaction import redact

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

CONNECT_SECONDS = 10
_ROWS = 65_536
_MANNERS = {  # a server that is gone is noticed within a minute
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "application_name": "trainwright",
}
_TABLES = (  # by the name that reaches each, and by its whole one
    "(SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text"
    " ELSE n.nspname || '.' || c.relname END AS name, n.nspname || '.' || c.relname AS whole"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname <> 'information_schema'"
    " AND n.nspname !~ '^pg_') AS t"
)
_ELSEWHERE = ("08", "53", "57", "58")  # SQLSTATE classes of the server, not of the statement


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is.

    Attributes:
        name: Host and database: what may be said of it.
        uri: With user and password.
        secrets: What no message may hold.
    """

    name: str
    uri: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def clean(self, text: str) -> str:
        """`text` without the password in any of its spellings."""
        for secret in self.secrets:
            for spelling in (secret, quote(secret, safe=""), quote(secret)):
                text = text.replace(spelling, "[redacted]")
        return redact(" ".join(text.split()))[:240]


def parse_address(source: str) -> Address:
    """The address of a server; the names of variables in it are replaced by what they hold.

    Raises:
        RecipeError: it is malformed.
        EnvironmentFault: a variable is not set.
    """
    try:
        parts = urlsplit(source)
        host, port, user = parts.hostname or "", parts.port, parts.username
        password, said = parts.password, dict(parse_qsl(parts.query))
    except ValueError as error:
        raise RecipeError(
            "the address of the database is malformed",
            where="data.source",
            mend="data: {source: postgresql://USER:env:PGPASSWORD@HOST:5432/DATABASE}",
        ) from error
    secrets = []
    password = said.pop("password", password)
    if password:
        password = (
            value_of(unquote(password)) if password.startswith(VARIABLE) else unquote(password)
        )
        secrets.append(password)
    at = f"{host}:{port}" if port else host
    userinfo = quote(unquote(user), safe="") if user else ""
    if password:
        userinfo += ":" + quote(password, safe="")
    netloc = f"{userinfo}@{at}" if userinfo else at
    query = urlencode({**_MANNERS, **said}, quote_via=quote)
    uri = urlunsplit(("postgresql", netloc, parts.path, query, ""))
    return Address(f"postgresql://{at}{parts.path}", uri, tuple(secrets))


@contextmanager
def open_postgres(address: Address) -> Iterator[PostgresSession]:
    """A connection, in one read-only transaction that sees one state of the database.

    Raises:
        EnvironmentFault: the extra is missing, or the server cannot be reached or refuses the user.
        DataError: a statement is wrong.
    """
    require("databases", what="reading PostgreSQL")
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    try:
        connection = dbapi.connect(address.uri)
    except Error as error:
        raise _unreachable(address, str(error)) from None  # the cause would hold the address
    try:
        with closing(connection):
            _run(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            _run(connection, "SET LOCAL timezone = 'UTC'")
            yield PostgresSession(connection)
            connection.rollback()
    except TrainwrightError:
        raise
    except (Error, pa.ArrowException, OSError) as error:
        raise _told(address, error) from None


class PostgresSession:
    """One transaction (see `databases.Session`).

    Args:
        connection: Open, its transaction begun.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def tables(self) -> list[str]:
        return [str(row[0]) for row in self._fetch(f"SELECT name FROM {_TABLES} ORDER BY 1")]

    def meant(self, table: str) -> str | None:
        asked = _literal(table)
        found = self._fetch(
            f"SELECT name FROM {_TABLES} WHERE name = {asked} OR whole = {asked} ORDER BY name = {asked} DESC"
        )
        return str(found[0][0]) if found else None

    def quoted(self, table: str) -> str:
        found = self._fetch(
            "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE (pg_table_is_visible(c.oid) AND c.relname = {_literal(table)})"
            f" OR n.nspname || '.' || c.relname = {_literal(table)} ORDER BY 1"
        )
        return str(found[0][0])

    def columns(self, relation: str) -> tuple[str, ...]:
        return tuple(self._schema(relation).names)

    def primary_key(self, table: str) -> tuple[str, ...]:
        found = self._fetch(
            "SELECT a.attname::text FROM pg_index i"
            " CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
            f" WHERE i.indisprimary AND i.indrelid = {_literal(self.quoted(table))}::regclass"
            " ORDER BY k.place"
        )
        return tuple(str(row[0]) for row in found)

    def rows(
        self, relation: str, columns: Sequence[str], *, key: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        schema = self._schema(relation)
        money = self._money(relation, schema)
        named = [
            f"q.{_quoted(item.name)}{_cast(item, money)} AS {_quoted(item.name)}" for item in schema
        ]
        texts = [item.name for item in schema if not _is_ordered_alike(item.type)]
        order = [
            f'q.{_quoted(name)}::text COLLATE "C"' if name in texts else f"q.{_quoted(name)}"
            for name in key or columns
        ]
        statement = f"SELECT {', '.join(named)} FROM {relation} AS q ORDER BY {', '.join(order)}"
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            rows = 0
            for batch in cursor.fetch_record_batch():
                names = batch.schema.names
                for start in range(0, batch.num_rows, _ROWS):
                    frame = block_of(batch.slice(start, _ROWS)).frame
                    frame = check_moments(frame, names, name="the answer", first_row=rows)
                    rows += frame.height
                    yield frame

    def _schema(self, relation: str) -> pa.Schema:
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {relation} AS q LIMIT 0")
            return cursor.fetch_record_batch().schema

    def _money(self, relation: str, schema: pa.Schema) -> set[str]:
        """Columns of amounts of money, which the driver takes for whole numbers: of cents.

        The server tells their types without a row of the relation being made.
        """
        names = [item.name for item in schema if pa.types.is_int64(item.type)]
        if not names:
            return set()
        asked = ", ".join(f"pg_typeof(q.{_quoted(name)})::text" for name in names)
        none = f"(SELECT * FROM {relation} AS q LIMIT 0) AS q"
        (kinds,) = self._fetch(f"SELECT {asked} FROM (SELECT 1) AS one LEFT JOIN {none} ON true")
        return {name for name, kind in zip(names, kinds, strict=True) if kind == "money"}

    def _fetch(self, statement: str) -> list[tuple[object, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]


def _run(connection: Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _cast(item: pa.Field, money: Collection[str]) -> str:
    """What makes a column's values plain."""
    if item.name in money:
        return "::numeric::text"
    return "" if _is_plain(item.type) else "::text"


def _is_plain(kind: pa.DataType) -> bool:
    """A type whose values are taken as they are sent."""
    plain = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_boolean,
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_date,
        pa.types.is_timestamp,
        pa.types.is_binary,
        pa.types.is_large_binary,
    )
    return any(is_one(kind) for is_one in plain)


def _is_ordered_alike(kind: pa.DataType) -> bool:
    """A type that every server orders in the same way."""
    return _is_plain(kind) and not (pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """A text in a statement, whatever the server's settings of backslashes."""
    doubled = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{doubled}'"


def _unreachable(address: Address, text: str) -> EnvironmentFault:
    text = address.clean(text)
    if "password" in text or "no pg_hba.conf entry" in text or "role" in text:
        mend = "name the variable of the password: postgresql://USER:env:PGPASSWORD@HOST/DATABASE"
    elif "does not exist" in text:
        mend = "mend the name of the database in data.source"
    else:
        mend = "start the server, or mend host and port in data.source"
    return EnvironmentFault(
        f"PostgreSQL cannot be reached: {text}", where=f"data.source: {address.name}", mend=mend
    )


def _told(address: Address, error: Exception) -> TrainwrightError:
    """What the server says of a statement, or that it says nothing more.

    While rows stream, errors come without their code, so that words decide.
    """
    text = address.clean(str(error))
    state = str(getattr(error, "sqlstate", None) or "")
    is_of_statement = "ERROR:" in text and not state.startswith(_ELSEWHERE)
    if not is_of_statement:
        return EnvironmentFault(
            f"PostgreSQL stopped answering: {text}",
            where=f"data.source: {address.name}",
            mend="see the server's log, and run again",
        )
    mend = "mend data.table or data.query; try the statement in psql"
    if "read-only transaction" in text:
        text, mend = "the query does more than read", "data: {query: SELECT ... FROM ...}"
    elif "permission denied" in text:
        mend = "GRANT SELECT ON the table TO the user"
    return DataError(f"PostgreSQL: {text}", where=address.name, mend=mend)
