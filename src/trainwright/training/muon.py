"""Muon on matrices and AdamW on the rest, as one optimiser with one state.

PyTorch's Muon takes matrices only. Both work on group mappings and a state that belong to the pair, so
that a schedule, a checkpoint and `zero_grad` see one optimiser. The cost of that: groups are fixed when
it is built.

Source: Jordan 2024, kellerjordan.github.io/posts/muon; Liu et al. 2025, arXiv:2502.16982, eq. 4 for the
scale 0.2 sqrt(max(rows, columns)) that makes its updates as large as AdamW's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import AdamW, Muon, Optimizer


class MuonAndAdamW(Optimizer):
    """Two optimisers that step together.

    Args:
        matrices: Groups with `lr` and `weight_decay`; tensors of two dimensions only.
        rest: Groups of everything else.
        momentum: Of Muon.
        nesterov: Of Muon.
        betas: Of AdamW.
        epsilon: Of AdamW.
        fused: AdamW runs as one fused kernel a group.
    """

    def __init__(
        self,
        matrices: Sequence[dict[str, Any]],
        rest: Sequence[dict[str, Any]],
        *,
        momentum: float = 0.95,
        nesterov: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        fused: bool = False,
    ) -> None:
        self._both: list[Optimizer] = []
        if matrices:
            muon = Muon(
                matrices, momentum=momentum, nesterov=nesterov, adjust_lr_fn="match_rms_adamw"
            )
            self._both.append(muon)
        if rest:
            self._both.append(AdamW(rest, betas=betas, eps=epsilon, fused=fused))
        super().__init__([group for one in self._both for group in one.param_groups], {})
        self._share()

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update of all; `closure` computes the loss anew, as in PyTorch."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for one in self._both:
            one.step()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._share()

    def _share(self) -> None:
        """Both work on the pair's own groups and state."""
        start = 0
        for one in self._both:
            end = start + len(one.param_groups)
            one.param_groups = self.param_groups[start:end]
            one.state = self.state
            start = end
