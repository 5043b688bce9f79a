"""Which token comes next: the likeliest one, or one drawn from the likelier ones.

A draw depends on the request's seed and on how many tokens it has, and on nothing else, so that it is
the same in any company and in any order of work. One uniform number goes through the inverse of the
cumulative distribution, in float64, tokens in the order of their ids.

Source: top-k Fan et al. 2018 (arXiv:1805.04833, 5.4); top-p Holtzman et al. 2020 (arXiv:1904.09751, eq. 2);
min-p Nguyen et al. 2024 (arXiv:2407.01082, 3.1).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from trainwright.core.language import GenerationSettings


def next_token(logits: NDArray[np.float32], settings: GenerationSettings, *, step: int) -> int:
    """The token that comes next.

    Args:
        logits: Shape (vocabulary,).
        settings: With temperature 0 the likeliest token, of equal ones the lowest id.
        step: Tokens that the request has already.
    """
    if settings.temperature == 0.0:
        return int(np.argmax(logits))
    total = np.cumsum(distribution(logits, settings))
    place = uniform(settings.seed, step) * total[-1]
    return int(np.searchsorted(total, place, side="right"))


def distribution(logits: NDArray[np.float32], settings: GenerationSettings) -> NDArray[np.float64]:
    """What a token is drawn from: temperature, then top-k, top-p and min-p, each of what the last left.

    Args:
        logits: Shape (vocabulary,).
        settings: Temperature above 0.

    Returns:
        Probabilities that sum to 1, shape (vocabulary,), float64.
    """
    shares = _softmax(logits.astype(np.float64) / settings.temperature)
    if 0 < settings.top_k < len(shares) or settings.top_p < 1.0:
        order = np.argsort(-shares, kind="stable")  # of equal ones the lowest id first
        if settings.top_k:
            shares[order[settings.top_k :]] = 0.0
        if settings.top_p < 1.0:
            reached = np.cumsum(shares[order]) / shares.sum()
            kept = 1 + int(np.searchsorted(reached, settings.top_p, side="left"))
            shares[order[kept:]] = 0.0
    if settings.min_p > 0.0:
        shares[shares < settings.min_p * shares.max()] = 0.0
    kept_shares: NDArray[np.float64] = shares / shares.sum()
    return kept_shares


def uniform(seed: int, step: int) -> float:
    """A number in [0, 1) with 53 bits, a function of seed and step."""
    text = f"{seed}\x1fgeneration\x1f{step}"
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 11) * 2.0**-53


def log_shares(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Ln of the softmax over the last axis."""
    values = logits.astype(np.float64)
    values = values - values.max(axis=-1, keepdims=True)
    shares: NDArray[np.float64] = values - np.log(np.exp(values).sum(axis=-1, keepdims=True))
    return shares


def _softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(values - values.max())
    shares: NDArray[np.float64] = raised / raised.sum()
    return shares
