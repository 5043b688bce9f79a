from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import CommandError
from trainwright.core.features import Examples
from trainwright.core.language import BYTES, NATS, TOKENS
from trainwright.core.protocols import Workplace
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.flow.question_files import ChoiceQuestion
from trainwright.flow.questions import continuations, score_choices
from trainwright.models.fitted import FittedModel
from trainwright.models.language.ngram import Ngram
from trainwright.recipe.sections import TrainingSettings

TEXT = Column("text", ColumnType.TEXT)
SHORT = Column("short", ColumnType.TEXT)
TALK = Column("messages", ColumnType.MESSAGES)
QUESTION = ChoiceQuestion("the cat sat on", (" the mat", " qqqqqqq"), 0)


def fitted(
    frame: pl.DataFrame, inputs: list[Column], target: Target, **family: object
) -> FittedModel:
    """An n-gram model of these rows."""
    chosen = Ngram(**family)
    base = Path()
    preparation = fit_language_preparation(frame, inputs, chosen.needs, base=base, target=target)
    passages = preparation.transform(frame)
    fit = chosen.fit(
        Examples(passages, passages.row_bytes),
        None,
        target=target,
        training=TrainingSettings(),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(base),
    )
    return FittedModel(preparation, fit.estimator, target, tuple(inputs))


def documents(**family: object) -> FittedModel:
    frame = pl.DataFrame({"text": ["the cat sat on the mat", "the dog sat on the mat"] * 20})
    return fitted(frame, [TEXT], Target(TEXT, Task.LANGUAGE_MODELLING), **family)


@pytest.mark.parametrize("unit", [{"unit": "bytes"}, {"unit": "tokens", "vocabulary": 300}])
def test_the_known_ending_of_a_document_is_the_likeliest(unit: dict[str, object]) -> None:
    found = score_choices(documents(**unit), [QUESTION])
    assert found[:, BYTES].tolist() == [8, 8]
    assert found[0, NATS] < found[1, NATS] / 2


def test_a_choice_costs_what_the_chain_rule_says() -> None:
    model = documents()
    (ids,) = [model.preparation.prompt_ids("the cat sat on the mat")]
    nats = -sum(
        math.log(model.estimator.next_token(ids[:place])[ids[place]])
        for place in range(len(ids) - 8, len(ids))
    )
    found = score_choices(model, [QUESTION])
    assert found[0, NATS] == pytest.approx(nats)
    assert found[0, TOKENS] == 8


def test_blanks_at_the_end_of_a_prompt_belong_to_the_choice() -> None:
    model = documents()
    apart = ChoiceQuestion("the cat sat on", (" the mat", " a"), 0)
    before = ChoiceQuestion("the cat sat on ", ("the mat", "a"), 0)
    first, second = (score_choices(model, [one]) for one in (apart, before))
    assert np.array_equal(first[:, :2], second[:, :2])


def test_of_a_text_that_is_too_long_the_beginning_is_cut_off() -> None:
    preparation = replace(documents().preparation, max_length=10)
    passages = continuations(preparation, [("x" * 50, " abc"), ("y", "z" * 30)])
    assert passages.ends.tolist() == [10, 20]
    assert passages.taught.tolist() == [False] * 6 + [True] * 4 + [True] * 10


def test_an_answer_to_a_text_and_a_turn_are_scored_as_they_were_learnt() -> None:
    pairs = pl.DataFrame({"text": ["sky?", "grass?"] * 20, "short": ["blue", "green"] * 20})
    talks = pl.DataFrame(
        {
            "messages": [
                '[{"role":"user","content":"sky?"},{"role":"assistant","content":"blue"}]',
                '[{"role":"user","content":"grass?"},{"role":"assistant","content":"green"}]',
            ]
            * 20
        }
    )
    question = ChoiceQuestion("sky?", ("blue", "bluo"), 0)
    for frame, inputs, target in (
        (pairs, [TEXT], Target(SHORT, Task.TEXT_TO_TEXT)),
        (talks, [TALK], Target(TALK, Task.INSTRUCTION_TUNING)),
    ):
        found = score_choices(fitted(frame, inputs, target, order=6), [question])
        assert found[:, BYTES].tolist() == [4, 4]
        assert found[0, NATS] < found[1, NATS]


def test_models_that_weigh_no_texts_are_refused() -> None:
    model = documents()
    table = replace(model, target=Target(TEXT, Task.CLASSIFICATION, ("a", "b")))
    with pytest.raises(CommandError, match="weighs no texts"):
        score_choices(table, [QUESTION])
    masked = replace(model, preparation=replace(model.preparation, form="masked"))
    with pytest.raises(CommandError, match="fills gaps"):
        score_choices(masked, [QUESTION])
