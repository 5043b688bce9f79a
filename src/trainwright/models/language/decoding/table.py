"""The table of requests: who waits, who is told on, who has ended (`core.language.Decoding`).

A step reads the prompts of those who wait, a few at most so that the others need not wait long, and
takes everyone else one token further in common calls of the network.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.errors import DataError
from trainwright.core.language import (
    Generation,
    GenerationSettings,
    Opening,
    Piece,
    Prompt,
    PromptTokens,
    PromptTooLong,
    Shares,
    TokenShare,
)
from trainwright.models.language.decoding.beams import BeamSearch
from trainwright.models.language.decoding.checking import MOST_COPIES
from trainwright.models.language.decoding.lead import Lead
from trainwright.models.language.decoding.rows import Row, Rows
from trainwright.models.language.decoding.sampling import next_token
from trainwright.models.language.decoding.shares import share_of, shares_of_prompt
from trainwright.models.language.decoding.text import Telling, cut_at

if TYPE_CHECKING:
    from trainwright.models.language.decoding.opening import Speech

PROMPTS_A_STEP = 4
MOST_BEAMS = MOST_COPIES


class DecodingTable:
    """Requests side by side.

    Args:
        rows: Takes rows further.
        preparation: From prompts to tokens, and from tokens to text.
        positions: Tokens of prompt and answer together, at most; None for any number.
    """

    def __init__(self, rows: Rows, preparation: Speech, *, positions: int | None) -> None:
        self._rows = rows
        self._preparation = preparation
        self._positions = positions
        self._waiting: deque[tuple[int, tuple[int, ...], _Single | _Beams]] = deque()
        self._running: dict[int, _Single | _Beams] = {}
        self._next = 0

    @property
    def active(self) -> int:
        """Requests that have not ended."""
        return len(self._waiting) + len(self._running)

    def add(
        self, prompt: Prompt, settings: GenerationSettings, shares: Shares | None = None
    ) -> int:
        """A new request; gives its number.

        Raises:
            DataError: the prompt is empty, the settings do not go together, or such shares cannot be told.
            PromptTooLong: it leaves no room for an answer.
        """
        check_settings(settings, shares)
        opening = self._preparation.opening(prompt)
        if settings.beams > 1 or (shares is not None and shares.prompt):  # the prompt as it stands
            opening = replace(opening, ids=tuple(self._preparation.prompt_ids(prompt)), lead="")
        if shares is not None and shares.prompt and not opening.first and not _is_raw(prompt):
            raise DataError(
                "the model reads a prompt as a turn or a text to be answered, and tells nothing of it",
                where="prompt",
                mend="leave out echo, or send token ids",
            )
        room = self._room(opening.ids, told=settings.max_new_tokens)
        number, self._next = self._next, self._next + 1
        most = min(settings.max_new_tokens, room)
        telling: _Single | _Beams
        if settings.beams > 1:
            telling = _Beams(self._preparation, settings, most=most, prompt_tokens=len(opening.ids))
        else:
            telling = _Single(self._preparation, settings, opening, most=most, shares=shares)
        self._waiting.append((number, opening.ids, telling))
        return number

    def step(self) -> list[Piece]:
        """One more token for every request that is under way; some that wait begin."""
        pieces = self._go_on()
        for _ in range(min(PROMPTS_A_STEP, len(self._waiting))):
            number, ids, telling = self._waiting.popleft()
            whole = telling.read(self._rows)
            if whole is not None:
                pieces.append(Piece(number, "", whole))
                continue
            telling.rows, logits = self._rows.begin(ids, copies=telling.copies)
            self._running[number] = telling
            pieces.append(self._taken(number, logits[None]))
        return pieces

    def cancel(self, request: int) -> None:
        """Forget a request; one that has ended is forgotten already."""
        self._waiting = deque(entry for entry in self._waiting if entry[0] != request)
        telling = self._running.pop(request, None)
        if telling is not None:
            self._rows.end(telling.rows)

    def _go_on(self) -> list[Piece]:
        if not self._running:
            return []
        tellings = list(self._running.items())
        rows = [row for _, telling in tellings for row in telling.rows]
        tokens = [token for _, telling in tellings for token in telling.tokens]
        logits = self._rows.step(rows, tokens)
        pieces, first = [], 0
        for number, telling in tellings:
            own = logits[first : first + len(telling.rows)]
            first += len(own)
            pieces.append(self._taken(number, own))
        return pieces

    def _taken(self, number: int, logits: NDArray[np.float32]) -> Piece:
        telling = self._running[number]
        text, generation = telling.take(logits, self._rows)
        if generation is not None:
            self._rows.end(telling.rows)
            del self._running[number]
        return Piece(number, text, generation, telling.fresh_shares(text, generation))

    def _room(self, ids: Sequence[int], *, told: int) -> int:
        """Tokens that can be generated behind a prompt."""
        if not ids:
            raise DataError(
                "the prompt is empty", where="prompt", mend="give it at least one character"
            )
        if self._positions is None:
            return 2**31
        room = self._positions - len(ids)
        if room < min(1, told):
            raise PromptTooLong(
                f"the prompt has {len(ids)} tokens, and the model takes {self._positions}"
                " with at least one of the answer",
                where="prompt",
                mend="shorten the prompt",
            )
        return room


def _is_raw(prompt: Prompt) -> bool:
    return isinstance(prompt, PromptTokens)


def check_settings(settings: GenerationSettings, shares: Shares | None = None) -> None:
    """Refuse settings that mean nothing, or do not go together.

    Raises:
        DataError: says which.
    """
    wrong = ""
    if settings.max_new_tokens < (0 if shares is not None and shares.prompt else 1):
        wrong = f"max_new_tokens is {settings.max_new_tokens}; at least 1 is generated"
    elif not 0.0 <= settings.temperature <= 100.0:
        wrong = f"temperature is {settings.temperature}; it lies between 0 and 100"
    elif settings.top_k < 0:
        wrong = f"top_k is {settings.top_k}; it is 0 or more"
    elif not 0.0 < settings.top_p <= 1.0:
        wrong = f"top_p is {settings.top_p}; it lies above 0 and is at most 1"
    elif not 0.0 <= settings.min_p <= 1.0:
        wrong = f"min_p is {settings.min_p}; it lies between 0 and 1"
    elif not 1 <= settings.beams <= MOST_BEAMS:
        wrong = f"beams is {settings.beams}; it lies between 1 and {MOST_BEAMS}"
    elif settings.beams > 1 and settings.temperature > 0.0:
        wrong = "a beam search draws nothing: temperature must be 0"
    elif settings.beams > 1 and shares is not None:
        wrong = "a beam search weighs whole texts: it does not tell how likely each token is"
    elif "" in settings.stop:
        wrong = "a stop text is empty"
    if wrong:
        raise DataError(wrong, where="generation", mend="correct the setting, or leave it out")


class _Single:
    """A request with one row: greedy, or drawn."""

    copies = 1

    def __init__(
        self,
        preparation: Speech,
        settings: GenerationSettings,
        opening: Opening,
        *,
        most: int,
        shares: Shares | None,
    ) -> None:
        self.rows: list[Row] = []
        self.tokens: list[int] = []
        self._settings = settings
        self._opening = opening
        self._most = most
        self._wanted = shares
        self._preparation = preparation
        self._end = preparation.special.end
        self._telling = Telling(preparation.decode, settings.stop, lead=opening.lead)
        self._lead = Lead(opening.lead, preparation.blanks() if opening.lead else {})
        self._count = 0
        self._shares: list[TokenShare] = []
        self._told_shares = 0
        self._prompt: tuple[TokenShare, ...] = ()

    def read(self, rows: Rows) -> Generation | None:
        """What is told of the prompt is found; the whole, where nothing more is wanted."""
        if self._wanted is not None and self._wanted.prompt:
            self._prompt = shares_of_prompt(
                rows.weigh(self._opening.ids),
                self._opening.ids,
                first=self._opening.first,
                top=self._wanted.top,
                piece=self._preparation.piece,
            )
        return self._ended("", stopped=False)[1] if self._most == 0 else None

    def take(self, logits: NDArray[np.float32], _: Rows) -> tuple[str, Generation | None]:
        """One token more: new text, and the whole once it has ended."""
        token = next_token(self._lead.allowed(logits[0]), self._settings, step=self._count)
        self._lead.told(token)
        self._count += 1
        self.tokens = [token]
        if self._wanted is not None:
            share = share_of(
                logits[0],
                token,
                top=self._wanted.top,
                piece=self._preparation.piece,
                is_end=token == self._end,
            )
            self._shares.append(share)
        if token == self._end:
            return self._ended(self._telling.finish(), stopped=True)
        text = self._telling.add(token)
        if self._telling.stopped:
            return self._ended(text, stopped=True)
        if self._count == self._most:
            return self._ended(text + self._telling.finish(), stopped=self._telling.stopped)
        return text, None

    def fresh_shares(self, text: str, generation: Generation | None) -> tuple[TokenShare, ...]:
        """Of the tokens that tell this piece: what is held back has none yet."""
        if not text and generation is None:
            return ()
        known = self._shares if generation is None else generation.shares
        fresh = tuple(known[self._told_shares :])
        self._told_shares = len(known)
        return fresh

    def _ended(self, text: str, *, stopped: bool) -> tuple[str, Generation]:
        return text, Generation(
            self._telling.text,
            _finish(stopped=stopped),
            len(self._opening.ids),
            self._count,
            tuple(self._shown()),
            self._prompt,
        )

    def _shown(self) -> Iterator[TokenShare]:
        """Without those of a stop text, unless the prompt is told: its reader counts tokens from the end."""
        at, after = 0, len(self._opening.lead) + len(self._telling.text)
        for share in self._shares:
            if share.is_end or at < after or not self._telling.stopped or self._prompt:
                yield share
            at += len(share.text)


class _Beams:
    """A request with a row a beam; its text is known at the end."""

    def __init__(
        self, preparation: Speech, settings: GenerationSettings, *, most: int, prompt_tokens: int
    ) -> None:
        self.copies = settings.beams
        self.rows: list[Row] = []
        self._decode = preparation.decode
        self._stop = settings.stop
        self._end = preparation.special.end
        self._prompt_tokens = prompt_tokens
        self._search = BeamSearch(
            settings.beams, end=self._end, max_new_tokens=most, stops=self._holds_stop
        )

    @property
    def tokens(self) -> list[int]:
        return self._search.tokens

    def read(self, _: Rows) -> None:
        """Nothing is told of the prompt."""

    def fresh_shares(self, _: str, __: Generation | None) -> tuple[TokenShare, ...]:
        """None are told."""
        return ()

    def take(self, logits: NDArray[np.float32], rows: Rows) -> tuple[str, Generation | None]:
        """One token more of each beam; the text, once the search is over."""
        best = self._search.take(logits)
        if best is None:
            rows.follow(self.rows, self._search.parents)
            return "", None
        told = best.ids[:-1] if best.ids[-1] == self._end else best.ids
        text = cut_at(self._decode(told), self._stop)
        finish = _finish(stopped=best.stopped)
        return text, Generation(text, finish, self._prompt_tokens, len(best.ids))

    def _holds_stop(self, ids: tuple[int, ...]) -> bool:
        if not self._stop:
            return False
        text = self._decode(ids)
        return any(mark in text for mark in self._stop)


def _finish(*, stopped: bool) -> Literal["stop", "length"]:
    return "stop" if stopped else "length"
