"""Small layers that several families share."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """Stochastic depth: in training, a row's residual branch is left out with probability `rate`.

    What stays is divided by 1 - rate, so that the expectation is the branch itself. Draws come from
    torch's generator, which the loop seeds.

    Args:
        rate: In [0, 1); 0 changes nothing.

    Source: Huang et al. 2016, Deep networks with stochastic depth, arXiv:1603.09382, eq. 2, with the
    scaling at training time in place of eq. 5.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"rate is {rate}, not in [0, 1)")
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """Shape (rows, ...) in and out."""
        if not self.training or self.rate == 0:
            return branch
        shape = (branch.shape[0],) + (1,) * (branch.ndim - 1)
        kept = torch.rand(shape, device=branch.device) >= self.rate
        return branch * kept.to(branch.dtype) / (1 - self.rate)

    def extra_repr(self) -> str:
        return f"rate={self.rate}"
