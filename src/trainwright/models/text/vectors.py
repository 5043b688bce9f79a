"""Vectors of texts by a pre-trained encoder: its tokens' vectors pooled as the base says, of length 1.

A text that was split into pieces has the mean of their vectors, each piece counted by its tokens, so that no
part of a long text is passed over. A text's vector depends on its batch in the last bits only (padding).

Source: Reimers & Gurevych 2019, arXiv:1908.10084, sect. 3 (mean pooling).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainwright.core.features import Tokens
from trainwright.core.pretrained import Base
from trainwright.models.text.encoders import load_encoder, pooling_of
from trainwright.models.text.network import mean_over

_BATCH_TOKENS = 4_096  # padding included


class TextVectors:
    """An encoder that is loaded once.

    Args:
        base: A folder in the layout of the Hub, or of a network that was trained here.

    Raises:
        RecipeError: the folder holds no such model.
    """

    def __init__(self, base: Base) -> None:
        encoder, _ = load_encoder(base, dropout=None)
        self._encoder = encoder.eval()
        self._pooling = pooling_of(base)

    @torch.inference_mode()
    def of(self, tokens: Tokens) -> NDArray[np.float32]:
        """Vectors of texts, shape (rows, D), each of length 1."""
        sizes = np.diff(tokens.ends, prepend=0)
        starts = tokens.ends - sizes
        found: NDArray[np.float64] | None = None
        for pieces in _batches(sizes):
            longest = int(sizes[pieces].max())
            mask = np.arange(longest) < sizes[pieces, None]
            ids = np.full(mask.shape, tokens.padding, np.int64)
            ids[mask] = np.concatenate(
                [tokens.ids[starts[piece] : tokens.ends[piece]] for piece in pieces]
            )
            vectors = self._pooled(torch.from_numpy(ids), torch.from_numpy(mask))
            if found is None:
                found = np.zeros((tokens.num_rows, vectors.shape[1]))
            np.add.at(found, tokens.rows[pieces], vectors * sizes[pieces, None])
        if found is None:
            return np.zeros((tokens.num_rows, 1), np.float32)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        unit: NDArray[np.float32] = (found / np.maximum(lengths, 1e-12)).astype(np.float32)
        return unit

    def _pooled(self, ids: Tensor, mask: Tensor) -> NDArray[np.float64]:
        states = self._encoder(ids, mask)
        pooled = mean_over(states, mask) if self._pooling == "mean" else states[:, 0]
        vectors: NDArray[np.float64] = pooled.double().numpy()
        return vectors


def _batches(sizes: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Pieces of like length together, so that little is padded."""
    order = np.argsort(sizes, kind="stable")
    at = 0
    while at < len(order):
        to = at + 1
        while to < len(order) and (to + 1 - at) * sizes[order[to]] <= _BATCH_TOKENS:
            to += 1
        yield order[at:to]
        at = to
