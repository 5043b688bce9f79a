"""A denoising auto-encoder: what was corrupted is to be restored.

The source corrupts (`corruption` has the means), since only there randomness belongs to a sample;
this compares the restored values with the clean ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.training.objectives.supervised import aligned, called, chosen, taken
from trainwright.training.protocols import LossPart

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Denoising:
    """Squared error of restored values; a term is a value.

    Attributes:
        inputs: Tensors of the batch that the model is called with, in order; corrupted.
        target: The clean values.
        corrupted: The tensor of the batch, of the target's shape, that tells which values were
            corrupted: they and those left alone become two parts. None: one part.
        kept: Weight of the part of what was left alone; 0 leaves it out.
        output: The entry of the output to judge, where the model gives a mapping.

    Source: Vincent et al. 2010, Stacked denoising autoencoders (JMLR 11), sect. 3 and 4.2 (emphasis).
    """

    couples_rows: ClassVar[bool] = False

    inputs: tuple[str, ...] = ("inputs",)
    target: str = "target"
    corrupted: str | None = None
    kept: float = 1.0
    output: str | None = None

    def parts(self, model: nn.Module, batch: Tensors) -> Mapping[str, LossPart]:
        clean = taken(batch, self.target)
        restored = chosen(called(model, self.inputs, batch), self.output)
        squares = functional.mse_loss(aligned(restored, clean), clean, reduction="none")
        return {
            name: LossPart((squares * there).sum(), there.sum(), weight)
            for name, (there, weight) in self._judged(batch).items()
        }

    def counts(self, batch: Tensors) -> Mapping[str, Tensor]:
        return {name: there.sum() for name, (there, _) in self._judged(batch).items()}

    def _judged(self, batch: Tensors) -> dict[str, tuple[Tensor, float]]:
        """Which values each part is about, and its weight."""
        if self.corrupted is None:
            return {"restored": (torch.ones_like(taken(batch, self.target)), 1.0)}
        there = taken(batch, self.corrupted).bool()
        judged = {"restored": (there, 1.0)}
        return {**judged, "kept": (~there, self.kept)} if self.kept else judged
