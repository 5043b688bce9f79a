"""The routes under /v1: /models, /chat/completions, /completions.

A request waits for its texts and for its caller at once: one that hangs up gives its tickets back, and the
writing of its texts ends at the next step. What can be refused is refused before the answer begins, so
that a stream that has begun is an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from starlette.routing import Route

from trainwright.core.errors import DataError, TrainwrightError
from trainwright.core.language import (
    Generation,
    GenerationSettings,
    Piece,
    PromptTooLong,
    Unanswered,
)
from trainwright.deployment.server.body import Gone, check_headers, decode, read_body
from trainwright.deployment.server.desk import Desk, Stopping, Ticket
from trainwright.deployment.server.gate import Scope, Send, send_bytes
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.openai.asking import Asked, read_chat, read_completion
from trainwright.deployment.server.openai.telling import DONE, Form, error_event
from trainwright.deployment.server.refusal import Refusal

Receive = Callable[[], Awaitable[Any]]
_JSON = {"content-type": "application/json"}
_EVENTS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True)
class Writers:
    """What the routes have in common.

    Attributes:
        desk: Where texts are written.
        names: What the model may be called; answers use the first.
        fingerprint: Of the package.
        defaults: How texts are written where a body does not say.
        limits: Bounds on requests.
    """

    desk: Desk
    names: tuple[str, ...]
    fingerprint: str
    defaults: GenerationSettings
    limits: Limits

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/v1/chat/completions", _Completions(self, "chat"), methods=["POST"]),
            Route("/v1/completions", _Completions(self, "text"), methods=["POST"]),
        ]


_SHAPES = {
    "chat": 'send {"model": MODEL, "messages": [{"role": "user", "content": TEXT}]}',
    "text": 'send {"model": MODEL, "prompt": TEXT}',
}


class _Completions:
    """The ASGI application behind one of the two."""

    def __init__(self, writers: Writers, kind: Literal["chat", "text"]) -> None:
        self._writers = writers
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writers = self._writers
        check_headers(dict(scope["headers"]), writers.limits)
        asked = self._read(
            decode(await read_body(receive, writers.limits), mend=_SHAPES[self._kind])
        )
        form = Form(
            self._kind,
            writers.names[0],
            writers.fingerprint,
            asked.usage,
            asked.copies,
            echoes=[prompt for prompt, _ in asked.texts] if asked.echo else (),
            has_shares=asked.shares is not None,
        )
        tickets = writers.desk.ask(asked.texts, shares=asked.shares)
        try:
            answer = _stream if asked.stream else _whole
            await while_listening(receive, answer(tickets, form, send))
        finally:
            writers.desk.give_back(tickets)

    def _read(self, document: Any) -> Asked:  # noqa: ANN401 - any JSON value
        read = read_chat if self._kind == "chat" else read_completion
        writers = self._writers
        return read(
            document, models=writers.names, defaults=writers.defaults, limits=writers.limits
        )


async def while_listening(receive: Receive, work: Awaitable[None]) -> None:
    """Do the work, unless the caller hangs up.

    Raises:
        Gone: the caller hung up.
    """
    worker, listener = asyncio.ensure_future(work), asyncio.ensure_future(_hung_up(receive))
    try:
        await asyncio.wait({worker, listener}, return_when=asyncio.FIRST_COMPLETED)
        if not worker.done():
            raise Gone
        worker.result()
    finally:
        for task in (worker, listener):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def written(ticket: Ticket) -> Generation:
    """The whole text.

    Raises:
        Refusal: the prompt cannot be taken, or the writing failed.
    """
    async for piece in _pieces(ticket):
        if piece.generation is not None:
            return piece.generation
    raise AssertionError("a ticket ends with a text or an error")


async def _whole(tickets: Sequence[Ticket], form: Form, send: Send) -> None:
    generations = await asyncio.gather(*(written(ticket) for ticket in tickets))
    await send_bytes(form.whole(generations), send, status=200, headers=_JSON)


async def _stream(tickets: Sequence[Ticket], form: Form, send: Send) -> None:
    """Events of all choices as they arrive; the answer begins when each has its first piece."""
    streams = [_pieces(ticket) for ticket in tickets]
    firsts = await asyncio.gather(*(anext(stream) for stream in streams))
    await send({"type": "http.response.start", "status": 200, "headers": list(_EVENTS)})

    async def tell(event: bytes) -> None:
        if event:
            await send({"type": "http.response.body", "body": event, "more_body": True})

    async def follow(choice: int, piece: Piece) -> Generation:
        await tell(form.begun(choice) + form.piece(choice, piece))
        while piece.generation is None:
            piece = await anext(streams[choice])
            await tell(form.piece(choice, piece))
        await tell(form.ended(choice, piece.generation.finish))
        return piece.generation

    try:
        generations = await asyncio.gather(*(follow(*first) for first in enumerate(firsts)))
    except Refusal as refusal:
        await tell(error_event(refusal))
    else:
        await tell(form.counted(generations) + DONE)
    await send({"type": "http.response.body", "body": b""})


async def _pieces(ticket: Ticket) -> AsyncIterator[Piece]:
    """Pieces of a ticket, its errors as refusals."""
    try:
        async for piece in ticket.pieces():
            yield piece
    except PromptTooLong as error:
        code = "context_length_exceeded"
        raise Refusal(400, error.what, where=_place(error), mend=error.mend, code=code) from error
    except DataError as error:
        raise Refusal(400, error.what, where=_place(error), mend=error.mend) from error
    except Stopping as error:
        raise Refusal(503, error.what, mend="ask another server") from error
    except Unanswered as error:
        raise Refusal(502, error.what, mend="ask again later") from error
    except TrainwrightError as error:
        raise Refusal(500, error.what) from error


def _place(error: TrainwrightError) -> str:
    return "/prompt" if error.where == "prompt" else ""


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
