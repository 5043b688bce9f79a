"""How other readers read a dirty file, with their defaults: one JSON object on standard output.

    python dirty_readers.py FOLDER FILE...

For each reader and file: the columns with their values (date-times as {"moment": ISO}), whether the reader
raised, and whether it gave any warning; a warning counts for every column of its file.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

Read = Callable[[Path], dict[str, list[Any]]]


def by_pandas(path: Path) -> dict[str, list[Any]]:
    """`read_csv` with its defaults."""
    import pandas as pd

    frame = pd.read_csv(path)
    gone = frame.isna()
    return {
        str(name): [
            None if missing else value
            for value, missing in zip(frame[name].tolist(), gone[name].tolist(), strict=True)
        ]
        for name in frame.columns
    }


def by_polars(path: Path) -> dict[str, list[Any]]:
    """`read_csv` with its defaults."""
    import polars as pl

    return {
        str(name): values for name, values in pl.read_csv(path).to_dict(as_series=False).items()
    }


def by_polars_careful(path: Path) -> dict[str, list[Any]]:
    """Types by all rows, dates tried, a text that is no UTF-8 refused."""
    import polars as pl

    frame = pl.read_csv(path, infer_schema_length=None, try_parse_dates=True)
    return {str(name): values for name, values in frame.to_dict(as_series=False).items()}


def by_duckdb(path: Path) -> dict[str, list[Any]]:
    """`read_csv` with its sniffer, on the whole file."""
    import duckdb

    found = duckdb.sql(f"select * from read_csv('{path}', sample_size = -1)")
    rows = found.fetchall()
    return {name: [row[at] for row in rows] for at, name in enumerate(found.columns)}


READERS: dict[str, Read] = {
    "DuckDB, whole-file sample": by_duckdb,
    "Polars": by_polars,
    "Polars, all rows and dates": by_polars_careful,
    "pandas": by_pandas,
}


def main(folder: Path, files: list[str]) -> None:
    """Read each file with each reader."""
    found: dict[str, Any] = {}
    for name, read in READERS.items():
        found[name] = {file: _read(read, folder / file) for file in files}
    versions = {name: metadata.version(name) for name in ("duckdb", "pandas", "polars")}
    json.dump({"readers": found, "versions": versions}, sys.stdout)


def _read(read: Read, path: Path) -> dict[str, Any]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            columns = read(path)
        except Exception as error:  # whatever a reader raises is a refusal
            return {"refused": f"{type(error).__name__}: {error}"[:300]}
    values = {name: [_plain(value) for value in cells] for name, cells in columns.items()}
    return {"columns": values, "warned": [str(w.message)[:300] for w in seen]}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return {"moment": value.isoformat()}
    if isinstance(value, float) and math.isnan(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.item() if hasattr(value, "item") else str(value)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
