"""Rows of today, from wherever training rows may come: files, patterns, databases, stores.

What stands after `predict MODEL` and `monitor MODEL` is read by the rooms that read `data.source`. Of a
database the table is the one behind `#` (`postgresql://reader@host/shop#orders`), else the one that the
recipe names, else the only one; the recipe's own query asked for the rows of the past and is not asked again.
Several files are one after another, as if they were one.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainwright.core.columns import Column
from trainwright.core.errors import CommandError, DataError, RecipeError, shorten
from trainwright.data.reading.naming import Location, expand, is_path
from trainwright.data.reading.tables import TypedBlock
from trainwright.data.reading.typed import read_typed
from trainwright.recipe.data import DataSettings
from trainwright.recipe.sources import VARIABLE

_WHERE = "DATA"


def live_sources(data: str | Path, settings: DataSettings) -> tuple[Location, ...]:
    """What DATA names, in the order of reading; a path that is there is itself.

    Args:
        data: A file, folder, pattern or address; `env:NAME` for an address that a variable holds.
        settings: Of the recipe that the model was trained by.

    Raises:
        CommandError: an address is malformed, or holds a password.
        DataError: it matches nothing.
        EnvironmentFault: a variable is not set, or a store cannot be reached.
    """
    text = str(data)
    if not is_address(text):
        if not is_path(text):
            raise DataError(
                f"{shorten(text)} cannot be the path of a file", where=_WHERE, mend="name a file"
            )
        path = Path(text)
        if path.exists() or not glob.has_magic(text):
            return (path,)
    address, mark, table = text.partition("#") if is_address(text) else (text, "", "")
    update = {"table": table if mark else settings.table, "query": None}
    try:
        found = expand(address, base=Path(), settings=settings.model_copy(update=update))
    except RecipeError as error:
        raise CommandError(error.what, where=_WHERE, mend=error.mend) from error
    except DataError as error:
        raise DataError(error.what, where=_WHERE, mend=error.mend) from error
    return tuple(found)


def is_address(data: str | Path) -> bool:
    """Is it no path of this machine?"""
    return isinstance(data, str) and ("://" in data or data.startswith(VARIABLE))


def read_all(
    sources: Sequence[Location],
    columns: Sequence[Column],
    **how: Any,  # noqa: ANN401 - of `read_typed`
) -> Iterator[TypedBlock]:
    """Typed rows of all sources, numbered through; `how` as `read_typed` takes it."""
    first_row = 0
    for source in sources:
        stop = first_row
        for block in read_typed(source, columns, **how):
            stop = first_row + block.first_row + block.frame.height
            yield replace(block, first_row=first_row + block.first_row)
        first_row = stop
