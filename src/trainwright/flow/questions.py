"""`trainwright evaluate RUN --choices FILE`: a language model answers multiple choice by likelihood.

Each choice is scored as the model was trained to tell it: as the answer to a text, as the assistant's turn,
or, of documents, as what goes on after the prompt. Documents are cut into tokens as the usual harness does,
so that figures compare: blanks at the end of a prompt belong to the choice, and what is told are the tokens
of both together after as many as the prompt has alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue
from trainwright.core.columns import Task
from trainwright.core.errors import CommandError
from trainwright.core.language import Passages
from trainwright.evaluation.multiple_choice import choose
from trainwright.flow.question_files import ChoiceQuestion, read_choices
from trainwright.flow.resolving import fitted_model_of, require_package
from trainwright.models.fitted import FittedModel
from trainwright.runs.workspace import Workspace

if TYPE_CHECKING:
    from trainwright.data.language.preparation import LanguagePreparation

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChoicesResult:
    """What came of a file of questions.

    Attributes:
        run: Whose model.
        chosen: The choice of each question, by nats per byte.
        metrics: Accuracy by nats per byte, per token, and in sum.
        chance: The accuracy of guessing.
    """

    run: str
    chosen: tuple[int, ...]
    metrics: Mapping[str, MetricValue]
    chance: float

    def to_json(self) -> dict[str, Any]:
        """The contract of `evaluate --choices --json`."""
        return {
            "run": self.run,
            "questions": len(self.chosen),
            "confidence": 0.95,
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "chance": self.chance,
            "chosen": list(self.chosen),
        }


def answer_choices(run: str, file: Path, *, workspace: Path | None = None) -> ChoicesResult:
    """Let the model of a run answer a file of questions.

    Args:
        run: Id, prefix, name or `latest`.
        file: JSON lines (see `flow.question_files`).
        workspace: The workspace's folder.

    Raises:
        CommandError: no such run or file, or a model that weighs no texts.
        DataError: lines are wrong.
    """
    questions = read_choices(file)
    folder = Workspace.open(workspace).find_run(run)
    require_package(folder)
    values = score_choices(fitted_model_of(folder), questions)
    found = choose(
        values,
        [len(question.choices) for question in questions],
        [question.answer for question in questions],
    )
    return ChoicesResult(folder.id, tuple(found.choices.tolist()), found.metrics, found.chance)


def score_choices(model: FittedModel, questions: Sequence[ChoiceQuestion]) -> Floats:
    """Nats, tokens and bytes of each choice after its prompt; shape (choices, 3).

    Raises:
        CommandError: the model weighs no texts.
    """
    from trainwright.data.language.preparation import LanguagePreparation

    pairs = [(question.prompt, choice) for question in questions for choice in question.choices]
    task, preparation = model.target.task, model.preparation
    if not task.is_language or not isinstance(preparation, LanguagePreparation):
        raise CommandError(
            f"a model of {task.value} weighs no texts",
            where="--choices",
            mend="name a run of task language-modelling, instruction-tuning or text-to-text",
        )
    if task is Task.LANGUAGE_MODELLING:
        if preparation.form not in ("causal", "bytes"):
            raise CommandError(
                "the model fills gaps in documents: it cannot say how likely a text goes on",
                where="--choices",
                mend="name a run of family causal-lm or ngram",
            )
        return model.estimator.predict(continuations(preparation, pairs))
    if task is Task.INSTRUCTION_TUNING:
        talks = [_conversation(prompt, choice) for prompt, choice in pairs]
        return model.predict(pl.DataFrame({model.target.name: talks})).values
    columns = {model.inputs[0].name: [prompt for prompt, _ in pairs]}
    columns[model.target.name] = [choice for _, choice in pairs]
    return model.predict(pl.DataFrame(columns)).values


def continuations(preparation: LanguagePreparation, pairs: Sequence[tuple[str, str]]) -> Passages:
    """Documents of which only what stands after the prompt is told, and no end.

    Of those that are too long the beginning is cut off.
    """
    ids, taught, ends = [], [], [0]
    for prompt, choice in pairs:
        bare = prompt.rstrip()
        whole = preparation.prompt_ids(prompt + choice)
        given = len(preparation.prompt_ids(bare)) if bare else 1
        kept = whole[-preparation.max_length :]
        told = np.arange(len(whole)) >= min(given, len(whole) - 1)  # one token at least
        ids.append(np.array(kept, dtype=np.int32))
        taught.append(told[len(whole) - len(kept) :])
        ends.append(ends[-1] + len(kept))
    return Passages(
        ids=np.concatenate(ids),
        taught=np.concatenate(taught),
        ends=np.array(ends[1:], dtype=np.int64),
        rows=np.arange(len(pairs)),
        num_rows=len(pairs),
        vocabulary=preparation.vocabulary,
        special=preparation.special,
        row_bytes=np.array([len(choice.encode()) for _, choice in pairs], dtype=np.float64),
    )


def _conversation(prompt: str, choice: str) -> str:
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": choice}]
    return json.dumps(turns, ensure_ascii=False)
