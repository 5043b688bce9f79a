"""A model elsewhere that writes: what it is told, how, and what it answered, as a member of a family.

It tells a text and never how likely one is, so its predictions claim nothing (no nats, no tokens, no bytes):
it is judged by its texts alone. An answer is kept under a hash of where, what and how it was asked, so that
the same is never paid for twice, drawn texts included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import canonical_json, read_json, sha256_bytes, write_json
from trainwright.core.features import Prompts
from trainwright.core.language import Decoding, GenerationSettings, Message, Prompt
from trainwright.models.api.answers import Answer, AnswerBook
from trainwright.models.api.endpoint import Question, check_permitted
from trainwright.models.api.spending import Price, spent

_FILE = "estimator.json"

Request = tuple[tuple[Message, ...], GenerationSettings]


class Telling(Protocol):
    """What a writer needs of its preparation."""

    def turns(self, prompt: Prompt) -> tuple[Message, ...]:
        """What the endpoint is told of a prompt."""
        ...


@dataclass(frozen=True, slots=True)
class ApiWriter:
    """An endpoint that writes (`core.protocols.Estimator`, `AsksOutside`, `core.language.WritesItself`).

    Attributes:
        question: Where rows are asked about; names the variable of the key, and holds none.
        most_tokens: Of an answer, where the settings allow more; None: as they say.
        concurrency: Rows asked about at once.
        price: None: not known.
        book: Answers so far.
        agreed: The recipe of this machine named the endpoint; a package alone does not.
    """

    question: Question
    most_tokens: int | None = None
    concurrency: int = 4
    price: Price | None = None
    book: AnswerBook = field(default_factory=AnswerBook, compare=False, repr=False)
    agreed: bool = False

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "api-writer"

    @property
    def generates(self) -> bool:
        """It writes texts."""
        return True

    def predict(self, features: Prompts) -> NDArray[np.float64]:
        """Nothing is claimed of how likely a row's text is: zeros, shape (rows, 3). Nobody is asked."""
        return np.zeros((features.num_rows, 3))

    def writing(self, preparation: Telling) -> Decoding:
        """An empty table of requests, each answered in one."""
        from trainwright.models.api.writing import EndpointTable

        return EndpointTable(self, preparation)

    def how(self, settings: GenerationSettings) -> dict[str, Any]:
        """Settings as the API names them, without those that say nothing; a beam search it has none of."""
        most = min(settings.max_new_tokens, self.most_tokens or settings.max_new_tokens)
        told: dict[str, Any] = {"temperature": settings.temperature, "max_tokens": most}
        if settings.stop:
            told["stop"] = list(settings.stop)
        if settings.temperature > 0:
            told |= {"top_p": settings.top_p, "seed": settings.seed}
            told |= {"top_k": settings.top_k} if settings.top_k else {}
            told |= {"min_p": settings.min_p} if settings.min_p else {}
        return told

    def key(self, turns: Sequence[Message], settings: GenerationSettings) -> str:
        """What an answer is kept under."""
        said = [turn.to_json() for turn in turns]
        asked = [self.question.endpoint, self.question.model, said, self.how(settings)]
        return sha256_bytes(canonical_json(asked))

    def check_agreed(self) -> None:
        """Refuse an endpoint that a package alone names (EnvironmentFault)."""
        if not self.agreed:
            check_permitted(self.question)

    def keeping(self, folder: Path | None) -> ApiWriter:
        """As `AsksOutside`; a folder is a run's, whose recipe was this machine's own."""
        return replace(self, book=AnswerBook(folder), agreed=folder is not None)

    def remembering(self, features: Prompts) -> ApiWriter:
        """Itself: what it predicts of rows is asked of nobody."""
        return self

    def usage(self, features: Sequence[Request]) -> dict[str, Any]:
        """Latency, tokens and cost of what was answered to these; answers without a text are counted."""
        found = [self.book.find(self.key(turns, settings)) for turns, settings in features]
        answers: list[Answer] = [one for one in found if one is not None]
        return {
            **spent(answers, self.price),
            "unreadable": sum(not answer.text.strip() for answer in answers),
            "with_probabilities": 0,
        }

    def save(self, folder: Path) -> None:
        document = {
            "question": asdict(self.question),
            "most_tokens": self.most_tokens,
            "concurrency": self.concurrency,
            "price": None if self.price is None else asdict(self.price),
        }
        write_json(folder / _FILE, document)

    @classmethod
    def load(cls, folder: Path) -> ApiWriter:
        """From a folder whose hashes the caller has verified."""
        document: Mapping[str, Any] = read_json(folder / _FILE)
        price = document["price"]
        return cls(
            Question(**document["question"]),
            document["most_tokens"],
            document["concurrency"],
            None if price is None else Price(**price),
        )
