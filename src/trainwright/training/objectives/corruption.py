"""Corruption of samples for self-supervised training, drawn from (seed, epoch, index, position) alone.

A value is corrupted in the same way whatever batch it comes in, however the batch is padded and
whoever makes it, so that a source can call this in any worker and training resumes exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from trainwright.training.feeding.order import seed_of
from trainwright.training.objectives import IGNORED

Number = TypeVar("Number", np.float32, np.float64)


@dataclass(frozen=True, slots=True)
class Draws:
    """Random numbers of some rows in one epoch.

    Attributes:
        seed: The source's.
        epoch: Counted from 0.
        rows: Global sample indices, shape (rows,).
    """

    seed: int
    epoch: int
    rows: NDArray[np.int64]

    def uniform(self, width: int, *, use: str) -> NDArray[np.float64]:
        """Numbers in [0, 1), shape (rows, width); each `use` has its own."""
        of_rows = seed_of(self.seed, self.epoch, self.rows, use=use)
        places = of_rows[:, None] + np.arange(width, dtype=np.uint64)
        bits = seed_of(self.seed, self.epoch, places.view(np.int64), use=use)
        return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def hide_tokens(
    tokens: NDArray[np.int64],
    draws: Draws,
    *,
    eligible: NDArray[np.bool_],
    mask_token: int,
    vocabulary: int,
    fraction: float = 0.15,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Inputs and target of masked language modelling.

    Of the chosen tokens, 80 % become the mask, 10 % a random token, 10 % stay as they are.

    Args:
        tokens: Shape (rows, T).
        draws: Of these rows.
        eligible: May be chosen: neither padding nor special; shape (rows, T).
        mask_token: Its id.
        vocabulary: Random tokens are drawn from [0, vocabulary).
        fraction: Of the eligible tokens, on average.

    Returns:
        Inputs and target, shape (rows, T); the target is -100 where nothing is to be predicted.

    Source: Devlin et al. 2019, arXiv:1810.04805, sect. 3.1 and appendix A.1.
    """
    width = tokens.shape[1]
    chosen = eligible & (draws.uniform(width, use="hide") < fraction)
    fate = draws.uniform(width, use="fate")
    others = (draws.uniform(width, use="token") * vocabulary).astype(np.int64)
    replaced = np.where(fate < 0.8, mask_token, np.where(fate < 0.9, others, tokens))
    return np.where(chosen, replaced, tokens), np.where(chosen, tokens, IGNORED)


def blank_values(
    values: NDArray[Number], draws: Draws, *, fraction: float, fill: float = 0.0
) -> tuple[NDArray[Number], NDArray[np.bool_]]:
    """Values of which a random share is replaced by `fill`, and which; shape (rows, ...).

    Source: Vincent et al. 2010 (JMLR 11), sect. 3.3 (masking noise).
    """
    blank = draws.uniform(values[:1].size, use="blank").reshape(values.shape) < fraction
    return np.where(blank, values.dtype.type(fill), values), blank


def add_noise(values: NDArray[Number], draws: Draws, *, deviation: float) -> NDArray[Number]:
    """Values with Gaussian noise; shape (rows, ...).

    Source: Box & Muller 1958, A note on the generation of random normal deviates, eq. 1.
    """
    width = values[:1].size
    radius = np.sqrt(-2 * np.log1p(-draws.uniform(width, use="radius")))
    angle = 2 * np.pi * draws.uniform(width, use="angle")
    noise = (deviation * radius * np.cos(angle)).reshape(values.shape)
    noisy: NDArray[Number] = values + noise.astype(values.dtype)
    return noisy
