"""Small corpora and preparations that several tests share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.language import LanguageNeeds
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.data.language.preparation import LanguagePreparation

DOCUMENTS = [
    "the cat sat on the mat, and the dog sat by the door",
    "a dog and a cat met in 1984 at the old door",
    "naïve café, 漢字 and \N{GRINNING FACE}: the rest of the cats sat down",
    "",
]
CHATS = [
    [("user", "what is the cat?"), ("assistant", "the cat is an animal")],
    [
        ("system", "be short"),
        ("user", "and the dog?"),
        ("assistant", "a dog"),
        ("user", "where?"),
        ("assistant", "by the door"),
    ],
]
ROW_IDS = (5, 7, 8, 11)
Fit = Callable[..., LanguagePreparation]


def chat_text(turns: Sequence[tuple[str, str]]) -> str:
    return json.dumps([{"role": role, "content": content} for role, content in turns])


@pytest.fixture
def documents() -> pl.DataFrame:
    return pl.DataFrame({ROW: ROW_IDS, "text": DOCUMENTS})


@pytest.fixture
def pairs() -> pl.DataFrame:
    texts = ["the cat sat on the mat " * 6, "a dog by the door"]
    return pl.DataFrame({ROW: [5, 7], "text": texts, "answer": ["the mat", "the door"]})


@pytest.fixture
def chats() -> pl.DataFrame:
    return pl.DataFrame({ROW: [5, 7], "messages": [chat_text(one) for one in CHATS]})


@pytest.fixture
def fit() -> Fit:
    def of(frame: pl.DataFrame, *, base: Path = Path(), **needs: Any) -> LanguagePreparation:
        usual = {"vocabulary": 500, "max_length": 64, "over_long": "truncate"}
        asked = LanguageNeeds(**{**usual, **needs})
        text = Column("text", ColumnType.TEXT)
        if "messages" in frame.columns:
            text = Column("messages", ColumnType.MESSAGES)
            target = Target(text, Task.INSTRUCTION_TUNING)
        elif "answer" in frame.columns:
            target = Target(Column("answer", ColumnType.TEXT), Task.TEXT_TO_TEXT)
        else:
            target = Target(text, Task.LANGUAGE_MODELLING)
        return fit_language_preparation(frame, [text], asked, base=base, target=target)

    return of
