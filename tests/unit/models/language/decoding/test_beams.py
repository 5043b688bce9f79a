"""Beam search: the tokens that `transformers` finds, and a case by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainwright.core.language import GenerationSettings
from trainwright.models.language.decoding import generate_all
from trainwright.models.language.decoding.beams import BeamSearch

PROMPTS = ["hello", "a", "worlds of wonder", "the quick brown fox", "b c", "zzz"]


@pytest.mark.parametrize("beams", [2, 3, 5])
@pytest.mark.parametrize("name", ["llama", "t5"])
def test_the_text_is_the_one_that_transformers_finds(networks, speech, opened, name, beams):
    network, table = networks(name), opened(name)
    settings = GenerationSettings(max_new_tokens=12, beams=beams)
    found = generate_all(table, PROMPTS, settings)
    for prompt, one in zip(PROMPTS, found, strict=True):
        ids = torch.tensor([speech.prompt_ids(prompt)])
        told = network.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=12,
            num_beams=beams,
            do_sample=False,
        )[0].tolist()
        told = told[1:] if name == "t5" else told[ids.shape[1] :]
        assert one.text == speech.decode(told)


def test_a_search_that_ends_is_the_best_by_mean_log_probability():
    """Token 0 ends; a short likely end loses against a longer one with a better mean."""
    search = BeamSearch(2, end=0, max_new_tokens=3)
    first = np.log(np.array([[0.3, 0.6, 0.1]], np.float32))
    assert search.take(first) is None
    assert sorted(search.tokens) == [1, 2]
    assert search.parents == [0, 0]
    sure = np.log(np.array([[0.98, 0.01, 0.01], [0.5, 0.25, 0.25]], np.float32))
    best = search.take(sure)
    while best is None:
        best = search.take(np.log(np.full((2, 3), 1 / 3, np.float32)))
    assert best.ids == (1, 0)
    assert best.stopped
    assert best.score == pytest.approx(np.log(0.6 * 0.98) / 2, rel=1e-5)


def test_with_one_token_the_likeliest_is_told():
    search = BeamSearch(2, end=0, max_new_tokens=1)
    best = search.take(np.log(np.array([[0.1, 0.2, 0.7]], np.float32)))
    assert best is not None
    assert (best.ids, best.stopped) == ((2,), False)


def test_a_stop_text_ends_a_beam(opened, speech):
    table = opened("llama")
    (plain,) = generate_all(table, ["hello"], GenerationSettings(max_new_tokens=12, beams=3))
    mark = plain.text[3:5]
    settings = GenerationSettings(max_new_tokens=12, beams=3, stop=(mark,))
    (cut,) = generate_all(table, ["hello"], settings)
    assert mark not in cut.text
