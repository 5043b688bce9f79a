"""What a preparation step is: a summary that is fitted block by block, and a pure transform of rows.

A `Summary` observes fixed blocks in order and merges, so it can be fitted over files and machines;
`finish` gives the fitted `Step`. A step has two ways to the same bits: `fill` for a block of a
column, `row` for one Python value. They agree because both do the same IEEE operations, or look the
answer up in the same table; no step calls a vectorised transcendental function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

BLOCK_ROWS = 65_536
MIN_COUNT = 5  # rows that must hold a value, or a term, before it has a feature of its own
NAN = float("nan")


class Step(ABC):
    """A fitted transform of one column into dense features.

    Attributes:
        kind: Names the class in a saved preparation.
        column: What it reads.
    """

    kind: ClassVar[str]
    column: str

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """One name a feature."""

    @property
    def is_codes(self) -> bool:
        """True when its one feature is category codes."""
        return False

    def looked_up(self, series: pl.Series) -> pl.Series:
        """What `fill` takes, of a whole column: what is dear to begin with is begun once."""
        return series

    @abstractmethod
    def fill(self, series: pl.Series, out: NDArray[np.float64]) -> None:
        """Write the features of a block into `out`, shape (rows, features), which holds zeros.

        Args:
            series: A block of what `looked_up` gave.
            out: Where the features go.
        """

    @abstractmethod
    def row(self, value: Any) -> Sequence[float]:  # noqa: ANN401 - a typed value or None
        """The features of one value; the bits are those of `fill`."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """As JSON values, without the kind."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""


class Summary(ABC):
    """What a step is fitted from; a new one has seen no rows."""

    @abstractmethod
    def observe(self, block: pl.Series) -> None:
        """Add the next block of the column (65,536 rows, the last may be shorter)."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Add all that `other` saw, whose blocks come after."""

    @abstractmethod
    def finish(self) -> Any:  # noqa: ANN401 - a Step, or the text step
        """The fitted step."""
