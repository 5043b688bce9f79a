"""SQLite, by the standard library: values keep the type that each has, whatever their column declares.

Not ADBC's driver, which settles a column's type on its first 1,024 rows and refuses a sound database whose
later rows differ (a column that is null at first is read as whole numbers, and the first text ends it).

The file is opened read-only, and while the rows are read an authoriser lets nothing pass but SELECT.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import polars as pl

from trainwright.core.errors import DataError
from trainwright.data.reading.opening import open_data
from trainwright.data.reading.values import series_of

_ROWS = 16_384
_MAGIC = b"SQLite format 3\0"
_ALLOWED = (
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
)


@contextmanager
def open_sqlite(path: Path, *, name: str) -> Iterator[SqliteSession]:
    """An open database file.

    Raises:
        DataError: there is none, it is damaged, or a statement is wrong.
        EnvironmentFault: the system refuses to open it.
    """
    with open_data(path, name=name) as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise DataError(
                "this is no SQLite database (its first bytes say so)",
                where=name,
                mend="name the file for what it is: .csv, .parquet ...",
            )
    try:
        address = f"file:{quote(str(path.resolve()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            yield SqliteSession(connection)
    except sqlite3.Error as error:
        raise _told(error, name) from error


class SqliteSession:
    """One transaction (see `databases.Session`).

    Args:
        connection: Open, its transaction begun.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tables(self) -> list[str]:
        found = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        )
        return [name for (name,) in found]

    def meant(self, table: str) -> str | None:
        return table if table in self.tables() else None

    def quoted(self, table: str) -> str:
        return _quoted(table)

    def columns(self, relation: str) -> tuple[str, ...]:
        with self._only_reading():
            cursor = self._connection.execute(f"SELECT * FROM {relation} LIMIT 0")
        names = [column[0] for column in cursor.description]
        return tuple(_without_suffix(name, names) for name in names)

    def primary_key(self, table: str) -> tuple[str, ...]:
        found = self._connection.execute(
            "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)
        )
        return tuple(name for (name,) in found)

    def rows(
        self, relation: str, columns: Sequence[str], *, key: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        order = ", ".join(f"{_quoted(name)} COLLATE BINARY" for name in key or columns)
        with self._only_reading():
            cursor = self._connection.execute(f"SELECT * FROM {relation} ORDER BY {order}")
        while rows := cursor.fetchmany(_ROWS):
            values = zip(*rows, strict=True)
            yield pl.DataFrame([series_of(str(i), column) for i, column in enumerate(values)])

    @contextmanager
    def _only_reading(self) -> Iterator[None]:
        """While a statement of the recipe's is prepared, nothing but SELECT is allowed."""
        self._connection.set_authorizer(_authorise)
        try:
            yield
        finally:
            self._connection.set_authorizer(None)


def _authorise(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _without_suffix(name: str, names: Sequence[str]) -> str:
    """A name as the query has it: SQLite tells the second `y` of a query in brackets as `y:1`."""
    bare, colon, number = name.rpartition(":")
    return bare if colon and number.isdecimal() and bare in names else name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _told(error: sqlite3.Error, name: str) -> DataError:
    text = str(error)[:200]
    if "decode to UTF-8" in text:
        mend = "data: {query: SELECT CAST(COLUMN AS BLOB) ...}, or mend the texts in the database"
    elif "not authorized" in text:
        text = "the query does more than read"
        mend = "data: {query: SELECT ... FROM ...}"
    elif "malformed" in text or "not a database" in text:
        mend = (
            "restore the file from a backup; .recover of the sqlite3 shell saves what can be read"
        )
    elif "locked" in text or "unable to open" in text:
        mend = "wait for the other program to end, or read a copy of the file"
    else:
        mend = "mend data.table or data.query"
    return DataError(f"SQLite: {text}", where=name, mend=mend)
