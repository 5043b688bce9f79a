"""What a network for tables is fed: numbers, flags, category codes and terms, as a batch's tensors.

The preparation gives one matrix; here its columns are told apart. Numbers are embedded; flags (columns
of at most two values, as booleans and missing-value indicators are) are taken as they are. Category
codes become rows of one shared table of embeddings, a block of rows a column, the last row of each
block for what is missing or was not seen. Terms come as the ids and weights of those a row holds,
filled up with weight 0, which adds nothing.

Cost: float32 keeps 7 digits of a scaled number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.features import Features
from trainwright.training.feeding.sources import ArraySource, RaggedSource

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Source, Tensors

INPUTS = ("numbers", "codes", "terms", "term_weights")


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Which feature is what; positions are those in `Features.dense`.

    Attributes:
        numbers: Positions of numbers to embed.
        flags: Positions of numbers of at most two values.
        categorical: Positions of category codes.
        cardinalities: Codes that train rows hold, for each of `categorical`.
        num_terms: Sparse features.
    """

    numbers: tuple[int, ...]
    flags: tuple[int, ...]
    categorical: tuple[int, ...]
    cardinalities: tuple[int, ...]
    num_terms: int = 0

    @classmethod
    def of(cls, features: Features) -> TableColumns:
        """As train rows have them."""
        dense = features.dense
        numeric = sorted(set(range(dense.shape[1])) - set(features.categorical))
        flags = tuple(place for place in numeric if _is_flag(dense[:, place]))
        return cls(
            numbers=tuple(place for place in numeric if place not in flags),
            flags=flags,
            categorical=features.categorical,
            cardinalities=tuple(_cardinality(dense[:, place]) for place in features.categorical),
            num_terms=len(features.sparse_names),
        )

    @property
    def num_codes(self) -> int:
        """Rows of the table of embeddings: for each column its codes, and one for none of them."""
        return sum(self.cardinalities) + len(self.cardinalities)

    @property
    def unknown(self) -> tuple[int, ...]:
        """The row of each category column for what is missing or was not seen."""
        ends = np.cumsum([count + 1 for count in self.cardinalities], dtype=np.int64)
        return tuple(int(end) - 1 for end in ends)

    def source(self, features: Features, **columns: NDArray[Any]) -> Source:
        """Batches of the tensors `INPUTS` and of further columns, shape (rows, ...).

        `numbers` is float32, shape (rows, numbers + flags); `codes` int64, shape (rows, categorical);
        `terms` int64 and `term_weights` float32, shape (rows, most terms of a row in the batch).
        """
        numbers = features.dense[:, self.numbers + self.flags]
        taken: dict[str, NDArray[Any]] = {
            "numbers": np.where(np.isnan(numbers), 0.0, numbers).astype(np.float32),
            "codes": self._codes(features.dense),
            **columns,
        }
        if self.num_terms and features.sparse is not None:
            return _WithTerms(features.sparse, taken)
        nothing = np.empty((features.num_rows, 0))
        return ArraySource(
            terms=nothing.astype(np.int64), term_weights=nothing.astype(np.float32), **taken
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TableColumns:
        """Inverse of `to_json`."""
        tuples = {name: tuple(v) for name, v in value.items() if name != "num_terms"}
        return cls(**tuples, num_terms=value["num_terms"])

    def _codes(self, dense: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rows of the table of embeddings; shape (rows, categorical)."""
        codes = dense[:, self.categorical]
        counts = np.array(self.cardinalities, dtype=np.int64)
        known = codes < counts  # False for NaN
        starts = np.array(self.unknown, dtype=np.int64) - counts
        whole = np.where(known, codes, 0.0).astype(np.int64)
        placed: NDArray[np.int64] = np.where(known, whole, counts) + starts
        return placed


class _WithTerms:
    """Columns in memory with the terms of each row; lengths are not told, so rows are shuffled freely."""

    def __init__(self, sparse: Any, columns: Mapping[str, NDArray[Any]]) -> None:  # noqa: ANN401 - a csr_matrix
        self._rows = RaggedSource(
            sparse.indptr[1:].astype(np.int64),
            {
                "terms": sparse.indices.astype(np.int64),
                "term_weights": sparse.data.astype(np.float32),
            },
            columns=columns,
        )

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        return self._rows.batch(rows, epoch=epoch, training=training)


def _is_flag(values: NDArray[np.float64]) -> bool:
    """At most two values; most numbers say so within their first rows."""
    return len(np.unique(values[:64])) <= 2 and len(np.unique(values[~np.isnan(values)])) <= 2


def _cardinality(codes: NDArray[np.float64]) -> int:
    """One more than the greatest code; 0 where there is none."""
    return int(np.nanmax(codes)) + 1 if np.isfinite(codes).any() else 0
