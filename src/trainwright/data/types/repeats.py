"""Texts that repeat are read once each: what is dear is spared where there are few of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import pyarrow.compute as arrow_compute

from trainwright.data.types.views import SHORT_BYTES, Views

_FEWEST = 4_096  # rows, below which nothing is gained
_LOOKED_AT = 8_192
_REPEATS = 4  # times that a text must stand there, on average


@dataclass(frozen=True, slots=True)
class Repeats:
    """A block of texts as its different ones, and which of them stands in each row.

    Attributes:
        distinct: The different texts, in the order in which they came.
        codes: Of each row, null where there is no text.
    """

    distinct: pl.Series
    codes: pl.Series

    @classmethod
    def of(cls, texts: pl.Series) -> Repeats | None:
        """None where too few of the texts repeat."""
        if len(texts) < _FEWEST:
            return None
        few = texts.head(_LOOKED_AT)
        if few.n_unique() > 0.9 * len(few):
            return None
        arrow = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
        encoded = arrow_compute.dictionary_encode(arrow)
        if len(encoded.dictionary) * _REPEATS > len(texts):
            return None
        return cls(pl.Series(texts.name, encoded.dictionary), pl.Series(encoded.indices))

    @classmethod
    def of_long(cls, texts: pl.Series) -> Repeats | None:
        """The same; None also of short texts, which are as soon read as told apart."""
        if texts.dtype != pl.String or not len(texts):
            return None
        few = texts.head(_FEWEST).rechunk()
        if 2 * (Views.of(few).lengths > SHORT_BYTES).sum() < len(few):
            return None
        return cls.of(texts)

    def spread(self, values: pl.Series) -> pl.Series:
        """Row by row what there is of each different text."""
        return values.gather(self.codes).alias(self.distinct.name)


def each_once(texts: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What `read` gives, called with the different texts alone where they repeat.

    Args:
        texts: Null where there is none.
        read: Of each text by itself, null of null; the values come in the order of the texts.
    """
    repeats = Repeats.of(texts)
    return read(texts) if repeats is None else repeats.spread(read(repeats.distinct))
