"""Rows into groups by the value of a column: categories as they are, numbers and times by quartiles.

The quartiles are those of train rows, so that a group is the same people wherever it is counted. What is
missing is a group too. Beyond eight values the rarest are counted together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

MISSING, OTHERS = "(missing)", "(others)"
MOST_GROUPS = 8
_FEW_NUMBERS = 6  # distinct ones that are groups as they are


@dataclass(frozen=True, slots=True)
class Grouping:
    """How a column's values become groups.

    Attributes:
        column: Its name.
        values: The groups by name, commonest first, where values are groups.
        edges: Of numbers (times as microseconds): where one group ends and the next begins; empty where
            values are groups.
    """

    column: str
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @classmethod
    def of(cls, train: pl.Series) -> Grouping:
        """As train rows show it."""
        known = train.drop_nulls()
        numeric = train.dtype.is_numeric() or train.dtype.is_temporal()
        if numeric and known.n_unique() > _FEW_NUMBERS:
            numbers = known.to_physical().cast(pl.Float64).to_numpy()
            edges = np.unique(np.quantile(numbers, [0.25, 0.5, 0.75], method="higher"))
            return cls(train.name, edges=tuple(edges.tolist()))
        counts = _texts(known).alias("value").value_counts()
        counts = counts.sort(["count", "value"], descending=[True, False])
        return cls(train.name, values=tuple(counts["value"].to_list()[:MOST_GROUPS]))

    @property
    def names(self) -> tuple[str, ...]:
        """All groups that may come up, in the order that they are told."""
        if not self.edges:
            return (*self.values, OTHERS, MISSING)
        inner = [
            f"{low:g} to under {high:g}"
            for low, high in zip(self.edges, self.edges[1:], strict=False)
        ]
        return (f"under {self.edges[0]:g}", *inner, f"{self.edges[-1]:g} and more", MISSING)

    def codes(self, values: pl.Series) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The place of each row's group in `names`; shape (rows,), int64."""
        last = len(self.names) - 1
        missing = values.is_null().to_numpy()
        if self.edges:
            numbers = values.to_physical().cast(pl.Float64).fill_null(0.0).to_numpy()
            found = np.searchsorted(np.array(self.edges), numbers, side="right").astype(np.int64)
        else:
            places = {value: place for place, value in enumerate(self.values)}
            found = (
                _texts(values)
                .replace_strict(places, default=last - 1, return_dtype=pl.Int64)
                .to_numpy()
            )
        return np.where(missing, last, found)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"column": self.column, "values": list(self.values), "edges": list(self.edges)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Grouping:
        """Inverse of `to_json`."""
        return cls(value["column"], tuple(value["values"]), tuple(value["edges"]))


def _texts(values: pl.Series) -> pl.Series:
    """Whole numbers without their decimals: 1, not 1.0."""
    if values.dtype.is_float() and (values.drop_nulls() % 1 == 0).all():
        values = values.cast(pl.Int64)
    return values.cast(pl.String)
