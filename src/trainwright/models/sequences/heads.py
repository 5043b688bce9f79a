"""From the states of a trunk to an answer: pooled for classes and numbers, or all steps ahead at once.

A trunk turns series (rows, steps, channels) and their mask into states (rows, tokens, width) and the mask
of the tokens; a token is a patch of steps. What is filled up never counts: pools and ends go by the mask.

A forecast is made in the window's own terms: each channel of each window is centred and scaled by its own
mean and deviation, and the answer is put back (Kim et al. 2022, Reversible instance normalization, ICLR,
without its affine part). A linear map from the history to the steps ahead stands beside the network, as
in Lai et al. 2018 (arXiv:1703.07015, eq. 8); it begins as the seasonal-naive forecast, so that training
begins at the baseline.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

_LEAST_VARIANCE = 1e-5  # in units of the train rows' variance: a flat window is not blown up
_FIRST_SHARE = 0.1  # of a usual first weight: the network begins as a small correction


class Trunk(Protocol):
    """What reads series; an nn.Module.

    Attributes:
        width: Of its states.
        patch: Steps a token.
    """

    width: int
    patch: int

    def __call__(self, series_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """States (rows, tokens, width) and the mask of the tokens (rows, tokens)."""
        ...


class PooledAnswer(nn.Module):
    """Classes or one number: mean, maximum and last state over a series' own tokens."""

    def __init__(self, trunk: nn.Module, *, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(3 * width, outputs)

    def forward(self, series_BTD: Tensor, mask_BT: Tensor) -> Tensor:
        """Logits or scaled values; shape (rows, outputs)."""
        states, mask = self.trunk(series_BTD, mask_BT)
        own = mask.unsqueeze(-1)
        mean = (states * own).sum(1) / own.sum(1)
        largest = states.masked_fill(~own, torch.finfo(states.dtype).min).amax(1)
        last = last_steps(states, mask, 1).flatten(1)
        answer: Tensor = self.head(self.dropout(torch.cat([mean, largest, last], dim=1)))
        return answer


class Forecast(nn.Module):
    """All steps ahead at once.

    Args:
        trunk: Reads the normalised window.
        width: Of its states.
        tokens: How many of its last states are read.
        context: Steps of a window.
        horizon: Steps ahead.
        season: Of the seasonal-naive forecast that the linear map begins as.
        dropout: Of the states.
    """

    def __init__(
        self,
        trunk: nn.Module,
        *,
        width: int,
        tokens: int,
        context: int,
        horizon: int,
        season: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.tokens = tokens
        self.context = context
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(tokens * width, horizon)
        self.shortcut = nn.Linear(context, horizon)
        back = season if season <= context else 1
        with torch.no_grad():
            self.head.weight *= _FIRST_SHARE
            self.shortcut.weight.zero_()
            self.shortcut.bias.zero_()
            for step in range(horizon):
                self.shortcut.weight[step, context - back + step % back] = 1.0

    def forward(self, series_BTD: Tensor, mask_BT: Tensor) -> Tensor:
        """Values in units of the train rows; shape (rows, horizon)."""
        own = mask_BT.unsqueeze(-1)
        count = own.sum(1, keepdim=True)
        centre = (series_BTD * own).sum(1, keepdim=True) / count
        moved = (series_BTD - centre) * own
        scale = torch.sqrt(moved.square().sum(1, keepdim=True) / count + _LEAST_VARIANCE)
        window = moved / scale
        states, mask = self.trunk(window, mask_BT)
        read = last_steps(states, mask, self.tokens).flatten(1)
        past = last_steps(window[:, :, :1], mask_BT, self.context).flatten(1)
        ahead = self.shortcut(past) + self.head(self.dropout(read))
        found: Tensor = ahead * scale[:, :, 0] + centre[:, :, 0]
        return found


def last_steps(values_BTD: Tensor, mask_BT: Tensor, count: int) -> Tensor:
    """The last `count` steps of each row that are its own; 0 where it has fewer. Shape (rows, count, D)."""
    place = torch.arange(mask_BT.shape[1], device=mask_BT.device)
    end = (mask_BT * (place + 1)).amax(1, keepdim=True)
    wanted = end - count + torch.arange(count, device=mask_BT.device)
    there = wanted.clamp(min=0)
    own = mask_BT.gather(1, there) & (wanted >= 0)
    found = values_BTD.gather(1, there.unsqueeze(-1).expand(-1, -1, values_BTD.shape[2]))
    return found * own.unsqueeze(-1)


class Patches(nn.Module):
    """Steps joined into tokens: `patch` steps of all channels through one linear map.

    Source: Nie et al. 2023, A time series is worth 64 words (arXiv:2211.14730), sect. 3.1; patches do
    not overlap here, and channels are joined.
    """

    def __init__(self, *, channels: int, patch: int, width: int) -> None:
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(channels * patch, width)

    def forward(self, series_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (rows, steps / patch, width) and their mask."""
        rows, steps, channels = series_BTD.shape
        joined = series_BTD.reshape(rows, steps // self.patch, self.patch * channels)
        mask = mask_BT.reshape(rows, steps // self.patch, self.patch).any(-1)
        return self.embed(joined), mask
