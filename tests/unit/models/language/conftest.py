"""Passages of a tiny language that a tiny model learns in a second: each id is the one before plus 1 or 2."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples
from trainwright.core.language import Passages, SpecialTokens
from trainwright.core.parts import families
from trainwright.core.protocols import Workplace
from trainwright.recipe.sections import TrainingSettings

PADDING, END, START, MASK, FIRST, VOCABULARY = 0, 1, 2, 3, 4, 40
SENTINELS = (30, 31, 32, 33, 34, 35, 36, 37, 38, 39)
SPECIAL = SpecialTokens(PADDING, END, START, MASK, SENTINELS)
TINY = {"hidden": 32, "layers": 2, "heads": 2, "vocabulary": 300, "max_length": 24}
DOCUMENTS = Target(Column("text", ColumnType.TEXT), Task.LANGUAGE_MODELLING)
PAIRS = Target(Column("told", ColumnType.TEXT), Task.TEXT_TO_TEXT)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tongue():
    """`passages`, `joined`, `examples`, `family`, `plan`, `fit`, and the special ids."""
    return SimpleNamespace(
        passages=passages,
        joined=joined,
        examples=examples,
        family=family,
        plan=plan,
        fit=fit,
        tiny=TINY,
        special=SPECIAL,
        documents=DOCUMENTS,
        pairs=PAIRS,
    )


def passages(rows=60, *, seed=0, shortest=3, longest=16, reads=False):
    """Documents: a start, a run of ids that climb, an end. With `reads` an encoder reads them backwards."""
    draw = np.random.default_rng(seed)
    texts = []
    for size in draw.integers(shortest, longest + 1, rows):
        steps = np.cumsum(draw.integers(1, 3, max(1, size - 2)))
        texts.append((FIRST + steps % 20).tolist())
    if reads:
        told = [([*text, END], [True] * (len(text) + 1)) for text in texts]
        return joined(told, reads=[text[::-1] for text in texts])
    return joined([([START, *text, END], [False, *[True] * (len(text) + 1)]) for text in texts])


def joined(told, *, reads=None, rows=None, num_rows=None):
    """Passages of (ids, taught) each."""
    ids = [one for text, _ in told for one in text]
    taught = [one for _, flags in told for one in flags]
    rows = np.arange(len(told)) if rows is None else np.array(rows)
    num_rows = len(told) if num_rows is None else num_rows
    sizes = np.bincount(rows, weights=[sum(flags) for _, flags in told], minlength=num_rows)
    return Passages(
        ids=np.array(ids, dtype=np.int32),
        taught=np.array(taught, dtype=bool),
        ends=np.cumsum([len(text) for text, _ in told]).astype(np.int64),
        rows=rows.astype(np.int64),
        num_rows=num_rows,
        vocabulary=VOCABULARY,
        special=SPECIAL,
        row_bytes=2.0 * sizes,
        read_ids=None if reads is None else np.array([i for r in reads for i in r], np.int32),
        read_ends=None if reads is None else np.cumsum([len(r) for r in reads]).astype(np.int64),
    )


def examples(features, *, weights=None):
    """Rows of these passages."""
    return Examples(features, features.row_bytes, weights=weights)


def family(name="causal-lm", **settings):
    """As a recipe would write it, tiny where it starts from nothing."""
    sizes = {"max_length": TINY["max_length"]} if "pretrained" in settings else TINY
    found = families.parse({"family": name, **sizes, **settings}, where="model")
    assert not isinstance(found, list), found
    return found


def plan(
    part, features, *, validation=None, target=DOCUMENTS, base=Path(), weights=None, **training
):
    """What a fit is made of."""
    return part.plan(
        examples(features, weights=weights),
        None if validation is None else examples(validation),
        target=target,
        training=TrainingSettings(threads=1, **training),
        seed=0,
        base=base,
    )


def fit(part, features, *, validation=None, target=DOCUMENTS, base=Path(), **training):
    """A fit on the loop."""
    return part.fit(
        examples(features),
        None if validation is None else examples(validation),
        target=target,
        training=TrainingSettings(threads=1, **training),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(base),
    )
