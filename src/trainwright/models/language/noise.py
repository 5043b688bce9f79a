"""Noise on token vectors in training (NEFTune): uniform, at most alpha / sqrt(tokens x width).

It is drawn from a seed for each row, which the source takes from (seed, epoch, sample): the same in
any batch, after a resume and in any worker.

Source: Jain et al. 2023, arXiv:2310.05914, alg. 1. We scale by the tokens of a passage, not of the padded
batch, so that neither padding nor packing changes how strong the noise is.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trainwright.training.objectives import IGNORED


def with_noise(
    vectors: Tensor, positions: Tensor, labels: Tensor, seeds: Tensor, *, alpha: float
) -> Tensor:
    """Token vectors with noise on those of the row's own tokens.

    Args:
        vectors: Shape (B, T, D).
        positions: From 0 in each passage, shape (B, T).
        labels: -100 where nothing is told, and after the last token; shape (B, T).
        seeds: Of each row, shape (B,), int64; 0: none.
        alpha: Strength.
    """
    batch, length, width = vectors.shape
    places = torch.arange(length, device=labels.device)
    ends = ((labels != IGNORED) * (places + 1)).amax(1)
    there = (places < ends[:, None]) & (seeds != 0)[:, None]
    passages = (positions == 0).cumsum(1)
    tokens = torch.zeros(batch, length + 1, dtype=torch.int64, device=labels.device)
    tokens.scatter_add_(1, passages, there.long())
    sizes = tokens.gather(1, passages).clamp_min(1)
    scale = there * alpha / (sizes * width).sqrt()
    noise = torch.zeros(batch, length, width)
    for row, (seed, end) in enumerate(zip(seeds.tolist(), ends.tolist(), strict=True)):
        if seed:
            generator = torch.Generator().manual_seed(seed)
            noise[row, :end] = torch.rand(end, width, generator=generator) * 2 - 1
    return vectors + noise.to(vectors) * scale.to(vectors.dtype)[..., None]
