"""Rows: what has been read and told so far, one object a running text, and who takes them a token further.

`Alone` gives each row a cache of its own and a call of the network of its own: it works with every
network, and nothing can depend on the company. `Together` (`together.py`) does many rows in a call.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from trainwright.core.errors import DataError

WEIGHED = 256  # tokens whose logits are held at once: 50 MB of a vocabulary of 50,000


class Row:
    """A running text; what it holds is its keeper's."""

    __slots__ = ("cache", "encoded", "slot", "table")

    def __init__(self) -> None:
        self.cache: Cache | None = None
        self.encoded: Tensor | None = None
        self.slot = -1
        self.table: Any = None  # of the keeper


class Rows(Protocol):
    """Takes rows further."""

    def begin(
        self, ids: Sequence[int], *, copies: int = 1
    ) -> tuple[list[Row], NDArray[np.float32]]:
        """Read a prompt.

        Returns:
            Equal rows, and the logits of what follows, shape (vocabulary,).
        """
        ...

    def step(self, rows: Sequence[Row], tokens: Sequence[int]) -> NDArray[np.float32]:
        """Tell one token more of each row (all that have begun and not ended).

        Returns:
            The logits of what follows, shape (rows, vocabulary).
        """
        ...

    def weigh(self, ids: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        """The logits after each of `ids`, in order, a block of them at a time: shape (block, vocabulary).

        Raises:
            DataError: an encoder reads what is given, and nothing of it is told.
        """
        ...

    def follow(self, rows: Sequence[Row], parents: Sequence[int]) -> None:
        """Row i becomes what row parents[i] is; the rows began as copies."""
        ...

    def end(self, rows: Sequence[Row]) -> None:
        """Forget rows."""
        ...


class Alone:
    """Each row by itself.

    Args:
        network: A causal or an encoder-decoder network, in evaluation mode.
        start: What a decoder begins with, where the network has an encoder.
    """

    def __init__(self, network: PreTrainedModel, *, start: int) -> None:
        self.network = network
        self.is_encoder_decoder = bool(network.config.is_encoder_decoder)
        self._start = start
        self._last = {"logits_to_keep": 1} if _takes(network, "logits_to_keep") else {}

    def begin(
        self, ids: Sequence[int], *, copies: int = 1
    ) -> tuple[list[Row], NDArray[np.float32]]:
        row = Row()
        given = torch.tensor([list(ids)])
        with torch.inference_mode():
            if self.is_encoder_decoder:
                row.cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
                row.encoded = self.network.get_encoder()(given).last_hidden_state
                given = torch.tensor([[self._start]])
            else:
                row.cache = DynamicCache()
            logits = self._call(row, given)
        return [row, *(_copy(row) for _ in range(copies - 1))], logits

    def step(self, rows: Sequence[Row], tokens: Sequence[int]) -> NDArray[np.float32]:
        with torch.inference_mode():
            told = [
                self._call(row, torch.tensor([[token]]))
                for row, token in zip(rows, tokens, strict=True)
            ]
        return np.stack(told)

    def weigh(self, ids: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        if self.is_encoder_decoder:
            raise DataError(
                "an encoder reads the prompt: how likely it is is not told",
                where="prompt",
                mend="leave out echo",
            )
        cache = DynamicCache()
        for start in range(0, len(ids), WEIGHED):
            given = torch.tensor([list(ids[start : start + WEIGHED])])
            with torch.inference_mode():
                found = self.network(given, past_key_values=cache, use_cache=True)
            logits: NDArray[np.float32] = found.logits[0].float().numpy()
            yield logits

    def follow(self, rows: Sequence[Row], parents: Sequence[int]) -> None:
        caches = [rows[parent].cache for parent in parents]
        taken: set[int] = set()
        for row, parent, cache in zip(rows, parents, caches, strict=True):
            row.cache = copy.deepcopy(cache) if parent in taken else cache
            taken.add(parent)

    def end(self, rows: Sequence[Row]) -> None:
        for row in rows:
            row.cache = row.encoded = None

    def _call(self, row: Row, ids: Tensor) -> NDArray[np.float32]:
        """Logits after the last of `ids`, shape (vocabulary,)."""
        if row.encoded is None:
            found = self.network(ids, past_key_values=row.cache, use_cache=True, **self._last)
        else:
            found = self.network(
                decoder_input_ids=ids,
                encoder_outputs=BaseModelOutput(last_hidden_state=row.encoded),
                past_key_values=row.cache,
                use_cache=True,
            )
        logits: NDArray[np.float32] = found.logits[0, -1].float().numpy()
        return logits


def _copy(row: Row) -> Row:
    other = Row()
    other.cache, other.encoded = copy.deepcopy(row.cache), row.encoded
    return other


def _takes(network: PreTrainedModel, name: str) -> bool:
    return name in inspect.signature(network.forward).parameters
