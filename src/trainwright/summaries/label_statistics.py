"""What metrics of several labels a row are computed from: sums that merge (see `summaries.statistics`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.summaries.statistics import TINY, ExactSum, Floats, Integers, RankCounts


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """All that the metrics of several labels need to know of the rows.

    Attributes:
        rows: How many.
        counts: Of each label the rows that have it, those decided to, and those that are both; shape
            (3, labels), int64.
        exact: Rows whose labels are all decided right.
        jaccard: Sum of each row's shared labels over those that are there or decided; 1 where none is.
        ranks: Of each label's probability.
    """

    rows: int
    counts: Integers
    exact: int
    jaccard: ExactSum
    ranks: tuple[RankCounts, ...]

    @classmethod
    def of(cls, probabilities: Floats, labels: Integers, decided: Integers) -> LabelStatistics:
        """Statistics of a batch.

        Args:
            probabilities: How likely each label is; shape (rows, labels).
            labels: 1 where a row has a label; shape (rows, labels).
            decided: 1 where a label is told; shape (rows, labels).
        """
        both = labels & decided
        return cls(
            rows=len(labels),
            counts=np.stack([part.sum(axis=0) for part in (labels, decided, both)]),
            exact=int((labels == decided).all(axis=1).sum()),
            jaccard=ExactSum.of(jaccard_of_rows(labels, decided)),
            ranks=tuple(
                RankCounts.of(probabilities[:, k], labels[:, k] == 1)
                for k in range(labels.shape[1])
            ),
        )

    def merge(self, other: LabelStatistics) -> LabelStatistics:
        """Statistics of both batches."""
        return LabelStatistics(
            rows=self.rows + other.rows,
            counts=self.counts + other.counts,
            exact=self.exact + other.exact,
            jaccard=self.jaccard.merge(other.jaccard),
            ranks=tuple(a.merge(b) for a, b in zip(self.ranks, other.ranks, strict=True)),
        )


def jaccard_of_rows(labels: Integers, decided: Integers) -> Floats:
    """Shared labels over all that are there or decided, 1 where none is; shape (rows,)."""
    shared, either = (labels & decided).sum(axis=1), (labels | decided).sum(axis=1)
    return np.asarray(np.divide(shared, either, out=np.ones(len(labels)), where=either > 0))


def label_losses(probabilities: Floats, labels: Floats) -> Floats:
    """Log loss of each row, the mean over its labels; shape (rows,).

    The running sum adds from left to right, whatever the shape.
    """
    true = np.where(labels == 1, probabilities, 1 - probabilities)
    losses = -np.log(np.clip(true, TINY, 1.0 - TINY))
    return np.asarray(np.cumsum(losses, axis=1)[:, -1] / labels.shape[1])
