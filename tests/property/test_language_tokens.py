"""Whatever texts and conversations hold: nothing of them is lost, and prompts are what training saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.language import LanguageNeeds, Message
from trainwright.data.language.conversations import from_text, to_text
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.data.language.preparation import LanguagePreparation

CORPUS = ["the cat sat on the mat", "naïve 漢字 1984\n\n  x = 1", "user assistant system"]
MARKS = ["<|im_end|>", "<|im_start|>", "<|end|>", "\n", "  ", "\ufdd0", "assistant"]
TEXT = st.lists(
    st.sampled_from(MARKS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    max_size=6,
).map("".join)
SAID = TEXT.filter(str.strip)


def fitted(column: Column, task: Task, cell: str) -> LanguagePreparation:
    frame = pl.DataFrame(
        {column.name: [cell, *CORPUS] if task is Task.LANGUAGE_MODELLING else [cell]}
    )
    needs = LanguageNeeds(vocabulary=320, max_length=2_000)
    target = Target(column, task)
    return fit_language_preparation(frame, [column], needs, base=Path(), target=target)


DOCUMENTS = fitted(Column("text", ColumnType.TEXT), Task.LANGUAGE_MODELLING, "a")
CHATS = fitted(
    Column("messages", ColumnType.MESSAGES),
    Task.INSTRUCTION_TUNING,
    to_text([Message("user", "what is a cat"), Message("assistant", "an animal")]),
)


@given(text=TEXT, length=st.integers(2, 40))
@settings(max_examples=60, deadline=None)
def test_a_document_comes_back_whole_or_in_passages(text: str, length: int) -> None:
    frame = pl.DataFrame({"text": [text]})
    whole = DOCUMENTS.transform(frame)
    assert DOCUMENTS.decode(whole.ids.tolist()) == text
    assert whole.row_bytes[0] == len(text.encode())
    split = replace(DOCUMENTS, max_length=length, over_long="split").transform(frame)
    assert split.ids[split.taught].tolist() == whole.ids[whole.taught].tolist()
    assert np.diff(split.ends, prepend=0).max() <= length
    cut = replace(DOCUMENTS, max_length=length, over_long="truncate").transform(frame)
    assert cut.ids.tolist() == whole.ids[:length].tolist()
    assert cut.row_bytes[0] <= whole.row_bytes[0]


@given(turns=st.lists(st.tuples(SAID, SAID), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_an_answer_is_told_as_it_is_and_its_prompt_is_what_stood_before(
    turns: list[tuple[str, str]],
) -> None:
    messages = [
        Message(role, content)
        for asked, told in turns
        for role, content in (("user", asked), ("assistant", told))
    ]
    cell = to_text(messages)
    assert from_text(cell) == tuple(messages)
    found = CHATS.transform(pl.DataFrame({"messages": [cell]}))
    ids, taught = found.ids.tolist(), found.taught
    told = [token for token, is_told in zip(ids, taught, strict=True) if is_told]
    assert CHATS.decode(told) == "".join(answer for _, answer in turns)
    assert told.count(CHATS.special.end) == len(turns)
    assert found.row_bytes[0] == sum(len(answer.encode()) for _, answer in turns)
    begins = np.flatnonzero(taught[1:] & ~taught[:-1]) + 1
    for turn, at in enumerate(begins):
        assert CHATS.prompt_ids(tuple(messages[: 2 * turn + 1])) == tuple(ids[:at])
