"""Rows of a database, as a stream in one read-only transaction.

A recipe names a table or has a query of its own. Rows come in an order that the data alone decide: that of
the primary key, else of all columns; a finding says which. The hash of the source is over the rows, so that
equal rows are an equal source wherever they are kept. A database is asked anew at every run: nothing short of
reading the rows says that none has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.durable import canonical_json
from trainwright.core.errors import DataError, nearest, shorten
from trainwright.data.findings import finding
from trainwright.data.hashing import hash_rows
from trainwright.data.reading.formats import How
from trainwright.data.reading.header import name_faults, name_findings
from trainwright.data.reading.tables import RawBlock, Reader


class Session(Protocol):
    """An open database, in one read-only transaction.

    A relation is what may stand behind FROM: a table's quoted name, or a query in brackets.
    """

    def tables(self) -> list[str]:
        """Tables and views, without the system's own; SCHEMA.TABLE where a bare name does not reach it."""
        ...

    def meant(self, table: str) -> str | None:
        """The one of `tables()` that this names; None where there is none."""
        ...

    def quoted(self, table: str) -> str:
        """One of `tables()` as SQL names it."""
        ...

    def columns(self, relation: str) -> tuple[str, ...]:
        """Names of a relation's columns."""
        ...

    def primary_key(self, table: str) -> tuple[str, ...]:
        """Columns of the primary key of one of `tables()`; empty where it has none."""
        ...

    def rows(
        self, relation: str, columns: Sequence[str], *, key: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        """All rows in the order of `key`, or of all columns where it is empty; columns named by position."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """A table or a query of a database, as a source of rows.

    Attributes:
        name: The database without user and password, and what of it is read.
        connect: Opens it.
        table: Which table; None where a query says, or for the only one that is there.
        query: A statement of the recipe's own.
    """

    name: str
    connect: Callable[[], AbstractContextManager[Session]] = field(repr=False)
    table: str | None = None
    query: str | None = None

    @property
    def num_bytes(self) -> int:
        return 0

    @property
    def entries(self) -> tuple[str, ...]:
        return ()

    def key(self) -> str | None:
        return None

    @contextmanager
    def open(self, how: How) -> Iterator[Reader]:
        yield RowReader(self)


@dataclass(slots=True)
class RowReader:
    """Reads the rows of a table or a query; its hash is over names and values, in order."""

    source: Rows
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    left_out: list[tuple[int, str]] = field(default_factory=list)
    sha256: str = ""
    bytes_read: int = 0

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order, with the database's own types (see `Reader`)."""
        with self.source.connect() as session:
            table, relation = self._relation(session)
            names = session.columns(relation)
            if faults := name_faults(names, where=self.source.name):
                raise DataError.of(faults)
            self.names = names
            self.findings.extend(name_findings(names))
            key = session.primary_key(table) if table is not None else ()
            self._tell_order(key)
            digest = hashlib.sha256(canonical_json(list(names)))
            for frame in session.rows(relation, names, key=key):
                digest.update(hash_rows(frame, frame.columns).astype("<u8").tobytes())
                self.bytes_read += int(frame.estimated_size())
                yield RawBlock(frame)
            self.sha256 = digest.hexdigest()

    def _relation(self, session: Session) -> tuple[str | None, str]:
        """The table that is read, or None, and what stands behind FROM."""
        query = self.source.query
        if query is not None:
            return None, f"({query.strip().rstrip(';').rstrip()}\n)"
        tables = session.tables()
        table = self.source.table
        if table is None and len(tables) == 1:
            table = tables[0]
        meant = None if table is None else session.meant(table)
        if meant is not None:
            return meant, session.quoted(meant)
        listed = ", ".join(shorten(name, 40) for name in tables[:8]) or "none"
        if table is None:
            raise DataError(
                f"{len(tables)} tables are there: {listed}",
                where=self.source.name,
                mend=f"data: {{table: {(tables or ['NAME'])[0]}}}",
            )
        near = nearest(table, tables)
        raise DataError(
            f"there is no table {shorten(table)}; there are {listed}",
            where=self.source.name,
            mend=f"data: {{table: {near or (tables or ['NAME'])[0]}}}",
        )

    def _tell_order(self, key: tuple[str, ...]) -> None:
        said = f"the primary key ({', '.join(shorten(name, 40) for name in key)})" if key else ""
        self.findings.append(
            finding(
                "schema",
                "info",
                f"{self.source.name}: rows are in the order of {said or 'all columns'}",
            )
        )
