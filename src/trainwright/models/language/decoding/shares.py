"""How likely tokens were: those of a prompt, and those that are told.

They are the network's own, before temperature and whatever else tokens are drawn by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainwright.core.language import TokenShare
from trainwright.models.language.decoding.sampling import log_shares

Piece = Callable[[int], str]


def share_of(
    logits: NDArray[np.float32], token: int, *, top: int, piece: Piece, is_end: bool = False
) -> TokenShare:
    """Of a token that follows where these logits stand.

    Args:
        logits: Shape (vocabulary,).
        token: That follows.
        top: Of the likeliest tokens so many.
        piece: The text of a token.
        is_end: It ends the text.
    """
    logs = log_shares(logits)
    likeliest = np.argsort(-logits, kind="stable")[:top]  # of equal ones the lowest id first
    told = tuple((piece(int(one)), float(logs[one])) for one in likeliest)
    return TokenShare(piece(token), float(logs[token]), told, is_end)


def shares_of_prompt(
    blocks: Iterable[NDArray[np.float32]], ids: Sequence[int], *, first: int, top: int, piece: Piece
) -> tuple[TokenShare, ...]:
    """Of the tokens of a prompt.

    Args:
        blocks: Logits after each of `ids`, in order.
        ids: All that is read.
        first: Where the prompt's own tokens begin.
        top: Of the likeliest tokens so many, at each place.
        piece: The text of a token.
    """
    found = [TokenShare(piece(token), None) for token in ids[first:1]]  # nothing stands before it
    place = 0
    for block in blocks:
        for logits in block:
            place += 1
            if first <= place < len(ids):
                found.append(share_of(logits, ids[place], top=top, piece=piece))
    return tuple(found)
