"""Requests to an endpoint side by side, as a table of requests (`core.language.Decoding`).

Each is answered in one piece, whenever that comes. As many are under way as the recipe allows; a request
that fails takes none of the others along.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from trainwright.core.errors import DataError, EnvironmentFault
from trainwright.core.language import (
    Generation,
    GenerationSettings,
    Message,
    Piece,
    Prompt,
    PromptTokens,
    Shares,
    Unanswered,
)
from trainwright.models.api.answers import Answer
from trainwright.models.api.endpoint import ask

if TYPE_CHECKING:
    from trainwright.models.api.writer import ApiWriter, Telling

STEP_SECONDS = (
    0.05  # that a step waits for an answer, so that who drives the table can add and cancel
)


@dataclass(frozen=True, slots=True)
class _Asking:
    """A request that is under way; once `stop` is set it is not tried again."""

    number: int
    stop: threading.Event = field(default_factory=threading.Event)


class EndpointTable:
    """Requests that an endpoint answers.

    Args:
        writer: Where and how.
        preparation: What the endpoint is told of a prompt.
    """

    def __init__(self, writer: ApiWriter, preparation: Telling) -> None:
        self._writer = writer
        self._preparation = preparation
        self._waiting: deque[tuple[int, tuple[Message, ...], GenerationSettings]] = deque()
        self._known: deque[tuple[int, Answer]] = deque()
        self._under_way: dict[Future[Answer], _Asking] = {}
        self._left: set[Future[Answer]] = set()  # nobody waits for these any more
        self._pool: ThreadPoolExecutor | None = None
        self._next = 0

    @property
    def active(self) -> int:
        """Requests that have not ended."""
        return len(self._waiting) + len(self._known) + len(self._under_way)

    def add(
        self, prompt: Prompt, settings: GenerationSettings, shares: Shares | None = None
    ) -> int:
        """A new request; gives its number. What was answered before is answered at the next step.

        Raises:
            DataError: the prompt is empty, or asks for what an endpoint does not tell.
            EnvironmentFault: a package asks, and nobody here has agreed to its endpoint.
        """
        if shares is not None or isinstance(prompt, PromptTokens):
            raise DataError(
                "an endpoint is asked by texts, and tells nothing of its tokens",
                where="prompt",
                mend="send a text, and leave out logprobs",
            )
        turns = self._preparation.turns(prompt)
        if not prompt or not any(turn.content for turn in turns):
            raise DataError(
                "the prompt is empty", where="prompt", mend="give it at least one character"
            )
        number, self._next = self._next, self._next + 1
        found = self._writer.book.find(self._writer.key(turns, settings))
        if found is not None:
            self._known.append((number, found))
        else:
            self._writer.check_agreed()
            self._waiting.append((number, turns, settings))
        return number

    def step(self) -> Sequence[Piece]:
        """The answers that have come; some that wait are asked.

        Raises:
            Unanswered: the endpoint did not answer one of them.
        """
        pieces = [_piece(*self._known.popleft()) for _ in range(len(self._known))]
        if pieces:
            return pieces
        self._begin()
        wait(self._under_way, timeout=STEP_SECONDS, return_when=FIRST_COMPLETED)
        for future in [one for one in self._under_way if one.done()]:
            if future.exception() is not None and pieces:
                break  # told at the next step
            asking = self._under_way.pop(future)
            self._rest()
            pieces.append(_answered(asking.number, future))
        return pieces

    def cancel(self, request: int) -> None:
        """Forget a request; an answer that is under way is kept when it comes."""
        self._waiting = deque(entry for entry in self._waiting if entry[0] != request)
        self._known = deque(entry for entry in self._known if entry[0] != request)
        for future in [one for one, asking in self._under_way.items() if asking.number == request]:
            self._under_way.pop(future).stop.set()  # it is not tried again
            if not future.cancel():
                self._left.add(future)
        self._rest()

    def _begin(self) -> None:
        """Ask as many at once as may be."""
        self._left = {future for future in self._left if not future.done()}
        while self._waiting and len(self._under_way) + len(self._left) < self._writer.concurrency:
            number, turns, settings = self._waiting.popleft()
            self._pool = self._pool or ThreadPoolExecutor(self._writer.concurrency)
            asking = _Asking(number)
            self._under_way[self._pool.submit(self._ask, turns, settings, asking.stop)] = asking

    def _ask(
        self, turns: tuple[Message, ...], settings: GenerationSettings, stop: threading.Event
    ) -> Answer:
        writer = self._writer
        answer = ask(writer.question, turns, how=writer.how(settings), wait=stop.wait)
        writer.book.enter(writer.key(turns, settings), answer)
        return answer

    def _rest(self) -> None:
        """Keep no threads where nothing is asked."""
        if self._pool is not None and not self._under_way and not self._waiting:
            self._pool.shutdown(wait=False)
            self._pool = None


def _answered(number: int, future: Future[Answer]) -> Piece:
    try:
        return _piece(number, future.result())
    except EnvironmentFault as error:
        fault = Unanswered(error.what, where=error.where, mend=error.mend)
        fault.request = number
        raise fault from None


def _piece(number: int, answer: Answer) -> Piece:
    finish: Literal["stop", "length"] = "length" if answer.finish == "length" else "stop"
    whole = Generation(answer.text, finish, answer.tokens_in, answer.tokens_out)
    return Piece(number, answer.text, whole)
