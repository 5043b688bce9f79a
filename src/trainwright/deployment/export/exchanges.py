"""Passages of language as the exchanges that two networks are compared by.

One passage a batch, so that no padding stands between them. A document between an encoder's special
tokens has every seventh ordinary token hidden: which ones is a matter of place alone, so that both networks
see the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from trainwright.core.language import Passages
from trainwright.core.leaving import Exchange, LanguageKind

HIDDEN_EVERY = 7
MAX_TOKENS = 4_096  # of all exchanges together

Ids = NDArray[np.int64]


def exchanges_of(
    passages: Passages, *, kind: LanguageKind, begin: int = 0, limit: int = MAX_TOKENS
) -> list[Exchange]:
    """As many passages as `limit` tokens hold, each with something to tell.

    Args:
        passages: As the preparation makes them.
        kind: How they are told.
        begin: The token that an encoder-decoder begins to tell with.
        limit: Tokens of all together; one passage is always taken.
    """
    found: list[Exchange] = []
    tokens = 0
    for exchange in _all(passages, kind=kind, begin=begin):
        tokens += len(exchange.labels)
        if found and tokens > limit:
            break
        if (exchange.labels >= 0).any():
            found.append(exchange)
    return found


def _all(passages: Passages, *, kind: LanguageKind, begin: int) -> Iterator[Exchange]:
    start = read_start = 0
    for place, end in enumerate(passages.ends.tolist()):
        ids = np.asarray(passages.ids[start:end], dtype=np.int64)
        taught = np.asarray(passages.taught[start:end])
        row = int(passages.rows[place])
        start = end
        if kind == "causal-lm":
            yield Exchange(_read(ids), _shifted(np.where(taught, ids, -1)), row)
        elif kind == "masked-lm":
            yield _hidden(ids, passages, row)
        else:
            assert passages.read_ids is not None
            assert passages.read_ends is not None
            read_end = int(passages.read_ends[place])
            read = np.asarray(passages.read_ids[read_start:read_end], dtype=np.int64)
            read_start = read_end
            told = np.concatenate([[begin], ids[:-1]]).astype(np.int64)
            yield Exchange(_read(read) | {"told": told[None]}, np.where(taught, ids, -1), row)


def _hidden(ids: Ids, passages: Passages, row: int) -> Exchange:
    """Every seventh token is hidden, but for the special ones at both ends."""
    mask = passages.special.mask
    assert mask is not None
    places = np.arange(1, max(1, len(ids) - 1), HIDDEN_EVERY)
    labels = np.full(len(ids), -1, dtype=np.int64)
    labels[places] = ids[places]
    read = ids.copy()
    read[places] = mask
    return Exchange(_read(read), labels, row)


def _read(ids: Ids) -> dict[str, Ids]:
    return {"ids": ids[None], "mask": np.ones_like(ids)[None]}


def _shifted(labels: Ids) -> Ids:
    """What each place has to tell next; the last one nothing."""
    return np.concatenate([labels[1:], [-1]]).astype(np.int64)
