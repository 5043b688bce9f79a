"""A table's network: columns -> embedding -> trunk -> head.

Further targets hang their heads on the same body while it trains (`SharedTrunk`); what is packaged is
the body with the one head again.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

TARGET = "target"  # the target's tensor in a batch, and its head among several


class TableBody(nn.Module):
    """What the heads read.

    Args:
        embedding: Of the columns, to (rows, width).
        trunk: Of that, to what heads read.
    """

    def __init__(self, embedding: nn.Module, trunk: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.trunk = trunk

    def forward(
        self, numbers: Tensor, codes: Tensor, terms: Tensor, term_weights: Tensor
    ) -> Tensor:
        """Of the tensors `columns.INPUTS`."""
        hidden: Tensor = self.trunk(self.embedding(numbers, codes, terms, term_weights))
        return hidden


class TableNetwork(nn.Module):
    """A body with the head of the target.

    Args:
        body: Called with the tensors `columns.INPUTS`.
        head: Called with what the body gives.
    """

    def __init__(self, body: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.head = head

    def forward(
        self, numbers: Tensor, codes: Tensor, terms: Tensor, term_weights: Tensor
    ) -> Tensor:
        """The scores."""
        scores: Tensor = self.head(self.body(numbers, codes, terms, term_weights))
        return scores


@torch.no_grad()
def start_at(head: nn.Module, scores: Sequence[float]) -> None:
    """Set a head's bias to the baseline's scores, so that no step is spent on finding them.

    Args:
        head: With a `bias` of shape (..., scores).
        scores: Log shares of the classes, or the middle of the learnt scale; shape (scores,).
    """
    bias = head.bias
    assert isinstance(bias, Tensor)
    bias.copy_(torch.tensor(scores, dtype=bias.dtype).expand_as(bias))
