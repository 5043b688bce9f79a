"""What every network for images is made of: a trunk that gives a vector an image, dropout, and a head."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn


class Trunk(nn.Module):
    """Base of the trunks; called with images (rows, channels, height, width), gives (rows, width).

    Attributes:
        width: Length of an image's vector.
    """

    width: int

    @property
    @abstractmethod
    def blocks(self) -> list[tuple[str, nn.Module]]:
        """Its parts by name, from the input to the output, for layer-wise rates and gradual unfreezing."""


class ImageNetwork(nn.Module):
    """Images to logits or values.

    Args:
        trunk: Gives vectors.
        num_outputs: Units of the head.
        dropout: Of the vectors.
    """

    def __init__(self, trunk: Trunk, *, num_outputs: int, dropout: float) -> None:
        super().__init__()
        self.trunk: nn.Module = trunk
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(trunk.width, num_outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Shape (rows, channels, height, width) in, (rows, num_outputs) out."""
        return self.head(self.dropout(self.trunk(inputs)))  # type: ignore[no-any-return]
