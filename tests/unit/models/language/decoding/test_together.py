"""Rows side by side have the very bits that they have alone."""

from __future__ import annotations

import copy
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from trainwright.core.language import GenerationSettings, SpecialTokens
from trainwright.models.language.decoding import checking, generate_all, open_decoding
from trainwright.models.language.decoding.attention import NAME
from trainwright.models.language.decoding.rows import Alone
from trainwright.models.language.decoding.together import Together

SIDE_BY_SIDE = ["llama", "mistral", "gpt2", "t5"]


def drawn_prompts(count, *, seed):
    draw = random.Random(seed)
    return [
        "".join(draw.choice("abcdefgh é") for _ in range(draw.randint(1, 60))) for _ in range(count)
    ]


def drawn_settings(place, draw):
    if place % 3 == 0:
        return GenerationSettings(max_new_tokens=draw.randint(1, 40))
    if place % 7 == 1:
        return GenerationSettings(max_new_tokens=draw.randint(2, 20), beams=draw.randint(2, 4))
    return GenerationSettings(
        max_new_tokens=draw.randint(1, 40), temperature=1.0, top_p=0.95, seed=place
    )


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_a_prompt_gives_the_same_text_alone_and_in_any_company(opened, name):
    """Requests join at drawn steps, so that a row is beside others of all lengths."""
    draw = random.Random(name)
    prompts = drawn_prompts(24, seed=name)
    asked = [(prompt, drawn_settings(place, draw)) for place, prompt in enumerate(prompts)]
    table, found, waiting = opened(name), {}, list(enumerate(asked))
    numbers = {}
    while waiting or table.active:
        while waiting and draw.random() < 0.6:
            place, (prompt, settings) = waiting.pop(0)
            numbers[table.add(prompt, settings)] = place
        for piece in table.step():
            if piece.generation is not None:
                found[numbers[piece.request]] = piece.generation
    for place, (prompt, settings) in enumerate(asked):
        (alone,) = generate_all(opened(name), [prompt], settings)
        assert found[place] == alone, (place, prompt)


@pytest.mark.parametrize("name", [*SIDE_BY_SIDE, "gemma2"])
def test_the_greedy_text_is_that_of_transformers(networks, speech, opened, name):
    prompts = drawn_prompts(8, seed=1)
    found = generate_all(opened(name), prompts, GenerationSettings(max_new_tokens=24))
    for prompt, one in zip(prompts, found, strict=True):
        ids = torch.tensor([speech.prompt_ids(prompt)])
        told = networks(name).generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=24, do_sample=False
        )[0]
        told = told[1:] if name == "t5" else told[ids.shape[1] :]
        assert one.text == speech.decode(told.tolist())
        ended = told[-1].item() == 1
        assert (one.finish, one.tokens) == ("stop" if ended else "length", len(told))


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_these_networks_go_side_by_side(networks, opened, name):
    assert isinstance(opened(name)._rows, Together)


def test_a_network_whose_attention_we_cannot_do_goes_row_by_row(opened):
    assert isinstance(opened("gemma2")._rows, Alone)


def test_logits_are_those_of_a_whole_reading_up_to_rounding(networks, opened):
    """No cache at all: the network reads prompt and answer in one go."""
    network, rows = networks("llama"), opened("llama")._rows
    ids = [5, 9, 200, 7]
    (row,), first = rows.begin(ids)
    told = [first]
    for token in (11, 12, 13):
        told.append(rows.step([row], [token])[0])
    with torch.inference_mode():
        whole = network(torch.tensor([[*ids, 11, 12, 13]])).logits[0, 3:].numpy()
    np.testing.assert_allclose(np.stack(told), whole, rtol=0, atol=2e-4)


def test_the_network_that_is_given_keeps_its_own_attention(networks, opened):
    opened("llama")
    assert networks("llama").config._attn_implementation != NAME
    assert all("decoding" not in name for name in vars(networks("llama")))


def fresh_rows(network):
    """Of a copy that was never tried."""
    estimator = SimpleNamespace(module=copy.deepcopy(network))
    return open_decoding(estimator, SimpleNamespace(special=SpecialTokens(0, 1)))._rows


def broken_mask(monkeypatch):
    """Rows that see one key too many: what lies behind their end."""
    from trainwright.models.language.decoding.slots import Told

    honest = Told.mask

    def mask(self, size, *, more):
        return honest(self, size, more=more + 1)

    monkeypatch.setattr(Told, "mask", mask)


def test_a_fault_in_the_mask_shows_and_rows_go_alone(monkeypatch, networks):
    broken_mask(monkeypatch)
    assert isinstance(fresh_rows(networks("llama")), Alone)


def test_sizes_that_do_not_give_equal_bits_are_not_used(monkeypatch, networks):
    honest = checking._is_sound

    def sound(reader, twin, sizes, *rest):
        return sizes[-1] <= most and honest(reader, twin, sizes, *rest)

    monkeypatch.setattr(checking, "_is_sound", sound)
    most = 16
    assert max(fresh_rows(networks("gpt2"))._sizes) == 16
    most = 8  # a beam search would not find room
    assert isinstance(fresh_rows(networks("gpt2")), Alone)


def test_more_rows_than_a_call_may_have_are_done_in_several(monkeypatch, opened):
    table = opened("gpt2")
    table._rows._sizes = tuple(size for size in table._rows._sizes if size <= 8)
    prompts = drawn_prompts(20, seed=5)
    settings = GenerationSettings(max_new_tokens=8)
    assert generate_all(table, prompts, settings) == generate_all(opened("gpt2"), prompts, settings)
    assert table._rows._tables == []
