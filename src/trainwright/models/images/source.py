"""Images as batches: decoded, changed at random in training, and scaled to what the network was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainwright.core.artifacts import Images
from trainwright.models.images.augmentation import Changes, augment

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors


class ImageSource:
    """Samples of images (`training.protocols.Source`).

    Args:
        images: Decoded as they are asked for.
        target: Class ids (int64) or values (float32), shape (rows,); None when predicting.
        mean: Taken off each channel, on the scale of 0 to 255.
        std: What each channel is divided by then.
        changes: Augmentation; None for none.
        seed: Of augmentation.
    """

    def __init__(
        self,
        images: Images,
        target: Tensor | None = None,
        *,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        changes: Changes | None = None,
        seed: int = 0,
    ) -> None:
        self._images = images
        self._target = target
        self._mean = torch.tensor(mean).view(1, -1, 1, 1)
        self._std = torch.tensor(std).view(1, -1, 1, 1)
        self._changes = changes
        self._seed = seed

    def __len__(self) -> int:
        return self._images.num_rows

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """inputs: float32, shape (rows, channels, height, width); target."""
        found = {"inputs": self.inputs(rows, epoch=epoch, training=training, seed=self._seed)}
        if self._target is not None:
            found["target"] = self._target[torch.from_numpy(rows)]
        return found

    def inputs(self, rows: Indices, *, epoch: int, training: bool, seed: int) -> Tensor:
        """The images alone, changed by this seed."""
        pixels = torch.from_numpy(self._images.pixels(rows))
        if training and self._changes is not None:
            images = augment(pixels, self._changes, seed=seed, epoch=epoch, rows=rows)
        else:
            images = pixels.float()
        return images.sub_(self._mean).div_(self._std)


def channel_statistics(images: Images, *, most: int = 2_048) -> tuple[NDArray[np.float64], ...]:
    """Mean and standard deviation of each channel, over at most `most` images at even distances.

    Returns:
        Two arrays of shape (channels,), on the scale of 0 to 255; a deviation is at least 1.
    """
    rows = np.unique(np.linspace(0, images.num_rows - 1, most).astype(np.int64))
    channels, height, width = images.shape
    sums = np.zeros((2, channels), dtype=np.int64)  # exact: the order of images does not matter
    for start in range(0, len(rows), 64):
        pixels = images.pixels(rows[start : start + 64]).astype(np.int64)
        sums += np.stack([pixels.sum(axis=(0, 2, 3)), (pixels**2).sum(axis=(0, 2, 3))])
    mean, square = sums / (len(rows) * height * width)
    return mean, np.sqrt(np.maximum(square - mean**2, 1.0))
