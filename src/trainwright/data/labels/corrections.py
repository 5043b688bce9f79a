"""A file of corrections: what a row's label should be, of the target or of another column of labels.

A line has a row, a label and, where rows carry several labels, the column that it is about; the target where
that is not said. A row stands once for each column: two opinions are annotations, not corrections.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.errors import DataError, RecipeError, shorten
from trainwright.data.labels.naming import positions_of


def read_corrections(
    path: Path,
    *,
    target: str,
    also: Collection[str],
    rows: NDArray[np.int64],
    files: Sequence[tuple[str, int]],
) -> dict[str, dict[int, str]]:
    """By column, the label that each named row should have, by its place among the rows.

    Args:
        path: CSV or Parquet with columns row and label, perhaps column.
        target: What a line is about that names no column.
        also: Further columns of labels.
        rows: Global positions of the rows that are there.
        files: Name and number of rows of each file of the source.

    Raises:
        RecipeError: the file cannot be read, or lacks a column.
        DataError: a row is not there or stands twice, or a column is none of labels.
    """
    lines = read_lines(path, ("row", "label"), key="data.labels.corrections")
    named = lines["row"].cast(pl.String)
    about = lines["column"].cast(pl.String) if "column" in lines.columns else None
    columns = [target] * lines.height if about is None else about.fill_null(target).to_list()
    places = {row: place for place, row in enumerate(rows.tolist())}
    said: dict[str, dict[int, str]] = {}
    for name, row, column, label in zip(
        named, positions_of(named, files), columns, lines["label"].cast(pl.String), strict=True
    ):
        if row is None or row not in places:
            raise DataError(
                f"row {shorten(str(name))} is not there",
                where=path.name,
                mend="name each row once, by FILE:POSITION or its position from 0 in the source",
            )
        if column != target and column not in also:
            raise DataError(
                f"{shorten(column)} is no column of labels",
                where=path.name,
                mend=f"leave the column empty for {target!r}, or data: {{labels: {{also: [COLUMN]}}}}",
            )
        mine = said.setdefault(column, {})
        if mine.setdefault(places[row], label) != label:
            raise DataError(
                f"row {shorten(str(name))} stands twice, with {shorten(mine[places[row]])} and"
                f" {shorten(label)}",
                where=path.name,
                mend=f"settle it, or name the file as data: {{labels: {{annotations: {path.name}}}}}",
            )
    return said


def read_lines(path: Path, columns: Sequence[str], *, key: str) -> pl.DataFrame:
    """A CSV file, all as text, or a Parquet file, with at least these columns.

    Raises:
        RecipeError: it cannot be read, or lacks one; `key` says where it is named.
    """
    try:
        lines = (
            pl.read_parquet(path)
            if path.suffix == ".parquet"
            else pl.read_csv(path, infer_schema=False)
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RecipeError(
            f"{path.name} cannot be read: {error!s:.150}",
            where=key,
            mend=f"a CSV or Parquet file with the columns {', '.join(columns)}",
        ) from error
    lost = [name for name in columns if name not in lines.columns]
    if lost:
        raise RecipeError(
            f"{path.name} has no column {lost[0]!r}",
            where=key,
            mend=f"its columns must be {', '.join(columns)}",
        )
    return lines
