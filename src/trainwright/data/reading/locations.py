"""What `data.source` may name besides a file: documents, rows of a database, an object of a store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from trainwright.data.reading.formats import How
from trainwright.data.reading.tables import Reader


@runtime_checkable
class Elsewhere(Protocol):
    """A source of rows that is no single file of this machine."""

    @property
    def name(self) -> str:
        """The first half of its rows' ids; never holds a secret."""
        ...

    @property
    def num_bytes(self) -> int:
        """About how many there are to read; 0 where nobody knows."""
        ...

    @property
    def entries(self) -> tuple[str, ...]:
        """Of documents: the path of each row; else empty."""
        ...

    def key(self) -> str | None:
        """The hash that its reader will tell, where it costs little to know it beforehand; else None."""
        ...

    def open(self, how: How) -> AbstractContextManager[Reader]:
        """Its rows.

        Raises:
            DataError: they are not there, or no sound table.
            EnvironmentFault: a server cannot be reached.
        """
        ...
