"""Passages as batches: one a row, or several that are packed.

The same source makes the batches of training, of `predict` and of the server. What is drawn is a function of
(seed, epoch, sample) in training, and of the sample alone elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.language import Passages
from trainwright.models.language.packing import Layout
from trainwright.training.feeding.order import seed_of
from trainwright.training.objectives import IGNORED

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors

Numbers = NDArray[np.int64]
NOISE = "noise"


class CausalSource:
    """Passages that are told token by token (`training.protocols.Source`, `Measured`).

    Args:
        passages: What is read and told. A passage that begins with a token to be told gets a token before
            it: nothing else could tell that one.
        width: Tokens of a packed row; None: each passage has a row of its own.
        weights: How often each passage comes in training, on average; None: once.
        seed: Of what is drawn.
        noise: Batches hold a seed a row for noise on the token vectors, 0 outside training.
    """

    def __init__(
        self,
        passages: Passages,
        *,
        width: int | None = None,
        weights: NDArray[np.float64] | None = None,
        seed: int = 0,
        noise: bool = False,
    ) -> None:
        self._passages = begun(passages)
        self._starts = starts_of(self._passages.ends)
        self._sizes = self._passages.ends - self._starts
        self._layout = Layout(self._sizes, width=width, weights=weights, seed=seed)
        self._seed = seed
        self._noise = noise

    def __len__(self) -> int:
        return len(self._layout)

    @property
    def lengths(self) -> Numbers:
        """Tokens of each row; shape (rows,)."""
        return self._layout.rows.lengths

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """Tensors ids, positions and labels, shape (rows, longest); positions begin anew in each passage.

        Padding stands on the right, where nothing before it can see it.
        """
        members, counts = self._layout.members(rows, epoch=epoch)
        sizes = self._sizes[members]
        owners = np.repeat(np.arange(len(rows)), counts)
        before = np.cumsum(sizes) - sizes  # tokens of the batch before each passage
        row_sizes = np.bincount(owners, weights=sizes, minlength=len(rows)).astype(np.int64)
        columns = before - (np.cumsum(row_sizes) - row_sizes)[owners]
        places = np.arange(int(sizes.sum())) + np.repeat(self._starts[members] - before, sizes)
        mask = np.arange(int(row_sizes.max(initial=0))) < row_sizes[:, None]
        ids = np.full(mask.shape, self._passages.special.padding, dtype=np.int64)
        ids[mask] = self._passages.ids[places]
        labels = np.full(mask.shape, IGNORED, dtype=np.int64)
        labels[mask] = np.where(self._passages.taught[places], ids[mask], IGNORED)
        first = np.zeros(mask.shape, dtype=np.int64)
        first[owners, columns] = columns
        positions = np.arange(mask.shape[1]) - np.maximum.accumulate(first, axis=1)
        batch = {
            "ids": torch.from_numpy(ids),
            "positions": torch.from_numpy(positions),
            "labels": torch.from_numpy(labels),
        }
        if self._noise:
            batch[NOISE] = torch.from_numpy(self._noise_seeds(rows, epoch, training=training))
        return batch

    def _noise_seeds(self, rows: Indices, epoch: int, *, training: bool) -> Numbers:
        if not training:
            return np.zeros(len(rows), dtype=np.int64)
        return (seed_of(self._seed, epoch, rows, use=NOISE) >> np.uint64(1)).astype(np.int64) | 1


def begun(passages: Passages) -> Passages:
    """Each passage that begins with a token to be told has one before it that is given."""
    starts = starts_of(passages.ends)
    sizes = passages.ends - starts
    filled = np.flatnonzero(sizes)
    bare = filled[passages.taught[starts[filled]]]
    if not len(bare):
        return passages
    special = passages.special
    opening = special.end if special.start is None else special.start
    grown = np.zeros(len(sizes), dtype=np.int64)
    grown[bare] = 1
    return replace(
        passages,
        ids=np.insert(passages.ids, starts[bare], np.int32(opening)),
        taught=np.insert(passages.taught, starts[bare], np.False_),
        ends=passages.ends + np.cumsum(grown),
    )


def tokens_taught(passages: Passages) -> Numbers:
    """How many tokens of each passage are to be told; shape (passages,)."""
    before = np.concatenate([[0], np.cumsum(passages.taught, dtype=np.int64)])
    return np.asarray(before[passages.ends] - before[starts_of(passages.ends)], np.int64)


def starts_of(ends: Numbers) -> Numbers:
    """Where each passage begins."""
    return np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(ends)]


def with_something_told(passages: Passages) -> Passages:
    """Without the passages that have no token to be told: nothing can be learnt from them."""
    sizes = np.diff(passages.ends, prepend=0)
    told = np.zeros(len(sizes), dtype=np.int64)
    filled = np.flatnonzero(sizes)
    if len(filled):
        starts = starts_of(passages.ends)[filled]
        told[filled] = np.add.reduceat(passages.taught, starts, dtype=np.int64)
    return chosen(passages, np.flatnonzero(told))


def chosen(passages: Passages, numbers: Numbers) -> Passages:
    """Some of the passages; the token ids are shared where all are chosen."""
    if len(numbers) == len(passages.ends):
        return passages
    places, ends = _gathered(passages.ends, numbers)
    found = replace(
        passages,
        ids=passages.ids[places],
        taught=passages.taught[places],
        ends=ends,
        rows=passages.rows[numbers],
    )
    if passages.read_ids is None or passages.read_ends is None:
        return found
    places, ends = _gathered(passages.read_ends, numbers)
    return replace(found, read_ids=passages.read_ids[places], read_ends=ends)


def _gathered(ends: Numbers, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Places of the tokens of some passages, and where each passage ends among them."""
    starts = starts_of(ends)
    sizes = (ends - starts)[numbers]
    found = np.cumsum(sizes)
    return np.arange(int(sizes.sum())) + np.repeat(starts[numbers] - (found - sizes), sizes), found


def padded(rows: Sequence[NDArray[Any]], filler: int) -> Numbers:
    """Rows of unequal length, filled up on the right; shape (rows, longest), int64."""
    found = np.full((len(rows), max(map(len, rows), default=0)), filler, dtype=np.int64)
    for place, row in enumerate(rows):
        found[place, : len(row)] = row
    return found
