"""A transformer over patches of a series.

Tokens are patches; each is told how far it stands before the series' end, by sines and cosines; what is
filled up is masked in every attention. A forecast is read from all tokens of the window, in order.

Source: Nie et al. 2023, A time series is worth 64 words (arXiv:2211.14730), with channels joined and
patches side by side; Vaswani et al. 2017 (arXiv:1706.03762, sect. 3.5, positions); Xiong et al. 2020
(arXiv:2002.04745, norm before each part).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.models.sequences.architecture import SeriesArchitecture
from trainwright.models.sequences.heads import Patches

_LONGEST_WAVE = 10_000.0


@dataclass(frozen=True, kw_only=True)
class SeriesTransformerArchitecture(SeriesArchitecture):
    """Patches and attention.

    Attributes:
        heads: Of each attention; divides `hidden`.
    """

    heads: int

    @property
    def kind(self) -> str:
        return "series-transformer"

    @property
    def read_tokens(self) -> int:
        """All of the window."""
        return -(-self.context // self.patch)

    def trunk(self) -> tuple[nn.Module, int]:
        trunk = TransformerTrunk(
            Patches(channels=self.channels, patch=self.patch, width=self.hidden),
            width=self.hidden,
            layers=self.layers,
            heads=self.heads,
            dropout=self.dropout,
        )
        return trunk, self.hidden


class TransformerTrunk(nn.Module):
    """Layers of attention and a feed-forward part each, norm first."""

    def __init__(
        self, patches: Patches, *, width: int, layers: int, heads: int, dropout: float
    ) -> None:
        super().__init__()
        self.patches = patches
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            _Layer(width, heads=heads, dropout=dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, series_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """States (rows, tokens, width) and the mask of the tokens."""
        states, mask = self.patches(series_BTD, mask_BT)
        states = self.dropout(states + _places(mask, states.shape[2]).to(states.dtype))
        for layer in self.layers:
            states = layer(states, mask)
        return self.norm(states), mask


class _Layer(nn.Module):
    def __init__(self, width: int, *, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.joined = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, states_BTH: Tensor, mask_BT: Tensor) -> Tensor:
        rows, tokens, width = states_BTH.shape
        joined = self.joined(self.attention_norm(states_BTH))
        queries, keys, values = (
            part.reshape(rows, tokens, self.heads, width // self.heads).transpose(1, 2)
            for part in joined.chunk(3, dim=-1)
        )
        seen = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask_BT[:, None, None, :]
        )
        states = states_BTH + self.dropout(self.out(seen.transpose(1, 2).reshape(states_BTH.shape)))
        found: Tensor = states + self.dropout(self.feed(self.feed_norm(states)))
        return found


def _places(mask_BT: Tensor, width: int) -> Tensor:
    """Sines and cosines of each token's distance from its row's end; shape (rows, tokens, width)."""
    distance = mask_BT.sum(1, keepdim=True) - torch.arange(mask_BT.shape[1], device=mask_BT.device)
    steps = torch.arange(0, width, 2, device=mask_BT.device)
    angles = distance.unsqueeze(-1) * torch.exp(steps * (-math.log(_LONGEST_WAVE) / width))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(2)[:, :, :width]
