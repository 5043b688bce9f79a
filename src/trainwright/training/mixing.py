"""Rows of a batch blended in pairs, their targets too: mixup and cutmix.

Weight, partners and box are drawn from (seed, step) alone: a resumed training blends as the
unbroken one, and no generator has a state to save. One weight serves a batch, as in both papers'
experiments. A whole batch is blended before it is cut into pieces, so that accumulation does not
change what is blended.

Source: Zhang et al. 2018, arXiv:1710.09412, eq. 1 (mixup); Yun et al. 2019, arXiv:1905.04899, eq. 1 to 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trainwright.core.errors import RecipeError
from trainwright.core.seeds import derive_seed
from trainwright.recipe.sections import Mixing
from trainwright.training.objectives.refusals import as_ids, explain_ids
from trainwright.training.protocols import Objective

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@runtime_checkable
class Mixable(Protocol):
    """An objective that takes distributions over classes as targets."""

    inputs: tuple[str, ...]
    target: str
    num_classes: int | None


def mixer(mixing: Mixing, objective: Objective, *, seed: int) -> Mixer:
    """What blends the batches that `objective` judges.

    Raises:
        RecipeError: it takes no soft targets, or does not know how many classes there are.
    """
    if not isinstance(objective, Mixable) or objective.num_classes is None:
        raise RecipeError(
            f"{mixing.kind} needs an objective of classes and their number",
            where="training.mixing",
            mend="objective: cross-entropy (in Python CrossEntropy(num_classes=...)), or mixing: null",
        )
    return Mixer(
        mixing, objective.inputs, objective.target, num_classes=objective.num_classes, seed=seed
    )


@dataclass(frozen=True, slots=True)
class _Draw:
    """What is drawn for one step.

    Attributes:
        weight: Of the row itself; its partner has the rest.
        partner: The row that each is blended with, shape (rows,).
        centre: Of cutmix's box, as shares of height and width.
    """

    weight: float
    partner: Tensor
    centre: tuple[float, float]


class Mixer:
    """Blends batches.

    Args:
        mixing: Kind, and alpha of the Beta distribution of the weight.
        inputs: Tensors to blend, shape (rows, ...), floating-point; for cutmix (rows, ..., height,
            width).
        target: Class ids, shape (rows,), or distributions, shape (rows, classes).
        num_classes: How many.
        seed: Of everything that is drawn.
    """

    def __init__(
        self,
        mixing: Mixing,
        inputs: tuple[str, ...],
        target: str,
        *,
        num_classes: int,
        seed: int,
    ) -> None:
        self._kind, self._alpha = mixing.kind, mixing.alpha
        self._inputs = inputs
        self._target = target
        self._num_classes = num_classes
        self._seed = seed

    def __call__(self, batch: Tensors, *, step: int) -> Mapping[str, Tensor]:
        """The batch with blended inputs and soft targets, float32 of shape (rows, classes).

        Args:
            batch: Is left as it is.
            step: Updates made so far.

        Raises:
            RecipeError: an input is no floating-point tensor, or no image where a box is to be cut.
        """
        draw = self._draw(
            step, num_rows=len(batch[self._target]), device=batch[self._target].device
        )
        weight = draw.weight
        blended: dict[str, Tensor] = dict(batch)
        for name in self._inputs:
            self._check(name, batch[name])
            if self._kind == "mixup":
                blended[name] = torch.lerp(batch[name][draw.partner], batch[name], draw.weight)
            else:
                blended[name], weight = _with_box(batch[name], draw)
        soft = self._distributions(batch[self._target])
        blended[self._target] = torch.lerp(soft[draw.partner], soft, weight)
        return blended

    def _draw(self, step: int, *, num_rows: int, device: torch.device) -> _Draw:
        random = np.random.default_rng(derive_seed(self._seed, "mixing", step))
        weight = float(random.beta(self._alpha, self._alpha))
        partner = torch.from_numpy(random.permutation(num_rows)).to(device)
        return _Draw(weight, partner, (float(random.random()), float(random.random())))

    def _distributions(self, target: Tensor) -> Tensor:
        """Raises DataError where an id is none of the classes; a row without a class cannot be blended."""
        if target.is_floating_point():
            return target
        try:
            return functional.one_hot(as_ids(target), self._num_classes).float()
        except RuntimeError:
            explain_ids(
                target,
                name=self._target,
                num_classes=self._num_classes,
                mend="training: {mixing: null}, or a class from 0 on for every row",
                ignored=None,
            )
            raise

    def _check(self, name: str, values: Tensor) -> None:
        if not values.is_floating_point() or (self._kind == "cutmix" and values.ndim < 3):
            raise RecipeError(
                f"{self._kind} cannot blend {name!r}: {values.dtype}, shape {tuple(values.shape)}",
                where="training.mixing",
                mend="mixing: null, or {kind: mixup} for numbers that are no images",
            )


def _with_box(images: Tensor, draw: _Draw) -> tuple[Tensor, float]:
    """Images with a box of their partners', and the share of each that stays its own."""
    height, width = images.shape[-2:]
    side = math.sqrt(1 - draw.weight)
    top, bottom = _span(height, side, draw.centre[0])
    left, right = _span(width, side, draw.centre[1])
    cut = images.clone()
    cut[..., top:bottom, left:right] = images[draw.partner][..., top:bottom, left:right]
    return cut, 1 - (bottom - top) * (right - left) / (height * width)


def _span(size: int, side: float, centre: float) -> tuple[int, int]:
    """First and last of a box's pixels along one dimension, cut off at the image's border."""
    half, middle = int(size * side) // 2, int(size * centre)
    return max(0, middle - half), min(size, middle + half)
