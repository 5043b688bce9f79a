"""Loss scaling for fp16: small gradients are lifted out of the range where they would be zero.

The loss is multiplied before the backward pass and the gradients divided after it. An overflow masks the
update and halves the scale; two thousand good updates in a row double it. All of it stays on the device.

Source: Micikevicius et al. 2018, arXiv:1710.03740, sect. 3.2; the constants are those of PyTorch's
GradScaler.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

INITIAL = 2.0**16
GROW_AFTER = 2000


class LossScale:
    """The scale and how long it has held.

    Args:
        device: Where gradients are.
    """

    def __init__(self, device: torch.device) -> None:
        self._scale = torch.tensor(INITIAL, device=device)
        self._good = torch.zeros((), device=device)

    def lift(self, loss: Tensor) -> Tensor:
        """The loss to call backward on; shape ()."""
        return loss * self._scale

    def lower(self, gradients: Sequence[Tensor]) -> None:
        """Divide the gradients by the scale, in place."""
        torch._foreach_mul_(list(gradients), self._scale.reciprocal())

    def can_fall(self) -> Tensor:
        """Whether an overflow can still be the scale's fault; shape (), bool."""
        return self._scale > 1

    def update(self, finite: Tensor) -> None:
        """After an update that was made (`finite`) or masked."""
        self._good = torch.where(finite, self._good + 1, 0.0)
        grown = torch.where(self._good >= GROW_AFTER, self._scale * 2, self._scale)
        self._scale = torch.where(finite, grown, self._scale / 2)
        self._good = torch.where(self._good >= GROW_AFTER, 0.0, self._good)

    def state_dict(self) -> dict[str, float]:
        """JSON values."""
        return {"scale": self._scale.item(), "good": self._good.item()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Inverse of `state_dict`."""
        self._scale.fill_(state["scale"])
        self._good.fill_(state["good"])
