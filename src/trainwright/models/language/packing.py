"""Which passages share a row of a training batch: best fit by length, another draw each epoch.

Each passage belongs to a slot, and slots are put into rows of a fixed width, the longest first, each where
it leaves least room. Rows are planned once, so that an epoch's number of samples and their lengths are
known; what is drawn each epoch is the passages of the slots. Where all rows count alike each passage has a
slot of its own and comes once an epoch. Where they do not, passages are sorted by length and their weights
laid end to end: slot j draws the passage at j + u, about as long as any other that it could have drawn. So a
passage of weight w comes floor(w) or ceil(w) times, and an epoch never has more rows than another. u moves
by the golden ratio from epoch to epoch, which spreads a passage's turns evenly over them.

Nothing here knows that passages of a row may not see each other: positions that start again say so.

Source: Ding et al. 2024, arXiv:2404.10830, sect. 3 (best-fit decreasing: no document is cut to fill a row);
systematic sampling: Madow 1949, Annals of Mathematical Statistics 20, sect. 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.training.feeding.order import seed_of

Numbers = NDArray[np.int64]
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Rows:
    """Slots in rows.

    Attributes:
        slots: Slots, row after row; shape (slots,).
        ends: Where each row ends in `slots`, shape (rows,).
        lengths: Tokens that each row has room for in its slots, shape (rows,).
    """

    slots: Numbers
    ends: Numbers
    lengths: Numbers


class Layout:
    """Passages in rows, epoch by epoch.

    Args:
        lengths: Of the passages, shape (passages,).
        width: Tokens of a row, at most; None: each row holds one passage. A longer passage has a row alone.
        weights: How often each passage comes, on average; None: once. Shape (passages,).
        seed: Of the draws.
    """

    def __init__(
        self,
        lengths: Numbers,
        *,
        width: int | None,
        weights: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> None:
        self._seed = seed
        self._draws = weights is not None
        self._order = np.arange(len(lengths), dtype=np.int64)
        if weights is not None:
            self._order = np.argsort(lengths, kind="stable").astype(np.int64)
        shares = np.ones(len(lengths)) if weights is None else weights[self._order]
        self._ends = np.cumsum(shares)
        num_slots = max(1, round(float(self._ends[-1])))
        self._ends *= num_slots / self._ends[-1]
        self._ends[-1] = num_slots
        longest = np.searchsorted(self._ends, np.arange(1, num_slots + 1) - 1e-9)
        room = lengths[self._order[longest]]
        self.rows = packed(room, width=width) if width is not None else _alone(room)
        self._kept: tuple[int, Numbers] | None = None

    def __len__(self) -> int:
        return len(self.rows.ends)

    def members(self, rows: Numbers, *, epoch: int) -> tuple[Numbers, Numbers]:
        """The passages of some rows, row after row, and how many each row has."""
        starts = np.concatenate([[0], self.rows.ends[:-1]])[rows]
        counts = self.rows.ends[rows] - starts
        places = np.arange(int(counts.sum())) + np.repeat(starts - _before(counts), counts)
        return self._chosen(epoch)[self.rows.slots[places]], counts

    def _chosen(self, epoch: int) -> Numbers:
        """The passage of each slot in an epoch, shape (slots,)."""
        if not self._draws:
            return self._order
        if self._kept is None or self._kept[0] != epoch:
            self._kept = (epoch, self._drawn(epoch))
        return self._kept[1]

    def _drawn(self, epoch: int) -> Numbers:
        first = seed_of(self._seed, 0, np.zeros(1, dtype=np.int64), use="passages")[0]
        moved = (float(first) * 2.0**-64 + epoch * _GOLDEN) % 1.0
        slots = np.arange(int(self._ends[-1]))
        places = np.searchsorted(self._ends, slots + moved, side="right")
        return self._order[np.minimum(places, len(self._order) - 1)]


def packed(lengths: Numbers, *, width: int) -> Rows:
    """Best fit, the longest first: each goes where it leaves least room.

    Args:
        lengths: Of what is put into rows, shape (slots,).
        width: Room of a row; what is longer has a row alone.
    """
    rows: list[list[int]] = []
    with_room: list[list[int]] = [[] for _ in range(width + 1)]  # rows by the room they have left
    open_rooms = 0  # bit r: there is a row with room r
    for slot in np.argsort(-lengths, kind="stable").tolist():
        length = int(lengths[slot])
        fitting = open_rooms >> length if length <= width else 0
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            row = with_room[room].pop()
            if not with_room[room]:
                open_rooms &= ~(1 << room)
            rows[row].append(slot)
        else:
            room, row = max(width, length), len(rows)
            rows.append([slot])
        left = room - length
        with_room[left].append(row)
        open_rooms |= 1 << left
    slots = np.array([slot for row in rows for slot in row], dtype=np.int64)
    ends = np.cumsum([len(row) for row in rows]).astype(np.int64)
    return Rows(slots, ends, np.diff(_sums(lengths[slots])[ends], prepend=0))


def _alone(lengths: Numbers) -> Rows:
    slots = np.arange(len(lengths), dtype=np.int64)
    return Rows(slots, slots + 1, lengths.astype(np.int64))


def _sums(values: Numbers) -> Numbers:
    """Sums of the first 0, 1, 2 ... values."""
    return np.concatenate([[0], np.cumsum(values)]).astype(np.int64)


def _before(counts: Numbers) -> Numbers:
    """How many come before each group."""
    return np.cumsum(counts) - counts
