"""What a language model spent on what it told: nats, tokens and bytes, as sums.

Bits per byte do not depend on a tokenizer; perplexity is a token's, so that it compares models of one
tokenizer alone.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.language import BYTES, NATS, TOKENS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LanguageStatistics:
    """Sums over rows; merged by adding.

    Attributes:
        nats: Spent.
        tokens: Told.
        bytes: Told, in UTF-8.
    """

    nats: float
    tokens: float
    bytes: float

    @classmethod
    def of(cls, values: Floats) -> LanguageStatistics:
        """Of predictions (`core.artifacts.Prediction`), shape (rows, 3)."""
        return cls(*(math.fsum(values[:, place]) for place in (NATS, TOKENS, BYTES)))

    @property
    def bits_per_byte(self) -> float | None:
        """None where nothing was told."""
        return self.nats / math.log(2) / self.bytes if self.bytes else None

    @property
    def perplexity(self) -> float | None:
        """Of a token; None where nothing was told, or beyond what a float holds."""
        if not self.tokens or self.nats / self.tokens > 700:
            return None
        return math.exp(self.nats / self.tokens)


def contents(conversations: pl.Series) -> pl.Series:
    """What all turns of each conversation (canonical JSON) say, joined by line ends; null stays null."""
    return pl.Series(
        conversations.name,
        [
            None if value is None else "\n".join(turn["content"] for turn in json.loads(value))
            for value in conversations
        ],
        dtype=pl.String,
    )


def bits_of_rows(values: Floats, row_bytes: Floats) -> Floats:
    """What each row costs at its own rate, as a share of the mean row's bytes; shape (rows,).

    The mean over rows is bits per byte. A row of which a part was cut off counts whole, at the rate of
    what was told, so that nobody gains by cutting. NaN where nothing was told of any row.

    Args:
        values: Predictions, shape (rows, 3).
        row_bytes: UTF-8 bytes of each row's text, shape (rows,).
    """
    told = values[:, BYTES]
    if len(told) and not told.any() and row_bytes.any():
        return np.full(len(told), np.nan)
    usual = values[:, NATS].sum() / max(told.sum(), 1.0)
    rate = np.divide(values[:, NATS], told, out=np.full(len(told), usual), where=told > 0)
    costs: Floats = rate * row_bytes / math.log(2) / max(float(row_bytes.mean()), 1.0)
    return costs
