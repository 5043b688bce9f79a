"""AdamW on the CPU: PyTorch's class and PyTorch's fused kernel, without what torch.compile alone needs.

`torch.optim` imports the compiler at the first optimiser and the first step, though nothing is compiled:
1.1 CPU seconds of 2.4 from the start of a process to its first update, 66 MB, and 20 microseconds a
step of looking again. Here the kernel is called directly. The numbers are PyTorch's, bit for bit, and
so is the state, which each class reads from the other's checkpoint.

The cost: `step` may not be compiled, and hooks on it are not called. The loop does neither.

Parity: tests/numeric/test_cpu_adamw.py, which also fails where PyTorch changes the kernel's face.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer


class CpuAdamW(AdamW):
    """Decoupled weight decay, for parameters of one floating-point type on the CPU.

    Arguments as `torch.optim.AdamW`, but for `amsgrad`, `maximize` and `differentiable`, which stay off.
    """

    # Under PyTorch's wrappers, whose only work is to import the compiler and to tell it to stay away.
    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update of what has a gradient; `closure` computes the loss anew, as in PyTorch."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                self._update(group)
        return loss

    step.hooked = True  # type: ignore[attr-defined] # else PyTorch wraps it

    def _update(self, group: dict[str, Any]) -> None:
        learning = [p for p in group["params"] if p.grad is not None]
        if not learning:
            return
        states = [self.state[p] or self._begun(p) for p in learning]
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        beta1, beta2 = group["betas"]
        torch._fused_adamw_(
            learning,
            [p.grad for p in learning],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )

    def _begun(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        """The state before the first step."""
        state: dict[str, Tensor] = self.state[parameter]
        state["step"] = torch.zeros((), dtype=torch.float32)
        state["exp_avg"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        state["exp_avg_sq"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        return state


def suits(parameters: list[nn.Parameter]) -> bool:
    """All are of one floating-point type and on the CPU."""
    kinds = {(parameter.device.type, parameter.dtype) for parameter in parameters}
    return len(kinds) == 1 and all(k == "cpu" and t.is_floating_point for k, t in kinds)
