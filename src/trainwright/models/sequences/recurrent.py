"""Recurrent networks: LSTM and GRU, both ways for classes and numbers, forward for forecasts.

The way back reads each series from its own end: steps are turned around within a row's length, and what
is filled up stays behind them, where no state that counts has seen it. So no packing is needed, and a
batch of any lengths runs on the same kernels.

Source: Hochreiter & Schmidhuber 1997; Cho et al. 2014, arXiv:1406.1078; Schuster & Paliwal 1997 (both ways).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from trainwright.core.columns import Task
from trainwright.models.sequences.architecture import SeriesArchitecture
from trainwright.models.sequences.heads import Patches

_CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}


@dataclass(frozen=True, kw_only=True)
class RecurrentArchitecture(SeriesArchitecture):
    """An LSTM or a GRU.

    Attributes:
        cell: Which of the two.
    """

    cell: Literal["lstm", "gru"]

    @property
    def kind(self) -> str:
        """The cell's name."""
        return self.cell

    def trunk(self) -> tuple[nn.Module, int]:
        both = self.task != Task.FORECASTING
        trunk = RecurrentTrunk(
            _CELLS[self.cell],
            Patches(channels=self.channels, patch=self.patch, width=self.hidden),
            width=self.hidden,
            layers=self.layers,
            dropout=self.dropout,
            both_ways=both,
        )
        return trunk, (2 if both else 1) * self.hidden


class RecurrentTrunk(nn.Module):
    """Layers of one cell, forward or both ways."""

    def __init__(
        self,
        cell: type[nn.LSTM] | type[nn.GRU],
        patches: Patches,
        *,
        width: int,
        layers: int,
        dropout: float,
        both_ways: bool,
    ) -> None:
        super().__init__()
        self.patches = patches
        self.dropout = nn.Dropout(dropout)
        widths = [width] + [(2 if both_ways else 1) * width] * (layers - 1)
        self.forward_layers = nn.ModuleList(cell(wide, width, batch_first=True) for wide in widths)
        self.backward_layers = nn.ModuleList(
            cell(wide, width, batch_first=True) for wide in (widths if both_ways else [])
        )

    def forward(self, series_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """States (rows, tokens, width or twice that) and the mask of the tokens."""
        states, mask = self.patches(series_BTD, mask_BT)
        turned = _turned(mask).unsqueeze(-1)
        for number, layer in enumerate(self.forward_layers):
            if number:
                states = self.dropout(states)
            found = [layer(states)[0]]
            if self.backward_layers:
                back = self.backward_layers[number](_gathered(states, turned))[0]
                found.append(_gathered(back, turned))
            states = torch.cat(found, dim=-1)
        return states, mask


def _turned(mask_BT: Tensor) -> Tensor:
    """For each place the one that it changes with, so that a row's own tokens stand the other way round."""
    place = torch.arange(mask_BT.shape[1], device=mask_BT.device)
    lengths = mask_BT.sum(1, keepdim=True)
    return torch.where(place < lengths, lengths - 1 - place, place.expand_as(mask_BT))


def _gathered(values_BTD: Tensor, place_BT1: Tensor) -> Tensor:
    return values_BTD.gather(1, place_BT1.expand(-1, -1, values_BTD.shape[2]))
