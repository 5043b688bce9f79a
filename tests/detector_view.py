"""A table as detectors see it, split at random, with the real probe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.data.view import PART, TableView
from trainwright.models.tables.probe import probe
from trainwright.recipe.data import DataSettings

_TYPES = {pl.String: ColumnType.CATEGORY, pl.Boolean: ColumnType.BOOLEAN}


def view_of(
    frame: pl.DataFrame,
    *,
    target: str = "y",
    identifiers: Iterable[str] = (),
    left_out: Iterable[str] = (),
    texts: Iterable[str] = (),
    parts: np.ndarray | None = None,
    **said: Any,
) -> TableView:
    """A view of the frame; `identifiers` and `texts` are typed so, the first no inputs.

    `said` is the rest of the recipe.
    """
    if parts is None:
        drawn = np.random.default_rng(9).random(frame.height)
        parts = (drawn > 0.7).astype(np.int8) + (drawn > 0.85)
    columns = tuple(
        Column(
            name,
            ColumnType.IDENTIFIER
            if name in identifiers
            else ColumnType.TEXT
            if name in texts
            else ColumnType.DATETIME
            if kind.is_temporal()
            else _TYPES.get(type(kind), ColumnType.NUMBER),
            integer=kind.is_integer(),
        )
        for name, kind in frame.schema.items()
    )
    values = frame[target]
    of_numbers = values.dtype.is_float()
    classes = () if of_numbers else tuple(values.unique().sort().to_list())
    spec = Target(
        next(column for column in columns if column.name == target),
        Task.REGRESSION if of_numbers else Task.CLASSIFICATION,
        classes,
    )
    others = tuple(column for column in columns if column.name != target)
    away = {*identifiers, *left_out}
    return TableView.of_frame(
        frame.with_columns(
            pl.Series(ROW, np.arange(frame.height, dtype=np.int64)),
            pl.Series(PART, parts.astype(np.int8)),
        ),
        others,
        frozenset(column.name for column in others if column.name not in away),
        spec,
        DataSettings(source="t.csv", target=target, **said),
        probe,
    )


def found(detector: Any, view: TableView, *, seconds: float = 600) -> list[Finding]:
    """What a detector finds, with all the time in the world."""
    findings = detector(view, deadline=Deadline(seconds))
    assert isinstance(findings, list)
    return findings


def yes_no(values: np.ndarray) -> pl.Series:
    """A target of two classes."""
    return pl.Series("y", np.where(values, "yes", "no"))
