from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, RecipeError
from trainwright.core.features import TextNeeds
from trainwright.core.parts import families
from trainwright.models.text.families import TextEncoder

TEXT = Column("text", ColumnType.TEXT)
CLASSES = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b"))


def faults(**values):
    found = families.parse({"family": "text-encoder", **values}, where="model")
    return [] if isinstance(found, TextEncoder) else [fault for _, fault in found]


def test_reading_a_recipe_imports_no_network():
    code = (
        "import sys; from trainwright.core.parts import families;"
        "families.find('text-encoder')(); print('torch' in sys.modules or 'tokenizers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_it_asks_for_the_base_s_tokens():
    family = TextEncoder(pretrained="all-minilm-l6-v2", max_length=64, over_long="split")
    assert family.needs == TextNeeds("all-minilm-l6-v2", 8_000, 64, "split")
    assert "tokens_per_batch" in family.settings
    assert "mixing" not in family.settings


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"heads": 3}, "hidden: 126"),
        ({"pretrained": "x/y", "hidden": 64}, "remove hidden"),
        ({"adapt": "lora"}, "remove adapt"),
        ({"pretrained": "x/y", "lora_rank": 4}, "remove lora_rank"),
        ({"pretrained": "x/y", "adapt": "head", "unfreeze": 1}, "remove unfreeze"),
        ({"layer_decay": 0.9}, "remove layer_decay"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_write(values, named):
    assert [fault.mend for fault in faults(**values)] == [named]


def test_why_a_setting_cannot_be_used_is_told_for_all_at_once():
    (fault,) = faults(pretrained="x/y", hidden=64, layers=3, lora_rank=4)
    assert fault.what == (
        "hidden, layers cannot be used: the base 'x/y' has its own;"
        " lora_rank cannot be used: adapt: full makes no low-rank updates"
    )
    assert fault.mend == "remove hidden, layers, lora_rank"


@pytest.mark.parametrize(
    ("inputs", "target", "why"),
    [
        ([TEXT], CLASSES, ""),
        ([TEXT, Column("size", ColumnType.NUMBER)], CLASSES, "column 'size' is of type number"),
        ([TEXT, Column("more", ColumnType.TEXT)], CLASSES, "there are 2"),
        ([Column("size", ColumnType.NUMBER)], CLASSES, "column 'size' is of type number"),
        ([TEXT], replace(CLASSES, task=Task.FORECASTING, horizon=3), "forecasting"),
    ],
)
def test_it_says_what_it_cannot_learn(inputs, target, why):
    found = TextEncoder().unfit(inputs, target)
    assert why in found
    assert bool(found) == bool(why)


def test_a_text_is_learned(corpus):
    family = TextEncoder(**corpus.tiny)
    train, preparation = corpus.examples(family, *corpus.texts(200))
    held_out, _ = corpus.examples(family, *corpus.texts(100, seed=1), preparation=preparation)
    optimizer = {"kind": "adamw", "learning_rate": 5e-3}
    fit = corpus.fit(
        family, train, corpus.text_target, validation=held_out, epochs=8, optimizer=optimizer
    )
    found = fit.estimator.predict(held_out.features)
    assert np.mean(found.argmax(axis=1) == held_out.target) > 0.9
    assert fit.curve[-1].validation < fit.curve[0].validation


def test_a_number_is_learned_on_its_own_scale(corpus):
    family = TextEncoder(**corpus.tiny)
    frame, codes = corpus.texts(200)
    train, preparation = corpus.examples(family, frame, 1000 + 500 * codes)
    optimizer = {"kind": "adamw", "learning_rate": 5e-3}
    fit = corpus.fit(family, train, corpus.number_target, epochs=8, optimizer=optimizer)
    other, truth = corpus.texts(60, seed=1)
    found = fit.estimator.predict(preparation.transform(other))
    assert np.abs(found - (1000 + 500 * truth)).mean() < 100


def test_tags_are_learned(corpus):
    family = TextEncoder(**corpus.tiny)
    train, preparation = corpus.examples(family, *corpus.words(120))
    optimizer = {"kind": "adamw", "learning_rate": 5e-3}
    fit = corpus.fit(family, train, corpus.word_target, epochs=6, optimizer=optimizer)
    frame, truth = corpus.words(40, seed=1)
    found = fit.estimator.predict(preparation.transform(frame))
    assert found.shape == (len(truth), 3)
    assert np.mean(found.argmax(axis=1) == truth) > 0.95


def test_a_seed_gives_the_same_weights_and_no_global_generator_moves(corpus):
    family = TextEncoder(**corpus.tiny)
    train, _ = corpus.examples(family, *corpus.texts(60))
    before = torch.random.get_rng_state()
    one, same, other = (
        corpus.plan(family, train, corpus.text_target, seed=seed).module.state_dict()
        for seed in (1, 1, 2)
    )
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_texts_that_are_dropped_are_not_learned_from_but_are_answered(corpus):
    family = TextEncoder(**{**corpus.tiny, "max_length": 8, "over_long": "drop"})
    train, _ = corpus.examples(family, *corpus.texts(60))
    assert train.features.lost is not None
    plan = corpus.plan(family, train, corpus.text_target, validation=train)
    assert len(plan.train) == int((train.features.lost == 0).sum()) < 60
    assert len(plan.validation) == 60


def test_nothing_left_to_learn_from_is_refused(corpus):
    family = TextEncoder(**{**corpus.tiny, "max_length": 8, "over_long": "drop"})
    train, _ = corpus.examples(family, *corpus.texts(60))
    all_long = replace(train, features=replace(train.features, lost=np.ones(60, np.int64)))
    with pytest.raises(DataError, match="over_long: truncate"):
        corpus.plan(family, all_long, corpus.text_target)


def test_a_split_text_counts_once(corpus):
    family = TextEncoder(**{**corpus.tiny, "max_length": 8, "over_long": "split"})
    train, _ = corpus.examples(family, *corpus.texts(60))
    plan = corpus.plan(family, train, corpus.text_target)
    batch = plan.train.batch(np.arange(len(plan.train)), epoch=0, training=True)
    assert len(plan.train) > 60
    counted = plan.objective.counts(batch)["cross_entropy"]
    assert counted.item() == pytest.approx(60)


def test_an_objective_of_numbers_is_refused_for_classes(corpus):
    family = TextEncoder(**corpus.tiny)
    train, _ = corpus.examples(family, *corpus.texts(60))
    with pytest.raises(RecipeError, match="cross-entropy"):
        corpus.plan(family, train, corpus.text_target, objective={"kind": "mse"})


def test_balanced_weights_count_words(corpus):
    family = TextEncoder(**corpus.tiny)
    train, _ = corpus.examples(family, *corpus.words(60))
    objective = {"kind": "cross-entropy", "class_weights": "balanced"}
    plan = corpus.plan(family, train, corpus.word_target, objective=objective)
    batch = plan.train.batch(np.arange(len(plan.train)), epoch=0, training=True)
    assert plan.objective.counts(batch)["cross_entropy"].item() == pytest.approx(
        len(train.target), rel=1e-4
    )
    assert plan.judge.counts(batch)["cross_entropy"].item() == len(train.target)
