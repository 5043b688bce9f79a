from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from trainwright.core.clock import Replay, Unhurried
from trainwright.core.columns import ROW, UNIT, Column, ColumnType, Target, Task
from trainwright.core.errors import DataError
from trainwright.core.language import Generation, Message, Piece
from trainwright.flow.generating import GROUP, generate_for, question_of, shown_prompt
from trainwright.flow.rows import as_rows

TEXT = Column("text", ColumnType.TEXT)
PAIRS = Target(Column("short", ColumnType.TEXT), Task.TEXT_TO_TEXT)
TALKS = Target(Column("messages", ColumnType.MESSAGES), Task.INSTRUCTION_TUNING)


class Echo:
    """Says the prompt again after as many steps as it has letters; `missing` words are left out."""

    generates = True

    def __init__(self, missing: str = "") -> None:
        self.missing = missing
        self.asked: list[str] = []

    def decoding(self):
        return Table(self)


class Table:
    def __init__(self, model: Echo) -> None:
        self.model, self.waiting = model, {}

    @property
    def active(self):
        return len(self.waiting)

    def add(self, prompt, settings):
        if len(prompt) > 60:
            raise DataError("too long")
        self.model.asked.append(prompt)
        self.waiting[len(self.model.asked)] = [len(prompt), prompt]
        return len(self.model.asked)

    def step(self):
        ended = []
        for request, one in list(self.waiting.items()):
            one[0] -= 1
            if one[0] == 0:
                text = self.waiting.pop(request)[1].replace(self.model.missing, "")
                finish = "length" if "endless" in text else "stop"
                ended.append(Piece(request, text, Generation(text, finish, 1, 1)))
        return ended


def rows(texts, target=PAIRS, column="short", offset=0):
    count = len(texts)
    frame = pl.DataFrame({ROW: range(offset, offset + count), UNIT: range(count), "text": texts})
    return as_rows(frame.with_columns(pl.col("text").alias(column)), target)


def asked(model, texts, *, pacer=None, base=None, **options):
    return generate_for(
        model,
        rows(texts),
        target=PAIRS,
        inputs=[TEXT],
        pacer=pacer or Unhurried(),
        seed=0,
        base=base,
        **options,
    )


TEXTS = [f"the cat number {n} sat on the mat" for n in range(50)]


def test_what_is_written_is_judged_beside_the_reference():
    found = asked(Echo(), TEXTS)
    assert found.rows == 50
    assert found.metrics["exact_match"].value == 1
    assert found.metrics["bleu"].value == pytest.approx(100)
    assert len(found.samples) == 10
    assert all(sample.generated == sample.reference for sample in found.samples)
    assert found.before == found.gains == {}


def test_rows_are_drawn_by_a_hash_so_that_every_model_is_asked_the_same():
    first, second = Echo(), Echo(missing="cat")
    asked(first, TEXTS, limit=12)
    asked(second, TEXTS, limit=12)
    assert first.asked == second.asked
    assert first.asked != TEXTS[:12]
    other = Echo()
    asked(other, TEXTS, limit=20)
    assert other.asked[:12] == first.asked  # more of them begin with the same ones


def test_where_time_runs_out_whole_groups_are_judged():
    model = Echo()
    found = asked(model, TEXTS, pacer=Replay({"generate": 2}))
    assert found.rows == 2 * GROUP == len(model.asked)
    assert asked(Echo(), TEXTS, pacer=Replay({"generate": 0})) is None


def test_the_untouched_base_is_asked_the_same_rows():
    found = asked(Echo(), TEXTS, base=Echo(missing="the "))
    assert found.before["exact_match"].value == 1  # articles do not count there
    assert found.before["rouge_l"].value < 1
    assert found.gains["rouge_l"].low > 0
    assert found.gains["rouge_l"].value == pytest.approx(1 - found.before["rouge_l"].value)
    assert found.samples[0].before == found.samples[0].prompt.replace("the ", "")
    written = json.loads(json.dumps(found.to_json()))
    assert written["samples"][0]["before"] == found.samples[0].before


def test_prompts_that_cannot_be_taken_are_counted_and_not_judged():
    found = asked(Echo(), ["a b c", "", "x" * 100, "endless"])
    assert (found.rows, found.skipped, found.cut_off) == (2, 2, 1)


def test_a_model_that_writes_nothing_has_no_texts():
    class Silent(Echo):
        generates = False

    assert asked(Silent(), TEXTS) is None


def test_units_are_those_of_the_rows_that_were_drawn():
    doubled = rows(TEXTS)
    one_unit = replace(doubled, units=np.zeros(50, np.int64))
    options = {"target": PAIRS, "inputs": [TEXT], "pacer": Unhurried(), "seed": 0}
    loose = generate_for(Echo("cat "), doubled, **options)
    tight = generate_for(Echo("cat "), one_unit, **options)
    assert tight.metrics["rouge_l"].high - tight.metrics["rouge_l"].low > 0.5
    assert loose.metrics["rouge_l"].high - loose.metrics["rouge_l"].low < 0.2


def test_a_conversation_is_asked_up_to_the_last_answer():
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "1 + 1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "Thanks"},
    ]
    prompt, reference = question_of({"messages": json.dumps(turns)}, target=TALKS, inputs=[])
    assert reference == "2"
    assert prompt[-1] == Message("user", "1 + 1?")
    assert shown_prompt(prompt) == "user: Hi\nassistant: Hello\nuser: 1 + 1?"
    nothing = json.dumps(turns[:1])
    assert question_of({"messages": nothing}, target=TALKS, inputs=[])[0] == ()
    assert question_of({"messages": None}, target=TALKS, inputs=[]) == ((), "")
