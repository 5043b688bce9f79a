"""Blanks around a text, and the texts that stand for nothing."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.types.masks import null_where
from trainwright.data.types.views import SHORT_BYTES, Views, first_word

BLANKS_RULE = "blanks around it taken off"
BLANKS = " \t\r\n\u00a0"
_IS_BLANK = np.zeros(256, dtype=np.bool_)
_IS_BLANK[[*BLANKS.encode()]] = True
_SEEN, _NUM_SEEN = np.uint8(33), 94  # bytes that are a sign of their own and no blank
_FEW = 64  # texts, which are sooner stripped than looked at


def stripped(text: pl.Series) -> pl.Series:
    """Without blanks around the texts; those of a series that has none are the same."""
    if len(text) < _FEW or _may_have_blanks(text.rechunk()):
        return text.str.strip_chars(BLANKS)
    return text


def _may_have_blanks(text: pl.Series) -> bool:
    """Does a text of up to twelve bytes begin or end with a byte of a blank? Longer ones are stripped."""
    views = Views.of(text)
    first = views.first
    if (first - _SEEN >= _NUM_SEEN).any() and _IS_BLANK[first].any():  # below _SEEN is far above
        return True
    is_long = views.lengths > SHORT_BYTES
    if not is_long.any():
        return bool(_IS_BLANK[views.last].any())
    if _IS_BLANK[views.last[~is_long]].any():
        return True
    long = text.filter(pl.Series(is_long)).drop_nulls()
    before, after = long.str.len_bytes(), long.str.strip_chars(BLANKS).str.len_bytes()
    return bool(before.sum() != after.sum())


def is_missing(text: pl.Series, nulls: tuple[str, ...]) -> pl.Series:
    """True where a text without blanks around it is empty or one of the markers."""
    return text.is_in(["", *nulls])


def without_nulls(text: pl.Series, nulls: tuple[str, ...]) -> pl.Series:
    """Null where the text is empty or one of the markers."""
    views = Views.of(text.rechunk())
    least, most = int(views.lengths.min(initial=SHORT_BYTES)), int(views.lengths.max(initial=0))
    near = [mark for mark in ("", *nulls) if least <= len(mark.encode()) <= most]
    if not any((views.begin == word).any() for word in {first_word(mark) for mark in near}):
        return text
    return null_where(is_missing(text, nulls), text)
