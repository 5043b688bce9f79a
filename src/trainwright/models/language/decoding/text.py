"""From tokens to text that may be shown: whole characters, and nothing that may begin a stop text.

A token can be a part of a character, and a stop text can span tokens. So what is decoded is held back
while it ends in a broken character, and the longest end of it that a stop text begins with is held
back until more is known. Only the last tokens are decoded at each step, beside those shown before
them, so that the cost does not grow with the text; tokenizers that join words by what stands before
them see it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile

BROKEN = "\ufffd"  # what a decoder writes for bytes that are no character


class Telling:
    """Turns tokens into the pieces of text that may be shown.

    Args:
        decode: Of token ids; leaves out special ones.
        stop: Texts that end the telling; not empty ones.
        lead: Blanks that the telling begins with and that are not shown.

    Attributes:
        stopped: A stop text came; what follows is not told.
    """

    def __init__(
        self, decode: Callable[[Sequence[int]], str], stop: Sequence[str] = (), *, lead: str = ""
    ) -> None:
        self.stopped = False
        self._decode = decode
        self._stop = tuple(stop)
        self._lead = lead
        self._ids: list[int] = []
        self._window = 0  # from here on tokens are decoded again
        self._told = 0  # up to here tokens are in `_held` or were shown
        self._held = ""  # whole characters that may begin a stop text
        self._shown: list[str] = []

    @property
    def text(self) -> str:
        """All that was shown."""
        return "".join(self._shown)

    def add(self, token: int) -> str:
        """What may be shown after one more token."""
        self._ids.append(token)
        return self._show(self._fresh(at_end=False))

    def finish(self) -> str:
        """What was held back and can be shown now that nothing follows."""
        if self.stopped:
            return ""
        piece = self._show(self._fresh(at_end=True))
        if self.stopped:
            return piece
        rest, self._held = self._held, ""
        self._shown.append(rest)
        return piece + rest

    def _fresh(self, *, at_end: bool) -> str:
        """Text of the tokens that are not told yet; empty while it ends in a broken character."""
        before = self._decode(self._ids[self._window : self._told])
        whole = self._decode(self._ids[self._window :])
        if len(whole) <= len(before) or (whole.endswith(BROKEN) and not at_end):
            return ""
        self._window, self._told = self._told, len(self._ids)
        return self._without_lead(whole[len(before) :])

    def _without_lead(self, text: str) -> str:
        """What is not the rest of the lead; a decoder may have left blanks out at the beginning."""
        if not self._lead:
            return text
        pairs = zip(text, self._lead, strict=False)
        size = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        self._lead = self._lead[size:] if size == len(text) else ""
        return text[size:]

    def _show(self, fresh: str) -> str:
        if self.stopped or not fresh:
            return ""
        text = self._held + fresh
        end = _first(text, self._stop)
        if end is not None:
            self.stopped = True
            piece, self._held = text[:end], ""
        else:
            safe = len(text) - _begun(text, self._stop)
            piece, self._held = text[:safe], text[safe:]
        self._shown.append(piece)
        return piece


def cut_at(text: str, stop: Sequence[str]) -> str:
    """The text before the stop text that is complete first, however tokens cut it."""
    return text[: _first(text, stop)]


def _first(text: str, stop: Sequence[str]) -> int | None:
    """Where the stop text begins that ends first, the longest of those; None where there is none."""
    found = [(at + len(mark), at) for mark in stop if (at := text.find(mark)) >= 0]
    return min(found)[1] if found else None


def _begun(text: str, stop: Sequence[str]) -> int:
    """Characters at the end of the text that a stop text begins with, the most there are."""
    longest = 0
    for mark in stop:
        for size in range(min(len(mark) - 1, len(text)), longest, -1):
            if text.endswith(mark[:size]):
                longest = size
                break
    return longest
