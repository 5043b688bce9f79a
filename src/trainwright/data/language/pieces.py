"""What a row's tokens become in each form: passages within the length, and what is cut off.

A document is its start, its tokens and its end; the model tells all but the first. Cut into passages, each
next one begins with the last token of the one before it, so that every token is told once, and nothing that
is no beginning looks like one. A text that is cut off has no end: that must not be learnt as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Piece:
    """One passage.

    Attributes:
        ids: Its tokens, shape (tokens,).
        taught: Those that the model must tell, shape (tokens,).
        read: What the encoder reads, where there is one.
    """

    ids: Ids
    taught: NDArray[np.bool_]
    read: Ids | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of a row's tokens.

    Attributes:
        pieces: One at least.
        lost: Tokens that are in none of them.
        kept: Tokens of the text that are in one.
    """

    pieces: list[Piece]
    lost: int
    kept: int


def causal_document(ids: Ids, *, start: int, end: int, length: int, over_long: str) -> Cut:
    """Start, text, end; in windows that share one token."""
    whole = framed(ids, before=(start,), after=(end,))
    if len(whole) <= length or over_long != "split":
        kept = whole[:length]
        text = min(len(kept) - 1, len(ids))
        return Cut([_told(kept, given=1)], len(ids) - text, text)
    windows = [whole[at : at + length] for at in range(0, len(whole) - 1, length - 1)]
    return Cut([_told(window, given=1) for window in windows], 0, len(ids))


def masked_document(
    ids: Ids, *, before: tuple[int, ...], after: tuple[int, ...], length: int, over_long: str
) -> Cut:
    """The text between an encoder's special tokens; all of it may be hidden and told."""
    room = length - len(before) - len(after)
    windows = [ids[at : at + room] for at in range(0, max(len(ids), 1), room)]
    kept = windows if over_long == "split" else windows[:1]
    pieces = []
    for window in kept:
        taught = np.zeros(len(before) + len(window) + len(after), np.bool_)
        taught[len(before) : len(before) + len(window)] = True
        pieces.append(Piece(framed(window, before=before, after=after), taught))
    text = sum(map(len, kept))
    return Cut(pieces, len(ids) - text, text)


def span_document(ids: Ids, *, end: int, length: int, over_long: str) -> Cut:
    """Text and end, of which the objective hides spans when it is learnt from."""
    whole = framed(ids, after=(end,))
    if len(whole) <= length or over_long != "split":
        kept = whole[:length]
        text = min(len(kept), len(ids))
        return Cut([_told(kept, given=0)], len(ids) - text, text)
    windows = [whole[at : at + length] for at in range(0, len(whole), length)]
    return Cut([_told(window, given=0) for window in windows], 0, len(ids))


def causal_runs(runs: Sequence[Ids], taught: Sequence[bool], *, length: int) -> Cut:
    """Prompt and answers in one run, cut off at its end."""
    whole = joined(runs)
    told = np.repeat(np.asarray(taught, np.bool_), [len(run) for run in runs])
    kept = min(len(whole), length)
    return Cut([Piece(whole[:kept], told[:kept])], len(whole) - kept, kept)


def span_answer(read: Ids, answer: Ids, *, end: int, length: int) -> Cut:
    """An encoder reads the one, a decoder tells the other; each ends with the end token, unless it is cut."""
    given, told = (framed(ids, after=(end,)) for ids in (read, answer))
    lost = max(len(given) - length, 0) + max(len(told) - length, 0)
    if len(given) > length:
        given = framed(read[: length - 1], after=(end,))
    told = told[:length]
    piece = Piece(told, np.ones(len(told), np.bool_), given)
    return Cut([piece], lost, min(len(told), len(answer)))


def framed(ids: Ids, *, before: Sequence[int] = (), after: Sequence[int] = ()) -> Ids:
    """Ids between others."""
    return np.concatenate([np.array(before, np.int32), ids, np.array(after, np.int32)])


def joined(runs: Sequence[Ids]) -> Ids:
    """Runs one after another."""
    return np.concatenate(runs) if runs else np.empty(0, np.int32)


def _told(ids: Ids, *, given: int) -> Piece:
    taught = np.ones(len(ids), np.bool_)
    taught[:given] = False
    return Piece(ids, taught)


OverLong = Literal["truncate", "split", "drop", "error"]
