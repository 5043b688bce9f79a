"""Texts cut into words: lists of texts, or texts with blanks between the words.

Lists come from JSON lines and Parquet.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from trainwright.core.errors import shorten


def split_words(raw: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Lists of words, and where a cell holds neither a list of plain words nor a text; null where missing.

    Returns:
        List(String), and a mask of misfits, which are null in it.
    """
    if isinstance(raw.dtype, pl.List):
        values = raw.cast(pl.List(pl.String), strict=False)
        misfits = values.list.eval(pl.element().is_null()).list.any().fill_null(value=False)
        nothing = pl.Series(raw.name, [None] * len(raw), dtype=pl.List(pl.String))
        return values.zip_with(~misfits, nothing), misfits
    if raw.dtype in (pl.Categorical, pl.Enum, pl.Null):
        raw = raw.cast(pl.String)
    if raw.dtype != pl.String:
        misfits = raw.is_not_null()
        return pl.Series(raw.name, [None] * len(raw), dtype=pl.List(pl.String)), misfits
    words = raw.str.extract_all(r"\S+")
    filled = words.list.len().fill_null(0) > 0
    nothing = pl.Series(raw.name, [None] * len(raw), dtype=pl.List(pl.String))
    return words.zip_with(filled, nothing), pl.repeat(False, len(raw), eager=True)


def joined(words: pl.Series) -> pl.Series:
    """One text a list, different for different lists; null stays null."""
    lengths = words.list.len().cast(pl.String)
    return pl.select(
        pl.concat_str([lengths, words.list.join("\x1f")], separator="\x1e")
    ).to_series()


def words_of(value: Any) -> list[str]:  # noqa: ANN401 - a JSON value
    """One JSON value as a list of words.

    Raises:
        ValueError: it is neither a text nor a list of texts.
    """
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return value
    raise ValueError(f"{shorten(value)} is no list of words")
