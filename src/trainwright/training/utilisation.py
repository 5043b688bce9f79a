"""What share of the machine training uses: model FLOPs a second over what a matrix product reaches here.

Only what the mathematics needs is counted (forward and backward once), so that recomputed activations and
padding lower the share. The peak is that of a square product in the precision of the training, measured
once a process: a machine's data sheet is seldom reached, and a laptop has none.

Source: Chowdhery et al. 2022, arXiv:2204.02311, appendix B (MFU).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache

import torch

_SIZE, _TIMES = 1_024, 4
_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Work:
    """What a sample of training is, on average.

    Attributes:
        tokens: Of it, padding left out.
        flops: Floating-point operations that its forward and backward pass need.
    """

    tokens: float
    flops: float


def peak_flops(device: torch.device, precision: str) -> float:
    """Operations a second of a large matrix product: the best of four, with torch's threads as they are.

    Args:
        device: Where it is made.
        precision: fp32, bf16 or fp16.
    """
    return _measured(device, precision, torch.get_num_threads())


@lru_cache(maxsize=8)
def _measured(device: torch.device, precision: str, _threads: int) -> float:
    factor = torch.ones(_SIZE, _SIZE, device=device, dtype=_TYPES[precision])
    best = float("inf")
    for _ in range(_TIMES):
        _wait(device)
        started = time.perf_counter()
        factor @ factor
        _wait(device)
        best = min(best, time.perf_counter() - started)
    return 2.0 * _SIZE**3 / max(best, 1e-9)


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()
