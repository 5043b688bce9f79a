"""Family `api`: any endpoint that speaks OpenAI's chat completions, as one more candidate.

It is judged on the same validation rows as what is trained here, with what it takes: seconds, tokens,
and cost where the recipe says the prices. The key is in the environment and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from trainwright.core.clock import Pacer
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.counted import Counted
from trainwright.core.errors import EnvironmentFault
from trainwright.core.features import Examples, PromptNeeds, Prompts
from trainwright.core.parts import Part, families
from trainwright.core.protocols import Fit, Workplace
from trainwright.models.api.answers import AnswerBook
from trainwright.models.api.endpoint import LOOPBACK, Question
from trainwright.models.api.estimator import ApiEstimator
from trainwright.models.api.reading import ClassReading, NumberReading, Reading
from trainwright.models.api.spending import Price
from trainwright.models.api.writer import ApiWriter
from trainwright.recipe.quantities import Seconds
from trainwright.recipe.sections import TrainingSettings

VARIABLE = "env:"
USUAL_TOKENS = 16  # of a label or a number
AT_ONCE = 16  # rows between two looks at the clock, for each that is asked about at once
_UNTOLD = (ColumnType.IMAGE, ColumnType.SERIES, ColumnType.WORDS, ColumnType.MESSAGES)
_SETTINGS = frozenset({"budget", "seed", "threads"})


class Prices(Counted):
    """What an endpoint asks for a million tokens."""

    input: float = Field(ge=0)
    """Of a million tokens that are read."""
    output: float = Field(ge=0)
    """Of a million tokens that are written."""


@families.register
class Api(Part):
    """A model behind an endpoint, asked by a prompt."""

    family: Literal["api"] = "api"
    """A model behind an endpoint that speaks OpenAI's API."""
    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=2048)]
    """Its address, with /v1: https://api.openai.com/v1, http://127.0.0.1:8000/v1."""
    model: str = Field(min_length=1, max_length=256)
    """As the endpoint calls it."""
    prompt: str | None = Field(default=None, max_length=100_000)
    """With column names in braces: "Spam or ham? {text}"; one of our own, with the labels, where not said."""
    key: str | None = None
    """Where the key comes from: env:NAME."""
    prices: Prices | None = None
    """{input: 0.15, output: 0.60}: of a million tokens."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Rows that are asked about at once."""
    timeout: Seconds = 30.0
    """Of one attempt."""
    max_tokens: int | None = Field(default=None, ge=1, le=32_768)
    """Of an answer; 16 where not said, and of texts as many as evaluation.generation allows."""

    @model_validator(mode="before")
    @classmethod
    def _names_its_key(cls, values: Any) -> Any:  # noqa: ANN401 - any YAML value
        """A key in a recipe would be written down everywhere: refused, and never said back."""
        key = values.get("key") if isinstance(values, Mapping) else None
        named = isinstance(key, str) and key.startswith(VARIABLE)
        if key is not None and not (named and key.removeprefix(VARIABLE).isidentifier()):
            raise ValueError("a key never stands in a recipe | mend: key: env:OPENAI_API_KEY")
        return values

    @model_validator(mode="after")
    def _is_sent_safely(self) -> Api:
        url = urlsplit(self.endpoint)
        if self.key is not None and url.scheme == "http" and url.hostname not in LOOPBACK:
            raise ValueError("a key is not sent in the clear | mend: endpoint: https://...")
        return self

    @property
    def settings(self) -> frozenset[str]:
        """There is nothing to train."""
        return _SETTINGS

    @property
    def needs(self) -> PromptNeeds:
        """Rows as prompts."""
        return PromptNeeds(self.prompt)

    @property
    def cost(self) -> int:
        """The dearest: of tied candidates one that runs here wins."""
        return 9

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """Classes, numbers and texts, from columns that can be written down."""
        if target.task is Task.LANGUAGE_MODELLING:
            return (
                "an endpoint does not say how likely a document is, by which models of documents are"
                " compared; it can be a candidate for text-to-text, instruction-tuning, classes and numbers"
            )
        if target.task.is_generated:
            return self._unasked(target.task)
        if target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
            return f"it cannot answer {target.task.value}"
        odd = [column.name for column in inputs if column.type in _UNTOLD]
        return f"column {odd[0]!r} cannot be written into a prompt" if odd else ""

    def _unasked(self, task: Task) -> str:
        """A text needs to be told what is to be done with it, a conversation is told as it stands."""
        if task is Task.INSTRUCTION_TUNING and self.prompt is not None:
            return "a conversation is told as it stands; remove model.prompt"
        if task is Task.TEXT_TO_TEXT and self.prompt is None:
            return (
                "it is not said what is to be done with a text; write"
                ' prompt: "Translate into German, and write nothing else: {COLUMN}"'
            )
        return ""

    def question(self) -> Question:
        """How a row is asked about."""
        return Question(
            self.endpoint,
            self.model,
            None if self.key is None else self.key.removeprefix(VARIABLE),
            self.max_tokens or USUAL_TOKENS,
            self.timeout,
        )

    def fit(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        pacer: Pacer,
        workplace: Workplace,
    ) -> Fit:
        """Nothing is learnt but what stands for an unreadable answer; validation rows are asked about."""
        question = self.question()
        price = None if self.prices is None else Price(self.prices.input, self.prices.output)
        if (
            target.task.is_language
        ):  # texts are written, and judged, with those of the other candidates
            book = AnswerBook(workplace.answers)
            writer = ApiWriter(
                question, self.max_tokens, self.concurrency, price, book, agreed=True
            )
            return Fit(writer, iterations=1, stopped="converged")
        estimator = ApiEstimator(
            question,
            _reading(train.target, target, train.weights),
            "" if self.prompt is not None else _instruction(target),
            self.concurrency,
            price,
            book=AnswerBook(workplace.answers),
            agreed=True,
        )
        texts = () if validation is None else validation.features.texts
        step = AT_ONCE * self.concurrency
        for start in range(0, len(texts), step):
            if not pacer.go_on("answers", start):
                raise EnvironmentFault(
                    f"{question.name} answered {start} of {len(texts)} validation rows in its share"
                    " of the budget",
                    where="training.budget",
                    mend="training: {budget: 1h}, or a larger model.concurrency",
                )
            estimator.answers(Prompts(texts[start : start + step]))
            workplace.progress.advance(min(len(texts), start + step), len(texts), "rows answered")
        return Fit(estimator, iterations=1, stopped="converged")


def _reading(
    values: NDArray[np.float64], target: Target, weights: NDArray[np.float64] | None
) -> Reading:
    if not target.task.has_classes:
        middle = np.median(values) if target.heavy_tailed else np.average(values, weights=weights)
        return NumberReading(float(middle))
    num_classes = len(target.classes)
    counts = np.bincount(values.astype(np.int64), weights, minlength=num_classes) + 1 / num_classes
    return ClassReading(target.classes, tuple((counts / counts.sum()).tolist()))


def _instruction(target: Target) -> str:
    """What a row is asked where the recipe has no prompt of its own."""
    if not target.task.has_classes:
        return f"What is {target.name!r} of the following? Answer with one number and nothing else."
    labels = "\n".join(f"- {label}" for label in target.classes)
    return (
        f"What is {target.name!r} of the following? Answer with one of these labels and nothing"
        f" else:\n{labels}"
    )
