"""Images as batches: decoded, changed at random in training, and scaled to what the network was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainwright.core.features import Images
from trainwright.core.seeds import derive_seed
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
        pixels = torch.from_numpy(self._images.pixels(rows))
        if training and self._changes is not None:
            images = augment(pixels, self._changes, seed=self._seed, epoch=epoch, rows=rows)
        else:
            images = pixels.float()
        found = {"inputs": images.sub_(self._mean).div_(self._std)}
        if self._target is not None:
            found["target"] = self._target[torch.from_numpy(rows)]
        return found


class TwoViews:
    """Each image twice, changed at random in two ways, for contrastive learning without labels.

    Views are drawn in evaluation too, since two equal ones would say nothing; there they are those of
    epoch 0, so that losses can be compared.

    Args:
        images: Decoded as they are asked for.
        mean: Taken off each channel, on the scale of 0 to 255.
        std: What each channel is divided by then.
        changes: Augmentation.
        seed: Of augmentation.
    """

    def __init__(
        self,
        images: Images,
        *,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        changes: Changes,
        seed: int = 0,
    ) -> None:
        self._views = {
            name: ImageSource(
                images, mean=mean, std=std, changes=changes, seed=derive_seed(seed, "view", name)
            )
            for name in ("first", "second")
        }

    def __len__(self) -> int:
        return len(self._views["first"])

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """first, second: float32, shape (rows, channels, height, width)."""
        drawn = epoch if training else 0
        return {
            name: view.batch(rows, epoch=drawn, training=True)["inputs"]
            for name, view in self._views.items()
        }


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
