"""Beam search: the best few beginnings go on side by side; the best whole text by mean log probability wins.

Each step looks at twice as many continuations as there are beams. Those that end and are among the best
`beams` are kept with their sum of log probabilities by their tokens; of the others the best go on. It is
over when as many have ended as there are beams and no running one is better than the worst of them, or
at the last token. So `transformers` does it with length_penalty 1 and early_stopping False, and so the
tokens are the same.

Source: Graves 2012 (arXiv:1211.3711), algorithm 1; Wu et al. 2016 (arXiv:1609.08144), section 7 (alpha 1).
Parity: tests/unit/models/language/decoding/test_beams.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.models.language.decoding.sampling import log_shares

_NEVER = -1e9  # the score of what ended, where too little is left to go on with


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A text that has ended.

    Attributes:
        score: Sum of log probabilities, by its tokens.
        ids: Its tokens, the end token included.
        stopped: It ended by itself: by the end token or a stop text.
    """

    score: float
    ids: tuple[int, ...]
    stopped: bool


class BeamSearch:
    """One search.

    Args:
        beams: Width.
        end: The token that ends a text.
        max_new_tokens: At most.
        stops: True for tokens whose text holds a stop text.

    Attributes:
        parents: For each running beam, the one of the last step that it goes on with.
        tokens: Its newest token.
    """

    def __init__(
        self,
        beams: int,
        *,
        end: int,
        max_new_tokens: int,
        stops: Callable[[tuple[int, ...]], bool] = lambda _: False,
    ) -> None:
        self.parents: list[int] = []
        self.tokens: list[int] = []
        self._width = beams
        self._end = end
        self._longest = max_new_tokens
        self._stops = stops
        self._running: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
        self._finished: list[Hypothesis] = []

    def take(self, logits: NDArray[np.float32]) -> Hypothesis | None:
        """One step; the result once the search is over, otherwise None.

        Args:
            logits: Of the running beams, shape (beams, vocabulary); at the first step of the prompt,
                shape (1, vocabulary).
        """
        scores = log_shares(logits) + np.array([[score] for score, _ in self._running])
        size = scores.shape[1]
        flat = scores.ravel()
        count = min(2 * self._width, flat.size)
        best = np.argpartition(-flat, count - 1)[:count] if count < flat.size else np.arange(count)
        best = best[np.lexsort((best, -flat[best]))]
        length = len(self._running[0][1]) + 1
        going: list[tuple[float, tuple[int, ...], int]] = []
        for place, index in enumerate(best.tolist()):
            beam, token = divmod(index, size)
            score, ids = float(flat[index]), (*self._running[beam][1], token)
            stopped = token == self._end or self._stops(ids)
            if not stopped and length < self._longest:
                going.append((score, ids, beam))
                continue
            going.append((score + _NEVER, ids, beam))
            if place < self._width:
                self._finished.append(Hypothesis(score / length, ids, stopped))
        self._finished.sort(key=lambda found: -found.score)  # stable: the earlier of equal ones
        del self._finished[self._width :]
        going.sort(key=lambda found: -found[0])
        if length == self._longest or self._is_over(going[0][0] / length):
            return self._finished[0]
        chosen = going[: self._width]
        chosen += [chosen[-1]] * (self._width - len(chosen))  # a vocabulary smaller than the width
        self._running = [(score, ids) for score, ids, _ in chosen]
        self.parents = [beam for _, _, beam in chosen]
        self.tokens = [ids[-1] for _, ids, _ in chosen]
        return None

    def _is_over(self, best_running: float) -> bool:
        """No running beam is better than the worst of a full set of ended ones, or none runs."""
        if best_running <= _NEVER / 2:
            return bool(self._finished)
        full = len(self._finished) == self._width
        return full and best_running <= self._finished[-1].score
