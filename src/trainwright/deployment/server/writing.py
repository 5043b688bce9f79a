"""POST /predict of a model that writes: a text for each row, as batch scoring writes it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from trainwright.core.language import Generation, GenerationSettings, Prompt
from trainwright.core.protocols import Model
from trainwright.deployment.prompts import prompt_of
from trainwright.deployment.server.body import check_headers, decode, read_body
from trainwright.deployment.server.desk import Desk
from trainwright.deployment.server.gate import Scope, Send, send_bytes
from trainwright.deployment.server.instances import Checked, Contract
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.metrics import Metrics
from trainwright.deployment.server.openai.routes import while_listening, written
from trainwright.deployment.server.refusal import Refusal

ROWS_AT_ONCE = 8  # of one request, so that others have their turn
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_JSON = {"content-type": "application/json"}


class WritingRows:
    """The ASGI application behind POST /predict."""

    def __init__(
        self,
        model: Model,
        *,
        name: str,
        desk: Desk,
        settings: GenerationSettings,
        contract: Contract,
        limits: Limits,
        metrics: Metrics,
    ) -> None:
        self._model = model
        self._name = name
        self._desk = desk
        self._settings = settings
        self._contract = contract
        self._limits = limits
        self._metrics = metrics

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Send
    ) -> None:
        started = time.perf_counter()
        check_headers(dict(scope["headers"]), self._limits)
        checked = self._contract.check(decode(await read_body(receive, self._limits)))

        async def answer() -> None:
            predictions = await self._predictions(checked)
            body = _encode({"predictions": predictions, "model": self._name}).encode()
            await send_bytes(body, send, status=200, headers=_JSON)

        await while_listening(receive, answer())
        self._metrics.observe_prediction(
            time.perf_counter() - started,
            rows=len(checked.rows),
            warnings=sum(map(len, checked.warnings)),
        )

    async def _predictions(self, checked: Checked) -> list[dict[str, Any]]:
        prompts = [prompt_of(row, self._model) for row in checked.rows]
        texts: list[Generation | None] = [None] * len(prompts)
        asked = [place for place, prompt in enumerate(prompts) if prompt]
        for first in range(0, len(asked), ROWS_AT_ONCE):
            places = asked[first : first + ROWS_AT_ONCE]
            found = await self._written([prompts[place] for place in places], places)
            for place, text in zip(places, found, strict=True):
                texts[place] = text
        return [
            {
                "prediction": None if text is None else text.text,
                "finish": None if text is None else text.finish,
                "warnings": warnings,
            }
            for text, warnings in zip(texts, checked.warnings, strict=True)
        ]

    async def _written(
        self, prompts: Sequence[Prompt | None], places: Sequence[int]
    ) -> list[Generation]:
        tickets = self._desk.ask((prompt, self._settings) for prompt in prompts if prompt)
        try:
            return await asyncio.gather(
                *(_of_row(written(one), place) for one, place in zip(tickets, places, strict=True))
            )
        finally:
            self._desk.give_back(tickets)


async def _of_row(text: Awaitable[Generation], place: int) -> Generation:
    """A prompt that is refused is the row's fault."""
    try:
        return await text
    except Refusal as refusal:
        status = 422 if refusal.status == 400 else refusal.status
        first = refusal.faults[0]
        raise Refusal(status, first.what, where=f"/instances/{place}", mend=first.mend) from refusal
