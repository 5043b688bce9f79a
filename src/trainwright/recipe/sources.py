"""What kind of thing an entry of `data.source` names; told by its words alone, before anything is touched."""

from __future__ import annotations

import os
from enum import Enum
from urllib.parse import parse_qsl, urlsplit

from trainwright.core.errors import EnvironmentFault, shorten

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")
STORE = "s3://"
VARIABLE = "env:"
DATABASE_ENDINGS = (".db", ".sqlite", ".sqlite3")
WORKBOOK_ENDINGS = (".xlsx", ".xlsm")


class SourceKind(Enum):
    """Which settings of reading a source can use."""

    FILES = "a folder or a pattern"
    FILE = "a file of this kind"
    WORKBOOK = "a workbook"
    DATABASE = "a database"
    STORE = "an object store"
    VARIABLE = "an address in a variable"


def kind_of(source: str) -> SourceKind:
    """The kind of a source, by its scheme or ending."""
    lower = source.lower()
    if lower.startswith((SQLITE, *POSTGRES)) or lower.endswith(DATABASE_ENDINGS):
        return SourceKind.DATABASE
    if lower.startswith(STORE):
        return SourceKind.STORE
    if lower.startswith(VARIABLE):
        return SourceKind.VARIABLE
    if lower.endswith(WORKBOOK_ENDINGS):
        return SourceKind.WORKBOOK
    return SourceKind.FILE if "." in lower.rpartition("/")[2] else SourceKind.FILES


def holds_password(source: str) -> bool:
    """Does an address hold a password in plain words, rather than the name of a variable?"""
    if "://" not in source:
        return False
    try:
        parts = urlsplit(source)
        said = [parts.password or "", *(v for k, v in parse_qsl(parts.query) if k == "password")]
    except ValueError:
        return "@" in source
    return any(word and not word.startswith(VARIABLE) for word in said)


def value_of(reference: str) -> str:
    """What the variable of `env:NAME` holds.

    Raises:
        EnvironmentFault: it is not set, or empty.
    """
    name = reference.removeprefix(VARIABLE)
    value = os.environ.get(name, "")
    if not value:
        raise EnvironmentFault(
            f"the variable {shorten(name)} is not set",
            where="data.source",
            mend=f"export {name}=... in the shell that runs trainwright",
        )
    return value
