"""Texts that repeat are read once each: what is dear to read a text is spared where there are few of them."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pyarrow.compute as arrow_compute

_FEWEST = 4_096  # rows, below which nothing is gained
_LOOKED_AT = 8_192
_REPEATS = 4  # times that a text must stand there, on average


def each_once(texts: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What `read` gives, called with the different texts alone where they repeat.

    Args:
        texts: Null where there is none.
        read: Of each text by itself, null of null; the values come in the order of the texts.
    """
    if len(texts) < _FEWEST:
        return read(texts)
    few = texts.head(_LOOKED_AT)
    if few.n_unique() > 0.9 * len(few):
        return read(texts)
    arrow = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    encoded = arrow_compute.dictionary_encode(arrow)
    if len(encoded.dictionary) * _REPEATS > len(texts):
        return read(texts)
    distinct = pl.Series(texts.name, encoded.dictionary)
    return read(distinct).gather(pl.Series(encoded.indices)).alias(texts.name)
