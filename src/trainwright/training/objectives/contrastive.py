"""Contrast: two views of a row shall be alike, and unlike all other rows of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.training.objectives.supervised import chosen, taken
from trainwright.training.protocols import LossPart

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class NTXent:
    """Normalised temperature-scaled cross-entropy; a term is a view.

    The model is called once with both views, one after the other, so that BatchNorm sees both.

    Attributes:
        views: The two tensors of the batch, of one shape; the source augments each in its own way.
        temperature: What cosine similarities are divided by.
        output: The entry of the output that holds the embeddings, where the model gives a mapping.

    Source: Chen et al. 2020, arXiv:2002.05709, eq. 1 and algorithm 1.
    """

    couples_rows: ClassVar[bool] = True
    name: ClassVar[str] = "nt_xent"

    views: tuple[str, str] = ("first", "second")
    temperature: float = 0.5
    output: str | None = None

    def parts(self, model: nn.Module, batch: Tensors) -> Mapping[str, LossPart]:
        both = torch.cat([taken(batch, name) for name in self.views])
        # D features of an embedding
        units_BD = functional.normalize(chosen(model(both), self.output).flatten(1), dim=1)
        likeness = (units_BD @ units_BD.T) / self.temperature
        likeness.fill_diagonal_(-torch.inf)
        num_views = len(both)
        partner = torch.arange(num_views, device=both.device).roll(num_views // 2)
        total = functional.cross_entropy(likeness, partner, reduction="sum")
        return {self.name: LossPart(total, self.counts(batch)[self.name])}

    def counts(self, batch: Tensors) -> Mapping[str, Tensor]:
        first = taken(batch, self.views[0])
        return {self.name: torch.full((), 2.0 * len(first), device=first.device)}
