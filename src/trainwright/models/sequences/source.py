"""Series as batches: filled up to the longest of their batch, with a mask of what is their own.

A series stands at the front of its row and is filled up behind. Where steps are joined into patches, it
is first filled up before its beginning to a whole number of them, so that the last patch is full: how a
row is cut depends on its own length alone, never on the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.features import Series

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors


class SeriesSource:
    """Batches of "series" (rows, longest, channels) and "mask" (rows, longest), with "target".

    Args:
        features: The series.
        multiple: Each row is filled up to a multiple of so many steps.
        target: As the objective wants it, shape (rows, ...), or None.
    """

    def __init__(
        self, features: Series, *, multiple: int, target: NDArray[np.generic] | None
    ) -> None:
        self._values = features.values.astype(np.float32)
        self._ends = features.ends
        self._own = np.diff(features.ends, prepend=0)
        self._lengths = -(-self._own // multiple) * multiple
        self._target = target

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Steps of each series, filled up to whole patches; shape (rows,)."""
        return self._lengths

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """Float32 series, 0 where they are filled up, and the mask; no augmentation."""
        lengths, own = self._lengths[rows], self._own[rows]
        place = np.arange(int(lengths.max(initial=0)))
        mask = (place >= (lengths - own)[:, None]) & (place < lengths[:, None])
        moved = self._ends[rows] - np.cumsum(own)
        steps = np.arange(int(own.sum())) + np.repeat(moved, own)
        series = np.zeros((*mask.shape, self._values.shape[1]), dtype=np.float32)
        series[mask] = self._values[steps]
        batch = {"series": torch.from_numpy(series), "mask": torch.from_numpy(mask)}
        if self._target is not None:
            batch["target"] = torch.from_numpy(self._target[rows])
        return batch
