"""A model elsewhere, as a fitted member of a family: rows are asked about, answers are read.

Nothing is fitted but what stands for an unreadable answer (from train rows). Several rows are asked about at
once; a row's answer does not depend on the others. What was answered once is kept and not asked for again.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import canonical_json, read_json, sha256_bytes, write_json
from trainwright.core.features import Prompts
from trainwright.models.api.answers import Answer, AnswerBook
from trainwright.models.api.endpoint import Manners, Question, ask, check_permitted
from trainwright.models.api.reading import Reading, reading_from_json
from trainwright.models.api.spending import Price, spent

_FILE = "estimator.json"


@dataclass(frozen=True, slots=True)
class ApiEstimator:
    """An endpoint with a way to read what it answers (`core.protocols.Estimator`, `AsksOutside`).

    Attributes:
        question: Where and how rows are asked about; names the variable of the key, and holds none.
        reading: From answer to prediction.
        instruction: Said before each prompt; "" where the recipe's own prompt says it all.
        concurrency: Rows asked about at once.
        price: None: not known.
        kept: Answers that are saved with it: those to the golden rows.
        book: Answers so far.
        manners: What the endpoint was found to know.
        agreed: The recipe of this machine named the endpoint; a package alone does not.
    """

    question: Question
    reading: Reading
    instruction: str = ""
    concurrency: int = 4
    price: Price | None = None
    kept: Mapping[str, Answer] = field(default_factory=dict)
    book: AnswerBook = field(default_factory=AnswerBook, compare=False, repr=False)
    manners: Manners = field(default_factory=Manners, compare=False, repr=False)
    agreed: bool = False

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "api"

    def predict(self, features: Prompts) -> NDArray[np.float64]:
        """Probabilities (rows, classes), or values (rows,).

        Raises:
            EnvironmentFault: no key, or no answer.
        """
        unknown = self.reading.unknown()
        if not features.texts:
            return np.empty((0, *unknown.shape))
        read = [self.reading.read(answer) for answer in self.answers(features)]
        return np.stack([unknown if one is None else one for one in read])

    def answers(self, features: Prompts) -> list[Answer]:
        """An answer a row; those that are not known yet are asked for.

        Raises:
            EnvironmentFault: no key, or no answer; what came until then is kept.
        """
        prompts = [self._said(text) for text in features.texts]
        keys = [self._key(prompt) for prompt in prompts]
        missing = {k: p for k, p in zip(keys, prompts, strict=True) if self.book.find(k) is None}
        if missing:
            if not self.agreed:
                check_permitted(self.question)
            stop = threading.Event()
            with ThreadPoolExecutor(self.concurrency) as pool:
                waiting = [
                    pool.submit(self._ask, key, prompt, stop) for key, prompt in missing.items()
                ]
                try:
                    for one in waiting:
                        one.result()
                finally:  # a failure or a signal: what has not begun is not begun, nor tried again
                    stop.set()
                    pool.shutdown(cancel_futures=True)
        return [answer for key in keys if (answer := self.book.find(key)) is not None]

    def keeping(self, folder: Path | None) -> ApiEstimator:
        """As `AsksOutside`; a folder is a run's, whose recipe was this machine's own."""
        return replace(self, book=AnswerBook(folder, self.kept), agreed=folder is not None)

    def remembering(self, features: Prompts) -> ApiEstimator:
        """As `AsksOutside`."""
        keys = (self._key(self._said(text)) for text in features.texts)
        kept = dict(zip(keys, self.answers(features), strict=True))
        timeless = {key: replace(answer, seconds=0.0) for key, answer in kept.items()}
        return replace(self, kept=dict(sorted(timeless.items())))

    def usage(self, features: Prompts) -> dict[str, Any]:
        """Latency, tokens and cost of these rows; answers that could not be read are counted."""
        found = self.answers(features)
        return {
            **spent(found, self.price),
            "unreadable": sum(self.reading.read(answer) is None for answer in found),
            "with_probabilities": sum(bool(answer.top) for answer in found),
        }

    def save(self, folder: Path) -> None:
        document = {
            "question": asdict(self.question),
            "reading": self.reading.to_json(),
            "instruction": self.instruction,
            "concurrency": self.concurrency,
            "price": None if self.price is None else asdict(self.price),
            "kept": {key: answer.to_json() for key, answer in self.kept.items()},
        }
        write_json(folder / _FILE, document)

    @classmethod
    def load(cls, folder: Path) -> ApiEstimator:
        """From a folder whose hashes the caller has verified."""
        document = read_json(folder / _FILE)
        kept = {key: Answer.from_json(value) for key, value in document["kept"].items()}
        price = document["price"]
        return cls(
            Question(**document["question"]),
            reading_from_json(document["reading"]),
            document["instruction"],
            document["concurrency"],
            None if price is None else Price(**price),
            kept,
            AnswerBook(known=kept),
        )

    def _said(self, text: str) -> str:
        return f"{self.instruction}\n\n{text}\n\nAnswer:" if self.instruction else text

    def _key(self, prompt: str) -> str:
        asked = (self.question.endpoint, self.question.model, self.question.max_tokens, prompt)
        return sha256_bytes(canonical_json(list(asked)))

    def _ask(self, key: str, prompt: str, stop: threading.Event) -> None:
        answer = ask(self.question, prompt, manners=self.manners, wait=stop.wait)
        self.book.enter(key, answer)
