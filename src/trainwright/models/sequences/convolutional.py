"""A temporal convolutional network: dilated causal convolutions in residual blocks.

A state sees its own step and earlier ones, so that what is filled up behind a series cannot reach it.
Each step is normalised over its own width (layer norm): neither rows nor steps see each other by it.

Source: Bai, Kolter, Koltun 2018, arXiv:1803.01271, sect. 3; layer norm in place of their weight norm.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from trainwright.models.sequences.architecture import SeriesArchitecture
from trainwright.models.sequences.heads import Patches


@dataclass(frozen=True, kw_only=True)
class TCNArchitecture(SeriesArchitecture):
    """Dilated causal convolutions.

    Attributes:
        kernel: Taps of a convolution.
    """

    kernel: int

    @property
    def kind(self) -> str:
        return "tcn"

    def trunk(self) -> tuple[nn.Module, int]:
        trunk = ConvolutionalTrunk(
            Patches(channels=self.channels, patch=self.patch, width=self.hidden),
            width=self.hidden,
            layers=self.layers,
            kernel=self.kernel,
            dropout=self.dropout,
        )
        return trunk, self.hidden


class ConvolutionalTrunk(nn.Module):
    """Residual blocks whose dilation doubles: layer k sees (kernel - 1) 2^(k+2) steps back, all told."""

    def __init__(
        self, patches: Patches, *, width: int, layers: int, kernel: int, dropout: float
    ) -> None:
        super().__init__()
        self.patches = patches
        self.blocks = nn.ModuleList(
            _Block(width, kernel=kernel, dilation=2**number, dropout=dropout)
            for number in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, series_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """States (rows, tokens, width) and the mask of the tokens."""
        states, mask = self.patches(series_BTD, mask_BT)
        for block in self.blocks:
            states = block(states)
        return self.norm(states), mask


class _Block(nn.Module):
    """Twice norm, activation, convolution, dropout; and the input beside it."""

    def __init__(self, width: int, *, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.reach = (kernel - 1) * dilation
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=dilation) for _ in range(2)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, states_BTH: Tensor) -> Tensor:
        found = states_BTH
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            causal = functional.pad(functional.gelu(norm(found)).mT, (self.reach, 0))
            found = self.dropout(convolution(causal).mT)
        return states_BTH + found
