"""A tiny corpus that a tiny encoder learns in a second."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples
from trainwright.core.protocols import Workplace
from trainwright.data.texts.preparation import fit_text_preparation
from trainwright.models.text.families import TextEncoder
from trainwright.recipe.sections import TrainingSettings

TINY = {"hidden": 16, "layers": 2, "heads": 2, "vocabulary": 300, "max_length": 16}
GOOD, BAD = ("great", "lovely", "nice"), ("awful", "bad", "sad")
FILL = ("the", "a", "it", "was", "is", "very", "this", "that", "thing", "of")
TEXT_TARGET = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("bad", "good"))
NUMBER_TARGET = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
WORD_TARGET = Target(Column("y", ColumnType.WORDS), Task.TOKEN_CLASSIFICATION, ("O", "GOOD", "BAD"))


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def corpus():
    """`texts`, `words`, `examples`, `plan`, `fit`, and the targets."""
    return SimpleNamespace(
        texts=texts,
        words=words,
        examples=examples,
        plan=plan,
        fit=fit,
        tiny=TINY,
        text_target=TEXT_TARGET,
        number_target=NUMBER_TARGET,
        word_target=WORD_TARGET,
    )


def texts(rows=120, *, seed=0):
    """Texts of unequal length, one word of which tells the class."""
    draw = np.random.default_rng(seed)
    classes = draw.integers(0, 2, rows)
    made = []
    for code in classes:
        words = [str(word) for word in draw.choice(FILL, draw.integers(1, 8))]
        words.insert(int(draw.integers(0, len(words))), str(draw.choice(GOOD if code else BAD)))
        made.append(" ".join(words))
    return pl.DataFrame({"text": made}), classes.astype(np.float64)


def words(rows=80, *, seed=0):
    """Sentences whose telling words are tagged."""
    frame, _ = texts(rows, seed=seed)
    lists = [text.split() for text in frame["text"]]
    tags = [float(word in GOOD) + 2 * (word in BAD) for one in lists for word in one]
    return pl.DataFrame({"words": lists}), np.array(tags)


def examples(family: TextEncoder, frame, target, *, preparation=None):
    """Rows, with what they were prepared by."""
    kind = ColumnType.WORDS if frame.columns == ["words"] else ColumnType.TEXT
    if preparation is None:
        column = Column(frame.columns[0], kind)
        preparation = fit_text_preparation(frame, [column], family.needs, base=Path())
    return Examples(preparation.transform(frame), target), preparation


def plan(family: TextEncoder, train, target, *, validation=None, seed=0, **training):
    """What a fit is made of."""
    settings = TrainingSettings(threads=1, **training)
    return family.plan(train, validation, target=target, training=settings, seed=seed, base=Path())


def fit(family: TextEncoder, train, target, *, validation=None, **training):
    """A fit on the loop."""
    return family.fit(
        train,
        validation,
        target=target,
        training=TrainingSettings(threads=1, **training),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(Path()),
    )
