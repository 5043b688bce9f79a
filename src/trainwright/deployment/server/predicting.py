"""POST /predict: bytes in, bytes out, without a data frame and without the framework's own body handling.

A small body is answered at once on the event loop: a thread would cost more than the answer. A large one is
parsed and predicted in a thread of its own pool; how many may wait is bounded, and beyond that callers are
told to come back (503), so that what was accepted is answered in time.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from trainwright.core.artifacts import Prediction
from trainwright.core.errors import DataError
from trainwright.core.language import TOKENS
from trainwright.core.protocols import Model
from trainwright.deployment.server.body import check_headers, decode, read_body
from trainwright.deployment.server.gate import Scope, Send, send_bytes
from trainwright.deployment.server.instances import Contract
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.metrics import Metrics
from trainwright.deployment.server.refusal import Refusal
from trainwright.deployment.told import bits_per_byte

LARGE_THREADS = 2
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with what is counted of it."""

    body: bytes
    rows: int
    warnings: int


class Predicting:
    """The ASGI application behind POST /predict."""

    def __init__(
        self, model: Model, *, name: str, contract: Contract, limits: Limits, metrics: Metrics
    ) -> None:
        self._model = model
        self._name = name
        self._contract = contract
        self._limits = limits
        self._metrics = metrics
        self._classes = model.target.classes
        self._labels = [model.target.label(code) for code in range(len(self._classes))]
        self._threads = ThreadPoolExecutor(LARGE_THREADS, thread_name_prefix="predict")
        self._large = 0

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:  # noqa: ANN401 - ASGI
        started = time.perf_counter()
        headers = dict(scope["headers"])
        check_headers(headers, self._limits)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) <= self._limits.inline_bytes:
            answer = self.answer(await read_body(receive, self._limits))
        else:
            answer = await self._answer_large(receive)
        await send_bytes(answer.body, send, status=200, headers=_JSON)
        self._metrics.observe_prediction(
            time.perf_counter() - started, rows=answer.rows, warnings=answer.warnings
        )

    def answer(self, body: bytes) -> Answer:
        """The answer to a body.

        Raises:
            Refusal: 400, 413 or 422.
        """
        checked = self._contract.check(decode(body))
        try:
            predictions = self._predict(checked.rows, checked.warnings) if checked.rows else []
        except DataError as error:  # a text that is too long, where the recipe refuses those
            raise Refusal(422, error.what, where=error.where, mend=error.mend) from error
        document = {"predictions": predictions, "model": self._name}
        return Answer(
            _encode(document).encode(), len(checked.rows), sum(map(len, checked.warnings))
        )

    def close(self) -> None:
        """Let go of the threads; what they are at is finished first."""
        self._threads.shutdown(wait=True)

    async def _answer_large(self, receive: Any) -> Answer:  # noqa: ANN401 - ASGI
        if self._large >= self._limits.large_requests:
            raise Refusal(
                503,
                f"{self._large} large requests are in work",
                mend="come back in a second, or send fewer rows a request",
                headers={"retry-after": "1", "connection": "close"},
            )
        self._large += 1
        try:
            body = await read_body(receive, self._limits)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self.answer, body)
        finally:
            self._large -= 1

    def _predict(
        self, rows: list[dict[str, Any]], warnings: list[list[str]]
    ) -> list[dict[str, Any]]:
        prediction = self._model.predict_rows(rows)
        if prediction.row_words is not None:
            return self._tagged(prediction, prediction.row_words.tolist(), warnings)
        if self._model.target.task.is_language:
            return _told(prediction, warnings)
        values = prediction.values.tolist()
        if prediction.probabilities is None:
            return [
                {"prediction": value, "warnings": words}
                for value, words in zip(values, warnings, strict=True)
            ]
        labels, classes = self._labels, self._classes
        if prediction.values.ndim == 2:  # several labels a row
            return [
                {
                    "prediction": [labels[code] for code, there in enumerate(told) if there],
                    "probability": dict(zip(classes, row, strict=True)),
                    "warnings": words,
                }
                for told, row, words in zip(
                    values, prediction.probabilities.tolist(), warnings, strict=True
                )
            ]
        return [
            {
                "prediction": labels[int(code)],
                "probability": dict(zip(classes, row, strict=True)),
                "warnings": words,
            }
            for code, row, words in zip(
                values, prediction.probabilities.tolist(), warnings, strict=True
            )
        ]

    def _tagged(
        self, prediction: Prediction, row_words: list[int], warnings: list[list[str]]
    ) -> list[dict[str, Any]]:
        """Of each row its words' labels, and their probabilities."""
        assert prediction.probabilities is not None
        labels = [self._labels[int(code)] for code in prediction.values.tolist()]
        sure = prediction.probabilities[range(len(labels)), prediction.values].tolist()
        answers = []
        first = 0
        for words, odd in zip(row_words, warnings, strict=True):
            own = slice(first, first + words)
            answers.append({"prediction": labels[own], "probability": sure[own], "warnings": odd})
            first += words
        return answers


def _told(prediction: Prediction, warnings: list[list[str]]) -> list[dict[str, Any]]:
    """Of each row the bits that a byte of it costs, null where it tells nothing; and its tokens."""
    bits = bits_per_byte(prediction.values).tolist()
    tokens = prediction.values[:, TOKENS].tolist()
    return [
        {"prediction": None if math.isnan(bit) else bit, "tokens": int(count), "warnings": odd}
        for bit, count, odd in zip(bits, tokens, warnings, strict=True)
    ]
