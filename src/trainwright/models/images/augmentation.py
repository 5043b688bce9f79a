"""Random changes to images that leave their class as it is, drawn sample by sample.

What happens to an image is a function of (seed, epoch, its global index): each kind of change has its own
stream of numbers, so the same image in the same epoch is changed alike in any batch, on any number of
workers, after any resume, and a further kind of change moves no other. Changes of place (mirror, shift,
rotation, scale) are one bilinear sampling; brightness, contrast and saturation come before it, on whole
numbers, so that an image's mean is exact and does not hang on how a sum is split.

Cost: 64 grey images of 28 x 28 take 0.7 ms on one core, 32 colour images of 224 x 224 take 120 ms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from trainwright.training.feeding.order import seed_of

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601: how much red, green and blue add to brightness


@dataclass(frozen=True, slots=True)
class Changes:
    """How far each kind of change may go; 0 or False is none.

    Attributes:
        flip: Half of the images are mirrored, left to right.
        shift: Of the side, in either direction.
        rotation: Degrees, in either direction.
        scale: Share by which an image may be larger or smaller.
        colour: Share by which brightness, contrast and saturation may be more or less.
    """

    flip: bool = False
    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    colour: float = 0.0


def augment(
    pixels: Tensor, changes: Changes, *, seed: int, epoch: int, rows: NDArray[np.int64]
) -> Tensor:
    """Changed images.

    Args:
        pixels: uint8, shape (rows, channels, height, width); 1 or 3 channels.
        changes: How far to go.
        seed: Of the source.
        epoch: Counted from 0.
        rows: Global index of each image, shape (rows,).

    Returns:
        float32 in [0, 255], same shape.
    """
    draw = _Draw(seed, epoch, rows)
    changed = _coloured(pixels, changes.colour, draw) if changes.colour else pixels.float()
    if changes.flip or changes.shift or changes.rotation or changes.scale:
        changed = _moved(changed, changes, draw)
    return changed


@dataclass(frozen=True, slots=True)
class _Draw:
    """Numbers of one batch."""

    seed: int
    epoch: int
    rows: NDArray[np.int64]

    def within(self, limit: float, use: str) -> Tensor:
        """Uniform in [-limit, limit), one a row; float32, shape (rows,)."""
        return ((2 * self.share(use) - 1) * limit).float()

    def share(self, use: str) -> Tensor:
        """Uniform in [0, 1), one a row; float64, shape (rows,)."""
        bits = seed_of(self.seed, self.epoch, self.rows, use=f"augmentation {use}")
        return torch.from_numpy((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def _coloured(pixels: Tensor, limit: float, draw: _Draw) -> Tensor:
    """Brightness, contrast about the image's mean, saturation about each pixel's grey; in [0, 255]."""
    brightness, contrast, saturation = (
        1 + _per_image(draw.within(limit, use)) for use in ("brightness", "contrast", "saturation")
    )
    num_values = pixels[0].numel() if len(pixels) else 1
    mean = _per_image(pixels.sum(dim=(1, 2, 3), dtype=torch.int64).double() / num_values).float()
    changed = pixels.float()
    if pixels.shape[1] == 3:
        weights = torch.tensor(_LUMA).view(1, 3, 1, 1)
        grey = changed[:, 0:1] * weights[:, 0:1]
        grey = grey + changed[:, 1:2] * weights[:, 1:2] + changed[:, 2:3] * weights[:, 2:3]
        changed = grey + saturation * (changed - grey)
    changed = mean + contrast * (changed - mean)
    return (changed * brightness).clamp(0, 255)


def _moved(images: Tensor, changes: Changes, draw: _Draw) -> Tensor:
    """Mirrored, turned, scaled and shifted by one sampling; what comes in from outside repeats the edge."""
    _, _, height, width = images.shape
    angle = _per_image(draw.within(math.radians(changes.rotation), "rotation"))[..., 0]
    size = 1 / (1 + _per_image(draw.within(changes.scale, "scale"))[..., 0])
    right = _per_image(draw.within(2 * changes.shift, "shift right"))[..., 0]
    down = _per_image(draw.within(2 * changes.shift, "shift down"))[..., 0]
    # Places in [-1, 1], as grid_sample counts them; turned in pixels, so that squares stay squares.
    across = _places(width).view(1, 1, width) - right
    along = _places(height).view(1, height, 1) - down
    cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
    x = cosine * across - sine * (height / width) * along
    y = sine * (width / height) * across + cosine * along
    if changes.flip:
        mirrored = draw.share("flip") < 0.5
        x = torch.where(mirrored.view(-1, 1, 1), -x, x)
    grid = torch.stack([x, y], dim=-1)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _places(count: int) -> Tensor:
    """Centres of pixels in [-1, 1]."""
    return (2 * torch.arange(count, dtype=torch.float32) + 1) / count - 1


def _per_image(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)
