"""Texts that a model writes for validation rows, beside what they should have been.

Which rows is decided by a hash of their position, so that every model of a snapshot is asked the same
ones, and a clock that ends the work early leaves a sample like any other. Rows are asked in groups: one
that was begun is finished, since those that end first are the short ones.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue
from trainwright.core.clock import Pacer
from trainwright.core.columns import ROW, Column, Target, Task
from trainwright.core.errors import DataError
from trainwright.core.language import Generates, Generation, GenerationSettings, Prompt
from trainwright.data.hashing import mix
from trainwright.data.language.conversations import from_text
from trainwright.data.privacy.masking import masked
from trainwright.evaluation.text_metrics import text_differences, text_losses, text_metrics
from trainwright.flow.rows import Rows

GROUP = 16  # rows that are generated side by side, and that the clock decides about
LIMIT_ROWS = 200
LIMIT_SAMPLES = 10
LIMIT_REFERENCE = 100_000  # characters; metrics of n-grams take memory by the hundredfold of them


@dataclass(frozen=True, slots=True)
class Question:
    """A row as a model is asked about it."""

    row: int
    prompt: Prompt
    reference: str


@dataclass(frozen=True, slots=True)
class Written:
    """What models wrote for the same rows.

    Attributes:
        asked: The rows, as many as there was time for.
        units: Of these rows, shape (rows,).
        texts: Of each model a text a row; None where it cannot take the prompt.
        settings: How they were written.
    """

    asked: tuple[Question, ...]
    units: NDArray[np.int64]
    texts: tuple[tuple[Generation | None, ...], ...]
    settings: GenerationSettings

    def answered(self) -> dict[int, list[Generation]]:
        """The rows that every model wrote for, by their place, with what they wrote."""
        rows = (
            [text for text in texts if text is not None] for texts in zip(*self.texts, strict=True)
        )
        return {place: row for place, row in enumerate(rows) if len(row) == len(self.texts)}

    def of(self, model: int) -> Written:
        """What one of the models wrote."""
        return replace(self, texts=(self.texts[model],))

    def beside(self, others: Written) -> Written:
        """With what others wrote for the first of these rows; the rows that both have."""
        if not others.texts:
            return self
        size = len(others.asked)
        texts = (*(own[:size] for own in self.texts), *others.texts)
        return Written(others.asked, others.units, texts, self.settings)


@dataclass(frozen=True, slots=True)
class Sample:
    """A row with what was written for it.

    Attributes:
        row: Its global position.
        prompt: What was read.
        reference: What should have been written.
        generated: What was.
        before: What the untouched base writes; None where there is none.
    """

    row: int
    prompt: str
    reference: str
    generated: str
    before: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}

    def masked(self) -> Sample:
        """With personal data and secrets as their mere shape."""
        return replace(
            self,
            prompt=masked(self.prompt),
            reference=masked(self.reference),
            generated=masked(self.generated),
            before=None if self.before is None else masked(self.before),
        )


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of generating.

    Attributes:
        rows: Rows that were judged.
        skipped: Rows whose prompt was empty, or longer than the model can take; they are not judged.
        cut_off: Rows whose text was still going on at the limit of new tokens.
        metrics: By name (`evaluation.text_metrics.TEXT_METRICS`).
        before: The same of the untouched base; empty where there is none.
        gains: The model's minus the base's, on the same rows, with a paired interval.
        samples: The first rows.
        is_drawn: Tokens were drawn at random, by the seed of the settings.
        losses: Of every row that was asked, by its global position: what candidates that write are
            compared by, 1 where nothing was written.
    """

    rows: int
    skipped: int
    cut_off: int
    metrics: Mapping[str, MetricValue]
    before: Mapping[str, MetricValue]
    gains: Mapping[str, MetricValue]
    samples: tuple[Sample, ...]
    is_drawn: bool = False
    losses: Mapping[int, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON values, for evaluation.json and the report."""
        return {
            "rows": self.rows,
            "skipped": self.skipped,
            "cut_off": self.cut_off,
            "is_drawn": self.is_drawn,
            **{
                name: {key: value.to_json() for key, value in getattr(self, name).items()}
                for name in ("metrics", "before", "gains")
            },
            "samples": [sample.to_json() for sample in self.samples],
        }


def generate_for(
    model: Generates,
    rows: Rows,
    *,
    target: Target,
    inputs: Sequence[Column],
    pacer: Pacer,
    seed: int,
    base: Generates | None = None,
    limit: int = LIMIT_ROWS,
    settings: GenerationSettings | None = None,
    known: Written | None = None,
    confidence: float = 0.95,
) -> Generated | None:
    """Let a model write for rows of a generated task, and judge what it wrote.

    Args:
        model: Writes the texts.
        rows: Of validation.
        target: What is told.
        inputs: The columns that are read.
        pacer: Asked before each group of rows ("generate"); says where time ends it.
        seed: Of the intervals.
        base: The base before fine-tuning, to be asked the same rows.
        limit: Rows at most.
        settings: How; the likeliest token each time where not said.
        known: What the model has written for these rows already.
        confidence: Level of the intervals.

    Returns:
        None where the model writes no texts, or time left no row.
    """
    models = [model] if base is None else [model, base]
    if not all(one.generates for one in models):
        return None
    how = settings or GenerationSettings()
    if known is None:
        found = write_for(
            models, rows, target=target, inputs=inputs, pacer=pacer, limit=limit, settings=how
        )
    else:
        others = write_for(
            models[1:],
            rows,
            target=target,
            inputs=inputs,
            pacer=pacer,
            limit=len(known.asked),
            settings=how,
        )
        found = known.beside(others)
    told = found.answered()
    if not told:
        return None
    judged = _judged(
        [found.asked[place] for place in told],
        list(told.values()),
        units=found.units[list(told)],
        skipped=len(found.asked) - len(told),
        how=how,
        seed=seed,
        confidence=confidence,
    )
    return replace(judged, losses=_losses(found))


def write_for(
    models: Sequence[Generates],
    rows: Rows,
    *,
    target: Target,
    inputs: Sequence[Column],
    pacer: Pacer,
    settings: GenerationSettings,
    limit: int = LIMIT_ROWS,
) -> Written:
    """Let models write for the same rows, chosen by a hash of their position, while there is time.

    Args:
        models: Each writes.
        rows: Of validation or test.
        target: What is told.
        inputs: The columns that are read.
        pacer: Asked before each group of rows ("generate"), which all models answer or none.
        settings: How texts are written.
        limit: Rows at most.
    """
    order = np.argsort(mix(rows.frame[ROW].to_numpy().astype(np.uint64)), kind="stable")[:limit]
    asked = [_question(rows, int(place), target, inputs) for place in order]
    texts: list[list[Generation | None]] = [[] for _ in models]
    longest, done = 0.0, 0
    for first in range(0, len(asked) if models else 0, GROUP):
        if not pacer.go_on("generate", first // GROUP, needs=longest):
            break
        started = time.monotonic()
        for one, own in zip(models, texts, strict=True):
            own += _written(one, asked[first : first + GROUP], settings)
        longest = max(longest, time.monotonic() - started)
        done = min(len(asked), first + GROUP)
    return Written(
        tuple(asked[:done]), rows.units[order[:done]], tuple(tuple(own) for own in texts), settings
    )


def question_of(
    values: Mapping[str, Any], *, target: Target, inputs: Sequence[Column]
) -> tuple[Prompt, str]:
    """What a model is asked about a row, and what it should write.

    A conversation is asked up to its last assistant's turn; without one the prompt is empty.
    """
    if target.task is Task.INSTRUCTION_TUNING:
        turns = from_text(values[target.name])
        last = max((n for n, turn in enumerate(turns) if turn.role == "assistant"), default=0)
        return turns[:last], turns[last].content if turns else ""
    return values[inputs[0].name] or "", values.get(target.name) or ""


def shown_prompt(prompt: Prompt) -> str:
    """A prompt for a person to read: the turns of a conversation with their roles."""
    if isinstance(prompt, str):
        return prompt
    assert isinstance(prompt, tuple)
    return "\n".join(f"{turn.role}: {turn.content}" for turn in prompt)


def _question(rows: Rows, place: int, target: Target, inputs: Sequence[Column]) -> Question:
    values = rows.frame.row(place, named=True)
    prompt, reference = question_of(values, target=target, inputs=inputs)
    return Question(int(values[ROW]), prompt, reference[:LIMIT_REFERENCE])


def _written(
    model: Generates, asked: Sequence[Question], settings: GenerationSettings
) -> list[Generation | None]:
    """A text for each question, side by side; None where the prompt cannot be taken."""
    table = model.decoding()
    found: dict[int, Generation] = {}
    requests: list[int | None] = []
    for question in asked:
        try:
            requests.append(table.add(question.prompt, settings) if question.prompt else None)
        except DataError:
            requests.append(None)
    try:
        while table.active:
            for piece in table.step():
                if piece.generation is not None:
                    found[piece.request] = piece.generation
    finally:  # after a failure or a signal nobody waits for the others
        for request in requests:
            if request is not None and request not in found:
                table.cancel(request)
    return [None if request is None else found[request] for request in requests]


def _losses(written: Written) -> dict[int, float]:
    """What the first model wrote, row by row; nothing where it cannot take the prompt."""
    texts = ["" if one is None else one.text for one in written.texts[0]]
    losses = text_losses(texts, [question.reference for question in written.asked])
    return {question.row: float(loss) for question, loss in zip(written.asked, losses, strict=True)}


def _judged(
    asked: Sequence[Question],
    written: Sequence[Sequence[Generation]],
    *,
    units: NDArray[np.int64],
    skipped: int,
    how: GenerationSettings,
    seed: int,
    confidence: float,
) -> Generated:
    """`written`: for each question the model's text, and the base's where there is one."""
    references = [question.reference for question in asked]
    after, *others = [[one.text for one in side] for side in zip(*written, strict=True)]
    before: Mapping[str, MetricValue] = {}
    gains: Mapping[str, MetricValue] = {}
    for texts in others:
        before = text_metrics(texts, references, units=units, seed=seed, confidence=confidence)
        gains = text_differences(
            texts, after, references, units=units, seed=seed, confidence=confidence
        )
    samples = [
        Sample(
            question.row,
            shown_prompt(question.prompt),
            question.reference,
            *(one.text for one in texts),
        )
        for question, texts in zip(asked[:LIMIT_SAMPLES], written, strict=False)
    ]
    return Generated(
        rows=len(asked),
        skipped=skipped,
        cut_off=sum(texts[0].finish == "length" for texts in written),
        metrics=text_metrics(after, references, units=units, seed=seed, confidence=confidence),
        before=before,
        gains=gains,
        samples=tuple(samples),
        is_drawn=how.temperature > 0,
    )
