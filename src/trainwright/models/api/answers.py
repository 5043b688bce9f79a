"""What an endpoint answered, kept under the hash of what was asked: no answer is paid for twice.

`answers.jsonl` of a run is an append-only record chained by hash, so that `reproduce` and `audit` can lean
on it without asking anybody. Prompts are not in it, only their hashes, and no key ever is.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainwright.core.errors import TrustError
from trainwright.core.record import Record

FILE = "answers.jsonl"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        text: What was written.
        tokens_in: Of the prompt, as the endpoint counts them; 0 where it does not say.
        tokens_out: Written.
        seconds: From the question to the end of the answer, without waits between attempts.
        top: The likeliest first tokens with their log probabilities; empty where none were given.
        finish: Why it ended, as the endpoint says: "length" where it was cut off.
    """

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    top: tuple[tuple[str, float], ...] = ()
    finish: str = "stop"

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "top": [list(pair) for pair in self.top]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Answer:
        """Inverse of `to_json`."""
        top = tuple((str(token), float(log)) for token, log in value["top"])
        return cls(**{**value, "top": top})


class AnswerBook:
    """Answers by key: in memory, and in a folder where there is one; safe for several threads.

    Args:
        folder: Where answers are kept; None: in memory alone.
        known: Answers that are there from the start.
    """

    def __init__(
        self, folder: Path | None = None, known: Mapping[str, Answer] | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._record = None if folder is None else Record(folder / FILE)
        self._answers = dict(known or {})
        for body in [] if self._record is None else self._record.read():
            try:
                self._answers[body["key"]] = Answer.from_json(body["answer"])
            except (KeyError, TypeError, ValueError) as error:
                raise TrustError(
                    f"a line of the kept answers is not ours: {error!r:.80}",
                    where=str(folder),
                    mend="run the recipe anew: trainwright run RECIPE --new",
                ) from error

    def find(self, key: str) -> Answer | None:
        """The answer to what has this hash."""
        return self._answers.get(key)

    def enter(self, key: str, answer: Answer) -> None:
        """Keep an answer."""
        with self._lock:
            self._answers[key] = answer
            if self._record is not None:
                self._record.append({"key": key, "answer": answer.to_json()})
