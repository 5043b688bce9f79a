"""Blanks at the end of a prompt are told again with what follows them.

In training a blank and the word behind it are one token, so a prompt that ends with a blank ends with a token
that no word ever followed. Its last blanks are not read, and the first tokens that are told must spell them:
only tokens that begin with what is left of them, or are its beginning, may come. They are not shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


class Lead:
    """What has still to be told.

    Args:
        text: Blanks.
        blanks: Tokens that begin with a blank, with their texts.
    """

    def __init__(self, text: str, blanks: Mapping[int, str]) -> None:
        self._text = text
        self._blanks = blanks

    def allowed(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of the tokens that may come next, -inf for the others; shape (vocabulary,)."""
        if not self._text:
            return logits
        fits = [
            token
            for token, text in self._blanks.items()
            if text.startswith(self._text) or self._text.startswith(text)
        ]
        if not fits:
            self._text = ""
            return logits
        kept = np.full_like(logits, -np.inf)
        kept[fits] = logits[fits]
        return kept

    def told(self, token: int) -> None:
        """This one came."""
        if self._text:
            self._text = self._text[len(self._blanks[token]) :]
