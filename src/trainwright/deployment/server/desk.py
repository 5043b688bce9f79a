"""Where texts are written: one thread takes all requests a token further, again and again.

Who asks gets a ticket, on which pieces of text arrive as they are known; a ticket that is given back ends
its request at the next step. How many may be open is bounded, and beyond that callers are told to come
back (429), so that what was accepted is written in bearable time. The thread alone touches the model.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

from trainwright.core.errors import TrainwrightError
from trainwright.core.language import (
    Decoding,
    Generates,
    GenerationSettings,
    Piece,
    Prompt,
    Shares,
    Unanswered,
)
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.metrics import Writing
from trainwright.deployment.server.refusal import Refusal


class Stopping(TrainwrightError):
    """A text that is given up since the server ends."""


_Arrival = Piece | TrainwrightError


@dataclass(eq=False, slots=True)
class Ticket:
    """One text that is being written.

    Attributes:
        prompt: What is gone on with.
        settings: How.
        shares: What is told of how likely tokens are; None: nothing.
        asked: When, by the monotonic clock.
        arrivals: Pieces, or why there will be none; filled on the event loop.
        number: In the table of requests; None before it is there.
        ended: Nothing more arrives.
    """

    prompt: Prompt
    settings: GenerationSettings
    shares: Shares | None
    asked: float
    arrivals: asyncio.Queue[_Arrival] = field(default_factory=asyncio.Queue)
    number: int | None = None
    ended: bool = False

    async def pieces(self) -> AsyncIterator[Piece]:
        """Pieces as they arrive; the last one has the whole.

        Raises:
            TrainwrightError: the prompt cannot be taken, or the writing failed.
        """
        while True:
            arrived = await self.arrivals.get()
            if isinstance(arrived, TrainwrightError):
                raise arrived
            yield arrived
            if arrived.generation is not None:
                return


class Desk:
    """Takes requests for texts.

    Args:
        model: Writes them.
        limits: Bounds what is written at once.
        metrics: Counts tokens and seconds.
        failed: Told of an error in the thread.
    """

    def __init__(
        self,
        model: Generates,
        *,
        limits: Limits,
        metrics: Writing,
        failed: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self._model = model
        self._limits = limits
        self._metrics = metrics
        self._failed = failed
        self._table: Decoding = model.decoding()
        self._tickets: dict[int, Ticket] = {}
        self._todo: queue.SimpleQueue[tuple[str, Ticket | None]] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = 0
        self._asked: set[Ticket] = set()
        self._thread = threading.Thread(target=self._run, name="decoding", daemon=True)

    def start(self) -> None:
        """Begin; called on the event loop that the callers run on."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def close(self) -> None:
        """End the thread; what is still being written is given up."""
        self._todo.put(("close", None))
        self._thread.join()

    def ask(
        self,
        asked: Iterable[tuple[Prompt, GenerationSettings]],
        *,
        shares: Shares | None = None,
    ) -> list[Ticket]:
        """Tickets for all of these texts, or none.

        Raises:
            Refusal: 429, too many are being written.
        """
        now = time.perf_counter()
        tickets = [Ticket(prompt, settings, shares, now) for prompt, settings in asked]
        if self._open + len(tickets) > self._limits.generations:
            raise Refusal(
                429,
                f"{self._open} texts are being written, and {self._limits.generations} may be",
                mend="come back in a second",
                headers={"retry-after": "1"},
            )
        self._asked.update(tickets)
        for ticket in tickets:
            self._todo.put(("add", ticket))
        self._open += len(tickets)
        self._metrics.in_work = self._open
        return tickets

    def give_back(self, tickets: Iterable[Ticket]) -> None:
        """Nobody waits for these any more; those that have ended already are past."""
        for ticket in tickets:
            if not ticket.ended:
                self._end(ticket)
                self._todo.put(("cancel", ticket))
                self._metrics.cancelled += 1

    def give_up(self) -> None:
        """The server waits no longer: each text that is being written ends with an error."""
        for ticket in list(self._asked):
            self._deliver([(ticket, Stopping("the server is stopping"))])
            self._todo.put(("cancel", ticket))

    def _end(self, ticket: Ticket) -> None:
        """On the event loop."""
        ticket.ended = True
        self._asked.discard(ticket)
        if ticket.number is not None:
            self._metrics.forget(ticket.number)
        self._open -= 1
        self._metrics.in_work = self._open

    def _deliver(self, arrivals: list[tuple[Ticket, _Arrival]]) -> None:
        """On the event loop."""
        now = time.perf_counter()
        for ticket, arrival in arrivals:
            if ticket.ended:
                continue
            ticket.arrivals.put_nowait(arrival)
            if isinstance(arrival, Piece):
                self._metrics.observe_piece(arrival, seconds=now - ticket.asked)
            if isinstance(arrival, TrainwrightError) or arrival.generation is not None:
                self._end(ticket)

    def _run(self) -> None:
        """The thread: do what is asked, a step at a time."""
        while self._take_orders():
            try:
                pieces = self._table.step()
            except Unanswered as error:
                if error.request in self._tickets:
                    self._send([(self._tickets.pop(error.request), error)])
                continue
            except Exception as error:
                self._give_up(error)
                continue
            self._send(
                [(self._tickets[p.request], p) for p in pieces if p.request in self._tickets]
            )
            for piece in pieces:
                if piece.generation is not None:
                    self._tickets.pop(piece.request, None)

    def _take_orders(self) -> bool:
        """All orders that wait; with nothing to write, until there is one. False: close."""
        wait = not self._table.active
        while wait or not self._todo.empty():
            order, ticket = self._todo.get()
            if ticket is None:
                return False
            if order == "add":
                self._add(ticket)
            elif ticket.number is not None:
                self._table.cancel(ticket.number)
                self._tickets.pop(ticket.number, None)
            wait = not self._table.active
        return True

    def _add(self, ticket: Ticket) -> None:
        if ticket.ended:
            return
        try:
            ticket.number = self._table.add(ticket.prompt, ticket.settings, ticket.shares)
        except TrainwrightError as error:
            self._send([(ticket, error)])
        except Exception as error:
            self._failed(error)
            self._send([(ticket, _broken())])
        else:
            self._tickets[ticket.number] = ticket

    def _give_up(self, error: Exception) -> None:
        """What was being written is lost; the thread goes on with an empty table."""
        self._failed(error)
        self._send([(ticket, _broken()) for ticket in self._tickets.values()])
        self._tickets.clear()
        self._table = self._model.decoding()

    def _send(self, arrivals: list[tuple[Ticket, _Arrival]]) -> None:
        assert self._loop is not None
        if arrivals:
            self._loop.call_soon_threadsafe(self._deliver, arrivals)


def _broken() -> TrainwrightError:
    return TrainwrightError("the server failed; its log says where")
