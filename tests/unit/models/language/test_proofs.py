"""Each check says yes to a sound model, and names itself where its fault is planted."""

from __future__ import annotations

from dataclasses import replace
from types import MethodType

import numpy as np
import pytest
import torch

from trainwright.core.language import Generation
from trainwright.models.language.network import CausalNetwork
from trainwright.models.language.proofs import LanguageSubject, prove_language, shrunk

NAMES = ["isolation", "told tokens", "round trip", "loss", "generation"]


def spoken(ids):
    """A letter a token, special ones without."""
    return "".join(chr(60 + token) for token in ids if token > 3)


def said(plan, prompts):
    return [Generation(prompt * 2, "stop", len(prompt), 1) for prompt in prompts]


@pytest.fixture
def subject(tongue):
    features = tongue.passages(20)
    letters = np.bincount(
        np.repeat(features.rows, np.diff(features.ends, prepend=0)), weights=features.ids > 3
    )
    return LanguageSubject(
        plan=lambda: tongue.plan(tongue.family(), features),
        passages=features,
        decode=spoken,
        told_bytes=letters,
        prompts=["a", "abc"],
        generate=said,
        has_template=True,
    )


def failing(subject):
    return [check.name for check in prove_language(subject) if not check.passed]


def planted(subject, change):
    """The subject with something done to its plan."""

    def plan():
        made = subject.plan()
        return change(made) or made

    return replace(subject, plan=plan)


def test_a_sound_model_is_proven(subject):
    checks = list(prove_language(subject))
    assert [check.name for check in checks] == NAMES
    assert all(check.passed for check in checks), checks


@pytest.mark.parametrize("name", ["masked-lm", "seq2seq-lm"])
def test_so_are_the_others(tongue, subject, name):
    reads = name == "seq2seq-lm"
    features = tongue.passages(20, reads=reads)
    other = replace(
        subject,
        plan=lambda: tongue.plan(
            tongue.family(name), features, target=tongue.pairs if reads else tongue.documents
        ),
        passages=features,
        has_template=False,
        generate=None,
    )
    assert failing(other) == []


def test_a_model_whose_passages_see_each_other_is_caught(subject):
    def leak(plan):
        def forward(network, ids, positions, labels, noise=None):
            places = torch.arange(ids.shape[1]).expand_as(ids)
            return CausalNetwork.forward(network, ids, places, labels, noise)

        plan.module.forward = MethodType(forward, plan.module)

    assert "isolation" in failing(planted(subject, leak))


def test_a_row_that_teaches_nothing_is_caught(tongue, subject):
    silent = tongue.joined([([2, 5, 1], [0, 1, 1]), ([2, 6, 7, 1], [0, 0, 0, 0])])
    checks = {check.name: check for check in prove_language(replace(subject, passages=silent))}
    assert not checks["told tokens"].passed
    assert "1 of 2 rows teach nothing: 1" in checks["told tokens"].detail
    cut = replace(silent, lost=np.array([0, 3]))
    left_out = replace(subject, passages=cut, leaves_out=True)
    assert "told tokens" not in failing(left_out)


@pytest.mark.parametrize("told", [[0, 1, 1, 0], [0, 1, 1]], ids=["untaught", "missing"])
def test_an_end_that_is_never_learnt_is_caught(tongue, subject, told):
    endless = tongue.joined([([2, 5, 6, 1][: len(told)], told)] * 3)
    checks = {check.name: check for check in prove_language(replace(subject, passages=endless))}
    assert not checks["told tokens"].passed
    assert "would not learn to stop" in checks["told tokens"].detail


def test_a_template_that_garbles_answers_is_caught(subject):
    garbled = replace(subject, decode=lambda ids: spoken(ids) + " ")
    assert failing(garbled) == ["round trip"]


def test_a_template_that_loses_the_text_to_be_answered_is_caught(subject):
    passages = subject.passages
    ids, taught = passages.ids, passages.taught.copy()
    starts = np.concatenate([[0], passages.ends[:-1]])
    taught[starts + 1] = False  # the first letter is what is read, the others are the answer
    given = [spoken([ids[start + 1]]) for start in starts]
    fits = np.diff(passages.ends, prepend=0) > 2
    assert fits.any()
    letters = subject.told_bytes - 1
    pairs = replace(
        subject, passages=replace(passages, taught=taught), given=given, told_bytes=letters
    )
    assert "round trip" not in failing(pairs)
    assert failing(replace(pairs, given=[f"{text}?" for text in given])) == ["round trip"]


def test_another_loss_than_transformers_own_is_caught(subject):
    def shift(plan):
        def forward(network, *inputs):
            return 1.001 * CausalNetwork.forward(network, *inputs)

        plan.module.forward = MethodType(forward, plan.module)

    assert failing(planted(subject, shift)) == ["loss"]


def test_requests_that_disturb_each_other_are_caught(subject):
    def crossed(plan, prompts):
        return [replace(one, text=one.text + str(len(prompts))) for one in said(plan, prompts)]

    assert failing(replace(subject, generate=crossed)) == ["generation"]


def test_a_check_that_breaks_has_proven_nothing(subject):
    def broken(plan, prompts):
        raise ValueError("no")

    assert failing(replace(subject, generate=broken)) == ["generation"]


def test_a_base_is_cut_to_two_layers_and_short_passages(tongue, tmp_path):
    features = tongue.passages(80, shortest=30, longest=90)
    deep = tongue.family(layers=4, max_length=96)
    tongue.fit(deep, features, epochs=1).estimator.save(tmp_path)
    part = tongue.family(pretrained=str(tmp_path), max_length=96)
    family, examples = shrunk(part, tongue.examples(features))
    plan = tongue.plan(family, examples.features)
    assert len(plan.module.model.model.layers) == 2
    assert plan.architecture.config["num_hidden_layers"] == 2
    assert len(examples.features.ends) == 48
    assert np.diff(examples.features.ends, prepend=0).max() == 64
    assert plan.architecture.build().load_state_dict(plan.module.state_dict())
