"""Which rows belong together: pairs that are alike, joined; the first row stands for the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Clusters:
    """Rows that are alike, directly or through others.

    Attributes:
        row: The rows of all clusters, rising; shape (members,), int64.
        first: The first row of the cluster of each, which stands for it.
        likeness: Of each row to that one, by the measure that was asked for; 1 for the first itself.
        left: One side of the pairs that joined them, each at or above the threshold; shape (links,).
        right: The other side.
        strength: Likeness of each pair.
    """

    row: Rows
    first: Rows
    likeness: NDArray[np.float64]
    left: Rows
    right: Rows
    strength: NDArray[np.float64]

    @property
    def repeats(self) -> NDArray[np.bool_]:
        """True for members that another row stands for."""
        found: NDArray[np.bool_] = self.row != self.first
        return found

    @property
    def num_clusters(self) -> int:
        """How many."""
        return len(self.row) - int(self.repeats.sum())


class Joins:
    """Rows, joined pair by pair; each set is known by its least row.

    Args:
        num_rows: Rows are 0 to num_rows - 1.
    """

    def __init__(self, num_rows: int) -> None:
        self._above = np.arange(num_rows, dtype=np.int64)
        self._links: list[tuple[Rows, Rows, NDArray[np.float64]]] = []

    def roots(self, rows: Rows) -> Rows:
        """The least row of the set of each."""
        found = self._above[rows]
        while True:
            higher = self._above[found]
            if np.array_equal(higher, found):
                return found
            found = higher

    def apart(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """True where the two are not joined yet."""
        found: NDArray[np.bool_] = self.roots(left) != self.roots(right)
        return found

    def join(self, left: Rows, right: Rows, strength: NDArray[np.float64]) -> None:
        """Join pairs, in their order."""
        if not len(left):
            return
        self._links.append((left, right, strength))
        above = self._above
        for one, other in zip(self.roots(left).tolist(), self.roots(right).tolist(), strict=True):
            low, high = _root(above, one), _root(above, other)
            if low > high:
                low, high = high, low
            above[high] = low
        touched = np.concatenate([left, right])
        above[touched] = self.roots(touched)

    def members(self) -> tuple[Rows, Rows]:
        """Rows that are joined to another one, rising, and the first of each."""
        left, right, _ = self.links()
        rows = np.unique(np.concatenate([left, right]))
        return rows, self.roots(rows)

    def links(self) -> tuple[Rows, Rows, NDArray[np.float64]]:
        """All pairs that were joined: lower rows, higher rows, strengths."""
        empty = np.zeros(0, np.int64)
        left, right, strength = zip(*self._links, (empty, empty, np.zeros(0)), strict=True)
        return np.concatenate(left), np.concatenate(right), np.concatenate(strength)


def _root(above: Rows, row: int) -> int:
    while (higher := int(above[row])) != row:
        row = higher
    return row


def none() -> Clusters:
    """No clusters."""
    rows, likeness = np.zeros(0, np.int64), np.zeros(0)
    return Clusters(rows, rows, likeness, rows, rows, likeness)
