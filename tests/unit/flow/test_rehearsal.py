"""Old text among the new: how much of it, which of it never, and what is told of the rest."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import DataError
from trainwright.core.features import Examples
from trainwright.core.protocols import Workplace
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.flow import rehearsal
from trainwright.flow.rehearsal import forgetting, with_rehearsal
from trainwright.models.fitted import FittedModel
from trainwright.models.language.families import CausalLM, Rehearsal
from trainwright.recipe.sections import TrainingSettings

TEXT = Column("text", ColumnType.TEXT)
TARGET = Target(TEXT, Task.LANGUAGE_MODELLING)
SIZES = {"hidden": 32, "layers": 1, "heads": 2, "vocabulary": 300, "max_length": 32}
OLD = [f"The old dog number {place} sleeps near the river." for place in range(60)]
NEW = [f"xyz {place} abc {place}" for place in range(40)]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "old.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in OLD))
    return path


def prepared(family, texts, base):
    frame = pl.DataFrame({"text": texts})
    made = fit_language_preparation(frame, [TEXT], family.needs, base=base, target=TARGET)
    passages = made.transform(frame)
    return made, Examples(passages, passages.row_bytes)


def told(passages, rows):
    owners = np.repeat(passages.rows, np.diff(passages.ends, prepend=0))
    return np.bincount(owners[passages.taught], minlength=passages.num_rows)[rows]


def wanting(share):
    return CausalLM(pretrained="base", rehearsal=Rehearsal(source="old.jsonl", share=share))


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_old_text_has_its_share_of_the_tokens(file, tmp_path, share):
    preparation, train = prepared(CausalLM(**SIZES), NEW, tmp_path)
    weights = np.linspace(0.5, 2, len(NEW))
    train = replace(train, weights=weights)
    found = with_rehearsal(train, wanting(share), preparation, base=tmp_path)
    rows = np.arange(found.features.num_rows)
    tokens = told(found.features, rows) * found.weights
    assert tokens[len(NEW) :].sum() / tokens.sum() == pytest.approx(share)
    assert found.weights[: len(NEW)].tolist() == weights.tolist()
    assert found.features.ids[: len(train.features.ids)].tolist() == train.features.ids.tolist()
    assert len(found.target) == found.features.num_rows == len(NEW) + 54


def test_a_tenth_of_it_is_never_learnt_from(file, tmp_path):
    learnt, held = rehearsal._texts(Rehearsal(source="old.jsonl"), base=tmp_path)
    assert sorted(learnt + held) == sorted(OLD)
    assert len(held) == 6
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in OLD[::-1]))
    assert sorted(rehearsal._texts(Rehearsal(source="old.jsonl"), base=tmp_path)[1]) == sorted(held)


def test_without_a_share_nothing_is_added(file, tmp_path):
    preparation, train = prepared(CausalLM(**SIZES), NEW, tmp_path)
    for family in (wanting(0.0), CausalLM(**SIZES)):
        assert with_rehearsal(train, family, preparation, base=tmp_path) is train


def test_what_is_forgotten_is_measured_and_rehearsal_keeps_some_of_it(file, tmp_path):
    fresh = CausalLM(**SIZES)
    preparation, old = prepared(fresh, OLD, tmp_path)

    def fitted(family, examples, epochs):
        return family.fit(
            examples,
            None,
            target=TARGET,
            training=TrainingSettings(
                threads=1,
                epochs=epochs,
                batch_size=4,
                optimizer={"kind": "adamw", "learning_rate": 5e-3},
            ),
            seed=0,
            pacer=Unhurried(),
            workplace=Workplace(tmp_path),
        ).estimator

    folder = tmp_path / "base"
    folder.mkdir()
    fitted(fresh, old, 6).save(folder)
    frame = pl.DataFrame({"text": NEW})
    train = Examples(preparation.transform(frame), np.ones(len(NEW)))
    found = {}
    for share in (0.0, 0.5):
        family = CausalLM(
            pretrained="base",
            max_length=32,
            rehearsal=Rehearsal(source="old.jsonl", share=share),
        )
        examples = with_rehearsal(train, family, preparation, base=tmp_path)
        model = FittedModel(preparation, fitted(family, examples, 6), TARGET, (TEXT,))
        found[share] = forgetting(family, model, base=tmp_path)
    kept, lost = found[0.5], found[0.0]
    assert kept.before == lost.before
    assert lost.change.low > 0
    assert kept.change.value < 0.5 * lost.change.value
    assert kept.documents == 6
    assert kept.change.value == pytest.approx(kept.after.value - kept.before.value)
    assert set(kept.to_json()) == {"documents", "share", "before", "after", "change", "source"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("", "0 old texts"),
        ('{"text": "a"}\n{"text": "a"}\n', "1 old texts"),
        ('{"text": "a"}\n{"words": 1}\n', "holds no text"),
        ('{"text": "a"}\n{"text": "\\ud800"}\n', "holds no text"),
        ("[1]\n", "holds no text"),
    ],
)
def test_a_file_without_texts_is_refused(tmp_path, content, told):
    if content is not None:
        (tmp_path / "old.jsonl").write_text(content)
    with pytest.raises(DataError, match=told) as caught:
        rehearsal._texts(Rehearsal(source="old.jsonl"), base=tmp_path)
    assert "JSON lines" in caught.value.mend


def test_a_model_from_nothing_has_nothing_to_forget(tmp_path):
    with pytest.raises(ValueError, match="no pre-trained base that could forget"):
        CausalLM(**SIZES, rehearsal=Rehearsal(source="old.jsonl"))
