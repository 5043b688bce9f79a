"""Tokens counted: of each row for the row ledger, and of each source of a mixture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.language import Passages
from trainwright.data.language.mixture import source_names

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens of each row, shape (rows,) each.

    Attributes:
        total: In its passages, special ones included.
        taught: Of these, those that the model must tell.
        read: What an encoder reads.
        lost: Cut off.
    """

    total: Counts
    taught: Counts
    read: Counts
    lost: Counts

    def by_row(self, rows: pl.Series) -> pl.DataFrame:
        """A line a row, beside its global position: columns row, total, taught, read, lost."""
        return pl.DataFrame({"row": rows, **asdict(self)})

    def to_json(self) -> dict[str, int]:
        """The sums, as JSON values."""
        return {name: int(counts.sum()) for name, counts in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class SourceShare:
    """What a source of a mixture came to.

    Attributes:
        name: Of the source.
        rows: Train rows.
        tokens: That are taught, each row once.
        asked: The share that the recipe asks for.
        share: Of the taught tokens of an epoch.
        epochs: How often it is passed through in an epoch.
    """

    name: str
    rows: int
    tokens: int
    asked: float
    share: float
    epochs: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Which share each source is to have.

    Attributes:
        column: Whose values name the sources.
        shares: By source; of any sum.
    """

    column: str
    shares: Mapping[str, float]

    def weights(
        self, counts: TokenCounts, frame: pl.DataFrame, weights: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """Weights by which each source has its share of the taught tokens; their sum of tokens stays.

        Args:
            counts: Of train rows.
            frame: The same rows.
            weights: How much each counts so far, shape (rows,); None: all alike.
        """
        known = np.ones(frame.height) if weights is None else weights
        names = source_names(frame[self.column])
        codes = names.replace_strict(
            {name: code for code, name in enumerate(self.shares)}, return_dtype=pl.Int64
        ).to_numpy()
        tokens = np.bincount(codes, counts.taught * known, minlength=len(self.shares))
        shares = np.array(list(self.shares.values()))
        shares = np.where(tokens > 0, shares, 0.0)
        factors = np.ones(len(shares))
        there = tokens > 0
        factors[there] = shares[there] / shares.sum() * counts.taught.sum() / tokens[there]
        found: NDArray[np.float64] = known * factors[codes]
        return found


def mixture_of(card: Mapping[str, Any]) -> Mixture | None:
    """The mixture that a snapshot's card tells of."""
    said = card.get("mixture")
    return None if said is None else Mixture(said["column"], said["shares"])


def token_counts(passages: Passages) -> TokenCounts:
    """Tokens of each row."""
    rows, size = passages.rows, passages.num_rows

    def by_row(counts: Counts) -> Counts:
        return np.bincount(rows, counts, minlength=size).astype(np.int64)

    told = np.concatenate([[0], np.cumsum(passages.taught, dtype=np.int64)])
    nothing = np.zeros(size, np.int64)
    return TokenCounts(
        total=by_row(np.diff(passages.ends, prepend=0)),
        taught=by_row(np.diff(told[passages.ends], prepend=0)),
        read=nothing
        if passages.read_ends is None
        else by_row(np.diff(passages.read_ends, prepend=0)),
        lost=nothing if passages.lost is None else passages.lost,
    )


def shares_of(
    counts: TokenCounts,
    mixture: Mixture,
    frame: pl.DataFrame,
    weights: NDArray[np.float64],
) -> list[SourceShare]:
    """What a mixture came to in tokens.

    Args:
        counts: Of train rows.
        mixture: What was asked for.
        frame: The same rows.
        weights: How much each row counts, shape (rows,).
    """
    names = source_names(frame[mixture.column])
    whole = float((counts.taught * weights).sum())
    told = float(sum(mixture.shares.values()))
    found = []
    for name, share in mixture.shares.items():
        mine = (names == name).to_numpy()
        tokens = counts.taught[mine]
        weighed = float((tokens * weights[mine]).sum())
        found.append(
            SourceShare(
                name=name,
                rows=int(mine.sum()),
                tokens=int(tokens.sum()),
                asked=share / told,
                share=weighed / whole if whole else 0.0,
                epochs=weighed / float(tokens.sum()) if tokens.sum() else 0.0,
            )
        )
    return found
