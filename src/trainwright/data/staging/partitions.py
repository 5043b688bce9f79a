"""Folders that are named for a value of all rows below them (`year=2024/`), as Hive and Spark write them.

The value stands in no file, so that no column holds it: that is told, and not made up for, since a folder's
name has no type, and a row is predicted without it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from trainwright.core.artifacts import Finding
from trainwright.core.errors import shorten
from trainwright.data.findings import finding


def partition_findings(files: Sequence[str], columns: Collection[str]) -> list[Finding]:
    """What the folders of these files say and no column does; one finding a name.

    Args:
        files: Their names, with their folders.
        columns: Names of the columns.
    """
    said: dict[str, set[str]] = {}
    for file in files:
        for folder in PurePosixPath(file).parts[:-1]:
            name, equals, value = folder.partition("=")
            if equals and name and name not in columns:
                said.setdefault(name, set()).add(value)
    return [
        finding(
            "schema",
            "warning",
            f"the folders say {shorten(name)} of the rows below them, as {shorten(f'{name}={min(values)}')}:"
            " what stands in the names of folders is no column",
            column=name,
            count=len(values),
            remedy=f"write {shorten(name)} into the files as a column, if it is to be learnt from",
        )
        for name, values in said.items()
    ]
