from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from trainwright.core.features import Tokens
from trainwright.models.links import Link
from trainwright.models.networks.architecture import load_architecture
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.models.text.architecture import (
    TextEncoderArchitecture,
    mean_of_pieces,
    places_of_words,
    weights_of,
)
from trainwright.models.text.bert import bert_config

CONFIG = bert_config(vocabulary=300, max_length=16, hidden=16, layers=1, heads=2, dropout=0.1)
# Three texts, the second of two pieces; the first word of the third text was cut off.
TOKENS = Tokens(
    ids=np.array([1, 7, 2, 1, 8, 9, 2, 1, 5, 2, 1, 6, 2], np.int32),
    ends=np.array([3, 7, 10, 13]),
    rows=np.array([0, 1, 1, 2]),
    num_rows=3,
    vocabulary=300,
    padding=0,
)
WORDS = replace(
    TOKENS,
    words=np.array([-1, 0, -1, -1, 0, 1, -1, -1, 2, -1, -1, 1, -1], np.int32),
    row_words=np.array([1, 3, 2]),
)


def made(**values):
    usual = {"config": CONFIG, "num_classes": 2, "pooling": "mean", "dropout": 0.1}
    return TextEncoderArchitecture(**{**usual, **values})


def estimator(architecture):
    torch.manual_seed(0)
    return NetworkEstimator(architecture, architecture.build().eval())


def test_it_comes_back_from_its_json():
    for architecture in (
        made(),
        made(num_classes=0, link=Link("log", 2.0, 0.5, 3.0)),
        made(num_classes=3, pooling=None, shares=(0.5, 0.25, 0.25)),
    ):
        document = json.loads(json.dumps({"kind": architecture.kind, **architecture.to_json()}))
        assert load_architecture(document) == architecture


def test_a_batch_has_ids_mask_target_and_weight():
    batch = (
        made().source(TOKENS, np.array([0.0, 1.0, 0.0])).batch(np.arange(4), epoch=0, training=True)
    )
    assert batch["ids"].tolist()[0] == [1, 7, 2, 0]
    assert batch["mask"].tolist()[0] == [True, True, True, False]
    assert batch["target"].tolist() == [0, 1, 1, 0]
    assert batch["weight"].tolist() == [1, 0.5, 0.5, 1]


def test_numbers_are_learnt_on_the_link_s_scale():
    link = Link("identity", 1.0, 2.0, 4.0)
    batch = (
        made(num_classes=0, link=link)
        .source(TOKENS, np.array([2.0, 6.0, -2.0]))
        .batch(np.arange(4), epoch=0, training=True)
    )
    assert batch["target"].tolist() == [0, 1, 1, -1]
    answer = made(num_classes=0, link=link).answer(torch.tensor([[0.0], [1.0]]), batch)
    assert answer.tolist() == [2.0, 6.0]


def test_the_answer_of_a_split_text_is_the_mean_of_its_pieces():
    answers = np.array([[1.0, 0.0], [0.2, 0.8], [0.4, 0.6], [0.0, 1.0]])
    found = mean_of_pieces(answers, TOKENS)
    np.testing.assert_allclose(found, [[1, 0], [0.3, 0.7], [0, 1]])
    np.testing.assert_allclose(mean_of_pieces(answers[:, 0], TOKENS), [1, 0.3, 0])
    assert weights_of(TOKENS).tolist() == [1, 0.5, 0.5, 1]


def test_words_have_their_place_among_all_words():
    assert places_of_words(WORDS).tolist() == [0, 1, 2, 3, 5]


def test_only_the_first_token_of_a_word_has_a_target():
    target = np.array([0.0, 1.0, 2.0, 0.0, 1.0, 2.0])
    batch = (
        made(num_classes=3, pooling=None, shares=(1, 0, 0))
        .source(WORDS, target)
        .batch(np.arange(4), epoch=0, training=True)
    )
    assert batch["target"].tolist() == [
        [-100, 0, -100, -100], [-100, 1, 2, -100], [-100, 0, -100, -100], [-100, 2, -100, -100]
    ]  # fmt: skip
    assert batch["row_words"].tolist() == [1, 2, 1, 1]


def test_every_word_has_an_answer_and_a_lost_one_the_shares_of_the_classes():
    shares = (0.5, 0.3, 0.2)
    found = estimator(made(num_classes=3, pooling=None, shares=shares)).predict(WORDS)
    assert found.shape == (6, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found[4].tolist() == list(shares)
    assert not any(row.tolist() == list(shares) for row in found[[0, 1, 2, 3, 5]])


@pytest.mark.parametrize("tokens", [TOKENS, WORDS])
def test_an_answer_does_not_depend_on_the_rows_beside_it(tokens):
    of_words = tokens.words is not None
    architecture = made(
        num_classes=3,
        pooling=None if of_words else "mean",
        shares=(0.4, 0.3, 0.3) if of_words else (),
    )
    asked = estimator(architecture)
    alone = [
        replace(
            tokens,
            ids=tokens.ids[first:after],
            ends=tokens.ends[pieces] - first,
            rows=np.zeros(len(pieces), np.int64),
            num_rows=1,
            words=None if tokens.words is None else tokens.words[first:after],
            row_words=None if tokens.row_words is None else tokens.row_words[[row]],
        )
        for row, first, after, pieces in ((0, 0, 3, [0]), (1, 3, 10, [1, 2]), (2, 10, 13, [3]))
    ]
    apart = np.concatenate([asked.predict(one) for one in alone])
    np.testing.assert_allclose(asked.predict(tokens), apart, rtol=0, atol=1e-6)


def test_several_labels_are_told_each_by_itself():
    architecture = made(num_classes=3, by_label=True)
    assert load_architecture({"kind": "text-encoder", **architecture.to_json()}) == architecture
    assert "by_label" not in made().to_json()
    target = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    batch = architecture.source(TOKENS, target).batch(np.arange(4), epoch=0, training=True)
    assert batch["target"].tolist() == target[[0, 1, 1, 2]].tolist()
    scores = torch.tensor([[0.0, 2.0, -2.0]])
    told = architecture.answer(scores, {})
    assert told[0] == pytest.approx([0.5, 1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))])
